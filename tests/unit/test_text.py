"""Storable text, and C1 envelopes made and taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.text import (
    context_of,
    escape,
    is_boundary,
    is_failure_card,
    is_storable,
    storable,
    think_item,
    unescape,
    unwrap,
    utf8_floor,
    wrap_card,
)
from tests.unit.c1_samples import BUTTON, CARD, FORM, TYPED

ANY_TEXT = st.lists(st.sampled_from(["\0", "\ud83d", "\ude00", "é"]) | st.text(max_size=5), max_size=9).map(
    "".join
)


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
        (chr(0xD83D), "\ufffd"),
        (chr(0xDE00) + "x", "\ufffdx"),
        (chr(0xD83D) + chr(0xDE00), "😀"),
        (chr(0xD83D) + "x", "\ufffdx"),
    ],
)
def test_only_characters_that_cannot_be_stored_are_replaced(text: str, cleaned: str) -> None:
    assert storable(text) == cleaned


@given(st.text(max_size=20), st.integers(-5, 100))
def test_the_floor_is_the_greatest_boundary_that_is_not_beyond(text: str, offset: int) -> None:
    data = text.encode()
    floor = utf8_floor(data, offset)
    assert is_boundary(data, floor)
    assert data[:floor].decode() == text[: len(data[:floor].decode())]
    assert not any(is_boundary(data, beyond) for beyond in range(floor + 1, min(offset, len(data)) + 1))


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


def test_a_think_item_is_escaped_and_marked() -> None:
    assert think_item("A<b", 'c"') == (
        '<thinkitem ephemeral="true"><thinkitemtitle>A&lt;b</thinkitemtitle>'
        "<thinkitemcontent>c&quot;</thinkitemcontent></thinkitem>"
    )


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


@pytest.mark.parametrize("more", ["d = Card([])\n```", "```\nAnd more."])
def test_a_card_is_a_failure_card_only_as_a_whole(more: str) -> None:
    card = wrap_card("No answer", 'It said "no" & left')
    assert is_failure_card(card)
    assert not is_failure_card(card.replace("```\n<", f"{more}\n<"))
    assert not is_failure_card(f"{card} ")
    assert not is_failure_card("No answer")
