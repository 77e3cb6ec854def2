"""Thought comes out apart from the text, in every form in which servers send it, whole and in its place."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.llm.sse import BadStream, ChunkDecoder, EventTooLarge
from chat.testing.script import thought_part
from tests.unit.splits import split
from tests.unit.stream_corpus import chat, ended, event
from tests.unit.thought_forms import FORMS

MIB = 1024 * 1024


def decoded(reads: Iterable[bytes], **options: Any) -> tuple[str, str, list[int]]:
    """Return the text, the thought, and for each of its characters the characters of text before it."""
    decoder = ChunkDecoder(**options)
    updates = [*map(decoder.feed, reads), decoder.flush()]
    text, thought, positions = "", "", list[int]()
    for update in updates:
        for position, words in update.thinking:
            assert 0 <= position <= len(update.text)
            thought += words
            positions += [len(text) + position] * len(words)
        text += update.text
    return text, thought, positions


def tagged(*texts: str, form: bool | str = True, reason: str = "stop") -> tuple[str, str]:
    events = [*(event(chat(content=text)) for text in texts), event(ended(reason))]
    return decoded([b"".join(events)], think_tags=form)[:2]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_thought_is_read_in_every_form_and_no_word_of_it_is_text(form: list[dict[str, Any]]) -> None:
    streams = [event(chat(**delta)) for delta in form]
    assert decoded([b"".join(streams)]) == ("Hi", "Hm.", [0, 0, 0])
    assert decoded(streams) == ("Hi", "Hm.", [0, 0, 0])


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if len(form) == 1])
def test_the_thought_of_a_whole_answer_is_read(name: str) -> None:
    body = json.dumps({"choices": [{"message": FORMS[name][0], "finish_reason": "stop"}]}).encode()
    assert decoded([body]) == ("Hi", "Hm.", [0, 0, 0])


def test_thought_keeps_its_place_before_between_and_after_text_of_one_read() -> None:
    read = [
        chat(reasoning="a"),
        chat(content="12"),
        chat(reasoning="b"),
        chat(content="3"),
        chat(reasoning="c"),
    ]
    update = ChunkDecoder().feed(b"".join(map(event, read)))
    assert (update.text, update.thinking) == ("123", ((0, "a"), (2, "b"), (3, "c")))


MIXED = b"".join(
    [
        event(chat(reasoning_content="one \0")),
        event(b'{"choices":[{"delta":{"reasoning_content":"\\ud83c"}}]}'),
        event(b'{"choices":[{"delta":{"reasoning_content":"\\udf4e", "content":"x\\ud83c"}}]}'),
        event(chat(reasoning="two", content=None)),
        event(b'{"choices":[{"delta":{"content":"\\udf4f y"}}]}'),
        event(b'{"choices":[{"delta":{"reasoning_content":"\\ud83c"}}]}'),
        event(ended()),
    ]
)


def test_thought_is_storable_as_text_is() -> None:
    text, thought, positions = decoded([MIXED])
    assert (text, thought) == ("x🍏 y", "one \ufffd🍎two\ufffd")
    assert positions == [0] * 6 + [1] * 3 + [4]


@given(st.lists(st.integers(0, len(MIXED)), max_size=8))
@settings(deadline=None)
def test_text_and_thought_are_the_same_at_every_split(cuts: list[int]) -> None:
    assert decoded(split(MIXED, cuts)) == decoded([MIXED])


@pytest.mark.parametrize("lead", ["", " \n", "\ufeff"])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<think>", "</think>"),
        ("<thinking>", "</thinking>"),
        ("<thought>", "</thought>"),
        # Infinitix-LLC/gpt_markdown#42
        ("<Thought>", "</Thought>"),
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
        # RooCodeInc/Roo-Code#8522
        ("[THINK]", "[/THINK]"),
        # The templates of Kimi's and ByteDance's models
        ("◁think▷", "◁/think▷"),
        ("<seed:think>", "</seed:think>"),
        # What prompts ask of models that were not trained to think
        ("<reasoning>", "</reasoning>"),
        ("<reason>", "</reason>"),
        # lmstudio-ai/lmstudio-bug-tracker#2013
        ("<|channel>thought\n", "<channel|>"),
    ],
)
def test_thought_in_tags_is_read_wherever_the_deltas_are_cut(lead: str, opening: str, closing: str) -> None:
    whole = f"{lead}{opening}\nHm < </thi.{closing}\n\nHi <think>no</think>"
    expected = ("Hi <think>no</think>", "Hm < </thi.")
    assert tagged(*whole) == expected
    for place in range(len(whole)):
        assert tagged(whole[:place], whole[place:]) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["<think>", "all of", " it"], ("", "all of it")),
        (["<think>", "all </thi"], ("", "all </thi")),
        (["<think>\n\n</think>\n\nHi"], ("Hi", "")),
        (["<think>\n</think>\n<thi", "nk>a</think>\nHi"], ("Hi", "a")),
        (["<think>a</think>", "<think>b</think>Hi"], ("Hi", "ab")),
        (["<think>a</think></thi", "nk>Hi"], ("Hi", "a")),
        (["<think>a</think>\n<b>Hi"], ("<b>Hi", "a")),
        (["<think>a</think>\n<"], ("<", "a")),
        (["<thi"], ("<thi", "")),
        (["<", "b>Hi"], ("<b>Hi", "")),
        ([" Hi"], (" Hi", "")),
        ([" " * 10_000, "Hi"], (" " * 10_000 + "Hi", "")),
        (["Hi <think>no</think>"], ("Hi <think>no</think>", "")),
    ],
    ids=str,
)
def test_tags_that_are_open_empty_or_none(texts: list[str], expected: tuple[str, str]) -> None:
    assert tagged(*texts) == expected


ANALYSIS, FINAL = "<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>final<|message|>"
CALL = "<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>"


@pytest.mark.parametrize(
    ("form", "whole", "expected"),
    [
        # deepseek-ai/DeepSeek-R1#526: the template opens the thought.
        ("open", "\nHm. </thi\n</think>\n\nHi </think>", ("Hi </think>", "Hm. </thi\n")),
        ("open", "<think>\nHm.</think>Hi", ("Hi", "Hm.")),
        ("open", "Hm.</thought>Hi", ("Hi", "Hm.")),
        ("open", "</think>\n\nHi", ("Hi", "")),
        (
            "granite",
            "Here is my thought process:\nHm. Here is my\n\nHere is my response:\nHi",
            ("Hi", "Hm. Here is my\n\n"),
        ),
        ("granite", "Here's my thought process: Hm.Here's my response: Hi", ("Hi", "Hm.")),
        ("granite", "Here is my thought.", ("Here is my thought.", "")),
        # scouzi1966/maclocal-api#121
        ("harmony", f"{ANALYSIS}Hm. <|en<|end|>{FINAL}Hi <|return|>", ("Hi ", "Hm. <|en")),
        ("harmony", f"<|start|>assistant{ANALYSIS}Hm.{FINAL}Hi", ("Hi", "Hm.")),
        ("harmony", f"{ANALYSIS}Hm.<|end|>{CALL}{FINAL}Hi", ("Hi", "Hm.{}")),
        ("harmony", "<|channel|>commentary<|message|>Hm.<|end|>" + FINAL + "Hi", ("Hm.Hi", "")),
        ("harmony", f"{FINAL}Hi", ("Hi", "")),
        ("harmony", "Hi <|", ("Hi <|", "")),
        # Augustas11/macprovider#743: the server leaves out the tokens.
        ("harmony", "analysisHm. assistant.assistantfinalHi", ("Hi", "Hm. assistant.")),
    ],
    ids=str,
)
def test_thought_in_a_form_of_its_own_is_read_wherever_the_deltas_are_cut(
    form: str, whole: str, expected: tuple[str, str]
) -> None:
    assert tagged(*whole, form=form) == expected
    for place in range(len(whole)):
        assert tagged(whole[:place], whole[place:], form=form) == expected


@pytest.mark.parametrize(("form", "text"), [("open", "Hi <b>"), ("harmony", "analysis of it")])
def test_an_answer_that_never_closes_the_thought_it_seemed_to_be_is_text(form: str, text: str) -> None:
    assert tagged(*text, form=form)[0] == text
    assert tagged(*text, form=form, reason="length")[0] == ""


def test_text_is_no_thought_where_the_server_tells_the_thought_apart() -> None:
    read = [chat(reasoning_content="Hm."), chat(content="Hi")]
    assert decoded([b"".join(map(event, read))], think_tags="open")[:2] == ("Hi", "Hm.")


def test_tags_are_text_for_a_model_that_is_not_marked_so() -> None:
    assert decoded([event(chat(content="<think>a</think>b"))])[:2] == ("<think>a</think>b", "")


def test_a_thought_that_comes_in_tags_and_under_a_name_counts_once() -> None:
    read = [chat(content="<think>Hm.", reasoning_content="Hm."), chat(content="</think>Hi")]
    assert decoded([b"".join(map(event, read))], think_tags=True)[:2] == ("Hi", "Hm.")


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "reasoning_details", "thinking_blocks"])
@pytest.mark.parametrize(
    "value", [5, True, {}, [], {"x": [1]}, [None, 5, {"text": 5}, {"text": {"text": []}}]]
)
def test_a_thought_of_a_wrong_type_is_none_and_the_text_goes_on(name: str, value: Any) -> None:
    read = [chat(content="a"), chat(**{name: value}), chat(content="b")]
    assert decoded([b"".join(map(event, read))])[:2] == ("ab", "")


def test_a_part_of_a_wrong_type_is_refused_beside_thought_as_well() -> None:
    with pytest.raises(BadStream):
        ChunkDecoder().feed(event(chat(content=[thought_part("a"), 5])))


def test_a_thought_of_10_mib_is_read_whole_in_one_event_or_in_many() -> None:
    large = "x" * (10 * MIB)
    assert decoded([event(chat(reasoning_content=large)), event(chat(content="Hi"))])[:2] == ("Hi", large)
    many = [event(chat(reasoning_content="x" * 1024))] * (10 * 1024)
    assert decoded([*many, event(chat(content="Hi"))])[:2] == ("Hi", large)


def test_an_event_of_thought_that_never_ends_is_refused() -> None:
    decoder = ChunkDecoder()
    decoder.feed(event(chat(content="kept")) + b'data: {"choices":[{"delta":{"reasoning_content":"')
    for _ in range(15):
        decoder.feed(b"x" * MIB)
    with pytest.raises(EventTooLarge):
        decoder.feed(b"x" * 2 * MIB)


def test_an_answer_of_thought_alone_has_started_and_its_reason_is_the_last_word() -> None:
    decoder = ChunkDecoder()
    decoder.feed(event(chat(reasoning="a")))
    assert decoder.started
    decoder.feed(event(ended()))
    assert decoder.reason_is_last
    decoder.feed(event(chat(reasoning="b")))
    assert decoder.reason_was_early
    assert not decoder.reason_is_last


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda v: (
            st.lists(v) | st.dictionaries(st.sampled_from(["text", "type", "thinking", "content", "x"]), v)
        ),
    )
)
@settings(deadline=None)
def test_anything_under_a_name_of_thought_gives_storable_thought(value: Any) -> None:
    for name in ("reasoning", "reasoning_details", "thinking"):
        decoded([event(chat(**{name: value}))])[1].encode()
