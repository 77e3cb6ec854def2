"""Plain text and titles of messages; no text raises an error or takes more than linear time."""

from __future__ import annotations

import gc
import json
import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from chat.text import (
    context_of,
    escape,
    is_storable,
    plain_text,
    plain_text_of_parts,
    think_item,
    title_of,
    unwrap,
    wrap_card,
)
from chat.text.characters import storable
from chat.text.envelope import is_prose, segments
from chat.text.extraction import segment_text
from tests.unit.c1_samples import BUTTON, FORM, PROGRAM, PROGRAM_WORDS, TYPED, version_1, version_2

ANY_TEXT = st.lists(st.sampled_from(["\0", "\ud83d", "\ude00", "é"]) | st.text(max_size=5), max_size=9).map(
    "".join
)
MARKUP = st.lists(
    st.sampled_from(
        ["<content>", '<content thesys="true" version="2">', "</content>", "<context>", "</context>"]
    )
    | st.sampled_from(
        ["<thinkitem>", "</thinkitem>", "```openui-lang\n", "\n```", "root = Card([a])\n", "a = T("]
    )
    | st.sampled_from(['"x', "\\", "{", "]", ":", "1,", "&quot;", "é"]),
    max_size=12,
).map("".join)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1), st.just("Text"))
def test_the_words_of_a_card_are_read_back(title: str, text: str) -> None:
    assert plain_text(wrap_card(title, text)) == "\n".join(filter(None, (title.strip(), text)))


def test_kept_think_items_are_read_and_ephemeral_ones_are_not() -> None:
    content = (
        think_item("Looking", "up") + think_item("Kept <step>", "stays", ephemeral=False) + version_2(PROGRAM)
    )
    assert plain_text(content) == "Kept <step>: stays\n" + PROGRAM_WORDS


@pytest.mark.parametrize("body", ["", "{}", "[", "[" * 100_000, "[" + "9" * 5_000 + "]", "nonsense"])
def test_a_context_that_is_no_list_is_none(body: str) -> None:
    assert context_of(f"<content>x</content><context>{body}</context>") is None
    assert plain_text(f"<content>x</content><context>{body}</context>") == "x"


def test_clicks_and_form_fields_are_read() -> None:
    assert plain_text(FORM) == 'Book them\nUser clicked: Book them\ncount: 7 "or" <8>'
    fields = [
        {
            "f": {
                "days": {"value": ["Mo", "Tu"]},
                "range": {"value": {"from": 1, "to": None}},
                "ok": {"value": True},
            }
        }
    ]
    rows = [{"rows": [{"seat": 1}, "free"]}]
    content = f"<content>x</content><context>{json.dumps(fields + rows)}</context>"
    assert plain_text(content) == "x\ndays: Mo, Tu\nfrom: 1\nok: yes\nseat: 1\nrows: free"


@pytest.mark.parametrize(
    "plain",
    [
        "# Title\n\n* a < b & c\n",
        "see `<content>` and <context>",
        "<b>bold</b>",
        "say <content>x</content> aloud",
        '{"a": 1}',
        "root = 5",
    ],
)
def test_plain_text_is_read_as_it_is(plain: str) -> None:
    assert plain_text(plain) == plain


@pytest.mark.parametrize("cut", ["", "&", "&quo", "<", "</conten"])
def test_words_cut_in_a_tag_or_an_entity_end_before_it(cut: str) -> None:
    assert plain_text(f'<content thesys="true">some words{cut}') == "some words"


def test_a_program_is_read_from_its_root_in_order() -> None:
    assert plain_text(version_2(PROGRAM)) == PROGRAM_WORDS


def test_a_program_is_read_without_an_envelope_and_after_other_text() -> None:
    assert plain_text(PROGRAM) == PROGRAM_WORDS
    assert plain_text(f"Look:\n```openui-lang\n{PROGRAM}\n```\nDone.") == f"Look:\n{PROGRAM_WORDS}\nDone."


def test_text_before_a_card_and_the_state_of_its_form_are_read() -> None:
    state = escape('[{"pickers":{"count":{"value":"7","componentType":"Input"}}}]')
    content = "Let me see." + version_2('root = TextContent("Hi")') + f"\n<context>{state}</context>"
    assert plain_text(content) == "Let me see.\nHi\ncount: 7"


def test_unknown_components_repeated_references_and_cycles_are_read_once() -> None:
    program = 'root = Mystery("Words", 12, [again, again, undefined])\nagain = Box([root, "once"])'
    assert plain_text(version_2(program)) == "Words\n12\nonce"


