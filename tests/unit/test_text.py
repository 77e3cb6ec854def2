"""What can be stored, what is read out of an envelope, and that no text whatever breaks either."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.text import (
    context_of,
    escape,
    is_boundary,
    is_storable,
    readable,
    readable_parts,
    storable,
    think_item,
    title_of,
    unescape,
    unwrap,
    utf8_floor,
    wrap_card,
)

ANY_TEXT = st.text(st.characters(categories=None), max_size=60)  # surrogates among them
MARKUP = st.lists(
    st.sampled_from(
        [
            "<content>",
            '<content thesys="true" version="2">',
            "</content>",
            "<context>",
            "</context>",
            "<thinkitem>",
        ]
        + [
            "```openui-lang\n",
            "\n```",
            "root = Card([a])\n",
            "a = T(",
            '"x',
            "\\",
            "{",
            "]",
            ":",
            "1,",
            "&quot;",
            "é",
        ]
    ),
    max_size=12,
).map("".join)

CARD = """<content thesys="true" version="2">
```openui-lang
root = Card([c])
c = CalloutV2(&quot;danger&quot;, &quot;No answer&quot;, &quot;The model could not be reached. Try again.&quot;)
```
</content>"""
BUTTON = (
    '<content thesys="true">Compare with last year</content>'
    "<context>[&quot;User clicked: Compare with last year&quot;,{}]</context>"
)
FORM = (
    '<content thesys="true">Book them</content><context>[&quot;User clicked: Book them&quot;,{&quot;pickers&quot;:'
    "{&quot;count&quot;:{&quot;value&quot;:&quot;7 \\&quot;or\\&quot; &lt;8&gt;&quot;,"
    "&quot;componentType&quot;:&quot;Input&quot;}}}]</context>"
)
TYPED = '<content thesys="true">And &quot;again&quot; &lt;b&gt;&amp;&lt;/b&gt;</content>'
PROGRAM = """root = Card([head, text, chart, form, next])
head = Header("Harvest", "Tonnes, gala & <others>")
text = TextContent("The **north** orchard leads; it's up 12 %. 🍎")
chart = BarChart(["North", "Río"], [tonnes], "default", "grouped", "Tonnes")
tonnes = {category: "Tonnes", values: [41, 33]}
form = Form("pickers", buttons, [count])
count = FormControl("Pickers needed", countInput)
countInput = Input("count", {required: true}, "12")
buttons = ButtonGroup([book])
book = Button("Book them", {type: "continue_conversation", context: "User booked"}, "primary")
next = FollowUpBlock(["Compare with last year"])"""
PROGRAM_WORDS = """Harvest
Tonnes, gala & <others>
The **north** orchard leads; it's up 12 %. 🍎
North, Río
Tonnes
41, 33
Tonnes
Book them
Pickers needed
Compare with last year"""


def version_2(program: str) -> str:
    return f'<content thesys="true" version="2">\n{escape(f"```openui-lang\n{program}\n```")}\n</content>'


def version_1(tree: object) -> str:
    return f'<content thesys="true" version="1">{escape(json.dumps({"component": tree, "error": None}))}</content>'


@given(ANY_TEXT)
def test_a_cleaned_text_can_be_encoded_and_holds_no_nul(text: str) -> None:
    cleaned = storable(text)
    assert is_storable(cleaned)
    assert b"\0" not in cleaned.encode()
    assert not is_storable(text) or cleaned == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\0b", "a\ufffdb"),
        ("\ud83d", "\ufffd"),
        ("\ude00x", "\ufffdx"),
        ("\ud83d\ude00", "😀"),
        ("\ud83dx", "\ufffdx"),
    ],
)
def test_only_what_cannot_be_stored_is_replaced(text: str, cleaned: str) -> None:
    assert storable(text) == cleaned


@given(st.text(max_size=20), st.integers(-5, 100))
def test_the_floor_is_the_greatest_boundary_that_is_not_beyond(text: str, offset: int) -> None:
    data = text.encode()
    floor = utf8_floor(data, offset)
    assert is_boundary(data, floor)
    assert data[:floor].decode() == text[: len(data[:floor].decode())]
    assert not any(is_boundary(data, place) for place in range(floor + 1, min(offset, len(data)) + 1))


@pytest.mark.parametrize("offset", [-1, 2, 3, 4, 6])
def test_no_boundary_lies_outside_the_data_or_inside_a_character(offset: int) -> None:
    assert not is_boundary("a😀".encode(), offset)


@given(ANY_TEXT)
def test_unescaping_undoes_escaping(text: str) -> None:
    assert unescape(escape(text)) == text


def test_five_entities_are_escaped_and_two_other_forms_understood() -> None:
    assert escape("&<>\"'") == "&amp;&lt;&gt;&quot;&#39;"
    assert unescape("&apos;&#x27;&amp;lt;&nbsp;") == "''&lt;&nbsp;"


def test_the_failure_card_has_the_form_that_the_client_reads() -> None:
    assert wrap_card("No answer", "The model could not be reached. Try again.") == CARD


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1), st.just("Text"))
def test_whatever_a_card_says_is_read_back(title: str, text: str) -> None:
    expected = "\n".join(filter(None, (title.strip(), text)))
    if not title.startswith(("http", "data:", "/")):
        assert readable(wrap_card(title, text)) == expected


def test_a_think_item_is_escaped_and_marked() -> None:
    assert think_item("A<b", 'c"') == (
        '<thinkitem ephemeral="true"><thinkitemtitle>A&lt;b</thinkitemtitle>'
        "<thinkitemcontent>c&quot;</thinkitemcontent></thinkitem>"
    )


def test_kept_think_items_are_read_and_ephemeral_ones_are_not() -> None:
    content = (
        think_item("Looking", "up") + think_item("Kept <step>", "stays", ephemeral=False) + version_2(PROGRAM)
    )
    assert readable(content) == "Kept <step>: stays\n" + PROGRAM_WORDS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TYPED, 'And "again" <b>&</b>'),
        (BUTTON, "Compare with last year"),
        ("<content>old client</content>", "old client"),
        ("plain  text ", "plain  text "),
        ("about <content> tags", "about <content> tags"),
        ("<content> what is this tag?", "<content> what is this tag?"),
        ('<content thesys="true"> spaces stay </content>', " spaces stay "),
        ("<content>&lt;content&gt;deep&lt;/content&gt;</content>", "<content>deep</content>"),
    ],
)
def test_the_users_words_are_unwrapped_once(content: str, words: str) -> None:
    assert unwrap(content) == words


def test_the_context_of_a_click_or_form_is_parsed() -> None:
    field = {"value": '7 "or" <8>', "componentType": "Input"}
    assert context_of(FORM) == ["User clicked: Book them", {"pickers": {"count": field}}]


@pytest.mark.parametrize("body", ["", "{}", "[", "[" * 100_000, "[" + "9" * 5_000 + "]", "nonsense"])
def test_a_context_that_is_no_list_is_none(body: str) -> None:
    assert context_of(f"<content>x</content><context>{body}</context>") is None
    assert readable(f"<content>x</content><context>{body}</context>") == "x"


def test_clicks_and_form_fields_are_read() -> None:
    assert readable(FORM) == 'Book them\nUser clicked: Book them\ncount: 7 "or" <8>'


@pytest.mark.parametrize(
    "plain",
    ["# Title\n\n* a < b & c\n", "see `<content>` and <context>", "<b>bold</b>", '{"a": 1}', "root = 5"],
)
def test_plain_text_is_read_as_it_is(plain: str) -> None:
    assert readable(plain) == plain


def test_a_program_is_read_from_its_root_in_order() -> None:
    assert readable(version_2(PROGRAM)) == PROGRAM_WORDS


def test_a_program_is_read_without_an_envelope_and_after_other_text() -> None:
    assert readable(PROGRAM) == PROGRAM_WORDS
    assert readable(f"Look:\n```openui-lang\n{PROGRAM}\n```\nDone.") == f"Look:\n{PROGRAM_WORDS}\nDone."


def test_text_before_a_card_and_the_state_of_its_form_are_read() -> None:
    state = escape('[{"pickers":{"count":{"value":"7","componentType":"Input"}}}]')
    content = "Let me see." + version_2('root = TextContent("Hi")') + f"\n<context>{state}</context>"
    assert readable(content) == "Let me see.\nHi\ncount: 7"


def test_unknown_components_statements_read_twice_and_rings_are_no_trouble() -> None:
    program = 'root = Mystery("Words", 12, [again, again, undefined])\nagain = Box([root, "once"])'
    assert readable(version_2(program)) == "Words\n12\nonce"


def test_a_slip_in_one_line_of_a_program_costs_that_line_only() -> None:
    assert readable(version_2('root = Card([a, b])\na = TextContent(("x"\nb = TextContent("y")')) == "x\ny"


def test_escapes_in_strings_are_resolved() -> None:
    assert readable(version_2(r'root = TextContent("a\n\"b\" \\u \u00e9 \ud83d\ude00")')) == 'a\n"b" \\u é 😀'


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
    assert readable(content) == "Harvest\nin 't & <more>'\nNorth, 41\nRío, 33\nNeeded\nBook them"


@pytest.mark.parametrize(
    "whole", [version_2(PROGRAM), version_1({"component": "T", "props": {"text": 'a "b" é'}})]
)
def test_a_reply_cut_anywhere_reads_as_a_beginning_without_markup(whole: str) -> None:
    full = readable(whole)
    for cut in range(7, len(whole)):
        text = readable(whole[:cut])
        assert "<content" not in text
        assert "openui-lang" not in text
        assert "&quot" not in text
        lines = text.splitlines()
        assert lines[:-1] == full.splitlines()[: max(0, len(lines) - 1)] or "Form" in whole[:cut]


@given(st.one_of(ANY_TEXT, MARKUP))
@settings(deadline=None)
def test_no_text_makes_reading_fail(content: str) -> None:
    assert is_storable(readable(content))
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
    ],
)
@pytest.mark.parametrize(
    "start", ["", '<content thesys="true" version="2">```openui-lang\n', '<content>{"component":']
)
def test_reading_takes_time_in_proportion_to_the_text(start: str, piece: str) -> None:
    def seconds(size: int) -> float:
        before = time.process_time()
        readable(start + piece * (size // len(piece)))
        return time.process_time() - before

    small = min(seconds(1 << 13) for _ in range(3))
    assert seconds(1 << 17) < 16 * 6 * max(small, 0.0005)


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
    assert readable_parts(parts) == 'And "again" <b>&</b>\n[image]\nx'


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("", "New chat"),
        (" \n\t", "New chat"),
        (BUTTON, "Compare with last year"),
        ("\n  Hello \t there\nmore", "Hello there"),
        ("word " * 40, "word " * 15 + "word…"),
        ("x" * 90, "x" * 79 + "…"),
        ("y" * 80, "y" * 80),
    ],
)
def test_a_title_is_the_first_line_cut_at_a_word(content: str, title: str) -> None:
    assert title_of(content) == title
