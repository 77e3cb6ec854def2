"""Bare openui-lang and OpenUI's sections are read as C1's envelope is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.text import context_of, escape, markdown, plain_text, title_of, unwrap
from chat.text.sections import MARKER, neutral, sections
from tests.unit.c1_samples import PROGRAM, PROGRAM_WORDS, version_2

FORM = '[{"booking":{"name":{"value":"Ada & Bo"}}}]'
CHART = 'root = Card([chart])\nchart = BarChart(["North"], [Series("Tonnes", [1250])], "grouped", "Region")'
FORMS = {
    "bare": CHART,
    "framed": f"{MARKER}content?thesys=true&libraryVersion=1\n{CHART}\n{MARKER}end",
    "framed with CRLF": f"{MARKER}content\r\n{CHART}\r\n{MARKER}end\r\n",
    "framed and fenced": f"{MARKER}content\n```openui-lang\n{CHART}\n```\n{MARKER}end",
    "without an end": f"\n{MARKER}content\n{CHART}",
}


@pytest.mark.parametrize("name", FORMS)
def test_an_answer_reads_as_the_enveloped_one(name: str) -> None:
    enveloped = version_2(CHART)
    assert plain_text(FORMS[name]) == plain_text(enveloped)
    assert (
        markdown(FORMS[name]) == markdown(enveloped) == "| Region | Tonnes |\n| --- | --- |\n| North | 1250 |"
    )
    assert title_of(FORMS[name]) == title_of(enveloped)


@pytest.mark.parametrize("name", FORMS)
def test_stored_form_values_are_read_behind_the_answer(name: str) -> None:
    stored = f"{FORMS[name]}\n<context>{escape(FORM)}</context>"
    assert context_of(stored) == [{"booking": {"name": {"value": "Ada & Bo"}}}]
    assert plain_text(stored) == f"{plain_text(CHART)}\nname: Ada & Bo"
    assert markdown(stored) == markdown(CHART)


MARKUP = (
    '<content thesys="true">',
    "</content>",
    "<context>[1]</context>",
    "<thinkitem><thinkitemtitle>",
    "```openui-lang",
    f"{MARKER}content",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
)


@pytest.mark.parametrize("markup", MARKUP)
def test_markup_in_a_string_is_text(markup: str) -> None:
    quoted = markup.replace('"', '\\"')
    program = f'root = Card([a, b])\na = TextContent("See {quoted} here")\nb = TextContent("After")'
    assert plain_text(program) == f"See {markup} here\nAfter"
    assert markdown(program) == f"See {markup} here\n\nAfter"


def test_a_program_cut_anywhere_reads_as_the_enveloped_one_cut_there() -> None:
    start = PROGRAM.index("(") + 1
    for end in range(start, len(PROGRAM)):
        cut = version_2(PROGRAM)[: version_2(PROGRAM).index("root")] + escape(PROGRAM[:end])
        assert plain_text(PROGRAM[:end]) == plain_text(cut), PROGRAM[:end]
    assert plain_text(PROGRAM) == PROGRAM_WORDS


@pytest.mark.parametrize("cut", ["root =", "root = C", "root = Card", f"{MARKER}content?the", "]]>open"])
def test_the_first_characters_of_an_answer_are_no_text(cut: str) -> None:
    assert plain_text(cut) == markdown(cut) == ""


@pytest.mark.parametrize("words", ["root = Admin", "root = 1", "rooted = Card(", "a ]]> b", "x\n]]>"])
def test_words_that_only_look_alike_stay(words: str) -> None:
    assert plain_text(words) == markdown(words) == words


def test_a_click_in_sections_is_taken_apart() -> None:
    click = f'{MARKER}content\nBook it\n{MARKER}context\n["User clicked: Book it",{FORM[1:-1]}]'
    assert unwrap(click) == "Book it"
    assert context_of(click) == ["User clicked: Book it", {"booking": {"name": {"value": "Ada & Bo"}}}]
    assert plain_text(click) == "Book it\nUser clicked: Book it\nname: Ada & Bo"


def test_no_words_are_lost_around_markers() -> None:
    said = f"Before\n{MARKER}content\nInside\n{MARKER}context\nno JSON\n{MARKER}other\nBehind"
    assert plain_text(said) == "Before\nInside\nno JSON\nBehind"


@given(
    st.lists(st.sampled_from([MARKER, "content", "\n", "?a=b", "[1]", "context", "end", "root = Card(", "x"]))
)
def test_any_row_of_markers_is_read_without_error(pieces: list[str]) -> None:
    text = "".join(pieces)
    plain_text(text), markdown(text), unwrap(text), context_of(text)
    assert list(sections(neutral(text)))[1:] == []


@pytest.mark.parametrize("text", [f"{MARKER}content\n", "]]>", "\n]]>openui:", "root = Card(", "\n<context>"])
def test_reading_takes_linear_time(text: str) -> None:
    since = time.thread_time()
    plain_text(text * 5_000)
    markdown(text * 5_000)
    assert time.thread_time() - since < 5