def test_a_mistake_in_one_line_of_a_program_costs_that_line_only() -> None:
    assert plain_text(version_2('root = Card([a, b])\na = TextContent(("x"\nb = TextContent("y")')) == "x\ny"


def test_escapes_in_strings_are_resolved() -> None:
    assert (
        plain_text(version_2(r'root = TextContent("a\n\"b\" \\u \u00e9 \ud83d\ude00")')) == 'a\n"b" \\u é 😀'
    )


def test_a_version_1_tree_is_read() -> None:
    rows = [{"orchard": "North", "tonnes": 41}, {"orchard": "Río", "tonnes": 33}]
    field = {"component": "Input", "props": {"name": "count", "placeholder": "12"}}
    children = [
        {"component": "CardHeader", "props": {"title": "Harvest", "subtitle": "in 't & <more>'"}},
        {"component": "BarChart", "props": {"categoryKey": "orchard", "data": rows}},
        {
            "component": "Form",
            "props": {"name": "pickers", "children": [{"label": "Needed", "children": field}]},
        },
        {"component": "Button", "props": {"name": "book", "children": "Book them", "variant": "primary"}},
    ]
    content = version_1({"component": "Card", "props": {"children": children}})
    assert plain_text(content) == "Harvest\nin 't & <more>'\nNorth, 41\nRío, 33\nNeeded\nBook them"


@pytest.mark.parametrize(
    "whole", [version_2(PROGRAM), version_1({"component": "T", "props": {"text": 'a "b" é'}})]
)
def test_a_reply_cut_anywhere_reads_as_a_beginning_without_markup(whole: str) -> None:
    lines = plain_text(whole).splitlines()
    for cut in range(len("<conten"), len(whole)):
        text = plain_text(whole[:cut])
        assert all(any(line.startswith(part) for line in lines) for part in text.splitlines()), text
    assert text.splitlines() == lines


def test_a_hostile_program_is_read_up_to_a_bound() -> None:
    program = "root = Card([" + '["a"],' * 100_000
    assert 10_000 < len(plain_text(version_2(program)).splitlines()) < 100_000


@given(st.one_of(ANY_TEXT, MARKUP))
@example(" \n")
@example("root = Card([a])")
@example("]]>openui:end")
@settings(deadline=None)
def test_prose_reads_as_its_segments_do(content: str) -> None:
    assume(is_prose(content))
    (text,) = [segment_text(segment) for segment in segments(content)] or [""]
    assert plain_text(content) == storable(text)


@given(st.one_of(ANY_TEXT, MARKUP))
@settings(deadline=None)
def test_no_text_makes_reading_fail(content: str) -> None:
    assert is_storable(plain_text(content))
    assert 0 < len(title_of(content)) <= 80
    unwrap(content)
    context_of(content)


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<content ",
        "<thinkitem></thinkitem>",
        "[",
        "a(",
        '"',
        "\\",
        "&quot;",
        " ",
        "a=\n",
        "1,",
        '"a":',
        "<content>",
        '<artifact id="a"><content>',
        '<content thesys="true"><artifact id="a">',
    ],
)
@pytest.mark.parametrize(
    "start", ["", '<content thesys="true" version="2">```openui-lang\n', '<content>{"component":']
)
def test_reading_takes_time_in_proportion_to_the_text(start: str, piece: str) -> None:
    def seconds(size: int) -> float:
        before = time.thread_time()
        plain_text(start + piece * (size // len(piece)))
        return time.thread_time() - before

    gc.disable()  # its work grows with all that this process of tests holds
    try:
        small = min(seconds(1 << 12) for _ in range(3))
        # Sixteen times the text; generous, of whose tries one may do: quadratic time is 256 times as long.
        assert any(seconds(1 << 16) < 16 * 6 * max(small, 0.001) for _ in range(5))
    finally:
        gc.enable()


def test_parts_are_read_with_marks_for_images() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    parts = [
        {"type": "text", "text": TYPED},
        image,
        {"type": "input_audio"},
        None,
        {"type": "text", "text": 5},
        "x",
    ]
    assert plain_text_of_parts(parts) == 'And "again" <b>&</b>\n[image]\nx'


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("", "New chat"),
        (" \n\t", "New chat"),
        (BUTTON, "Compare with last year"),
        ("\n  Hello \t there\nmore", "Hello there"),
        ("words " * 20, "words " * 12 + "words…"),
        ("x" * 90, "x" * 79 + "…"),
        ("y" * 80, "y" * 80),
    ],
)
def test_a_title_is_the_first_line_cut_at_a_word(content: str, title: str) -> None:
    assert title_of(content) == title
