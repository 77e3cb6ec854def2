"""Completions streams: the same result for every split of the bytes, and no text lost to faults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.llm.sse import (
    BadStream,
    CallDelta,
    ChunkDecoder,
    EventTooLarge,
    StreamError,
    StreamUpdate,
    TokenCounts,
    UpstreamError,
)
from tests.unit.splits import in_steps, split
from tests.unit.stream_corpus import (
    BAD,
    ERRORS,
    HARMLESS,
    ODD,
    PAGE,
    RECORDED,
    WHOLE,
    call,
    chat,
    ended,
    event,
)


def decoded(reads: Iterable[bytes]) -> StreamUpdate:
    """Return all updates joined into one."""
    decoder = ChunkDecoder()
    pieces = [decoder.feed(read) for read in reads]
    pieces.append(decoder.flush())
    return StreamUpdate(
        text="".join(piece.text for piece in pieces),
        calls=tuple(call for piece in pieces for call in piece.calls),
        finish_reason=decoder.finish_reason,
        usage=next((piece.usage for piece in reversed(pieces) if piece.usage), None),
        done=decoder.done,
    )


def text_of(*payloads: Any) -> str:
    return decoded([b"".join(map(event, payloads))]).text


def test_a_recorded_stream_gives_text_calls_reason_usage_and_end() -> None:
    assert decoded([RECORDED]) == StreamUpdate(
        text="H\u00e9llo \ufffd🍎 🍏 \ufffdx",
        calls=(CallDelta(0, "c1", "add", '{"a'), CallDelta(0, None, "", '":1}')),
        finish_reason="stop",
        usage=TokenCounts(3, 5),
        done=True,
    )


def test_a_recorded_stream_gives_the_same_at_every_split() -> None:
    whole = decoded([RECORDED])
    for place in range(len(RECORDED)):
        assert decoded([RECORDED[:place], RECORDED[place:]]) == whole


@given(st.lists(st.integers(0, len(RECORDED)), max_size=20))
@settings(deadline=None)
def test_a_recorded_stream_gives_the_same_in_many_pieces(cuts: list[int]) -> None:
    assert decoded(split(RECORDED, cuts)) == decoded([RECORDED])


def test_one_read_gives_one_update() -> None:
    piece = ChunkDecoder().feed(event(chat(content="a")) + event(chat(content="b")) + event(ended("length")))
    assert piece == StreamUpdate(text="ab", finish_reason="length")


def test_half_a_character_waits_for_its_other_half_or_the_end() -> None:
    decoder = ChunkDecoder()
    assert decoder.feed(event(b'{"choices":[{"delta":{"content":"a\\ud83d"}}]}')).text == "a"
    assert decoder.flush().text == "\ufffd"
    assert text_of(b'{"choices":[{"text":"\\ud83d"}]}', b"[DONE]") == "\ufffd"


def test_completions_text_is_read() -> None:
    assert (
        text_of({"choices": [{"text": "one "}]}, {"choices": [{"text": "two", "finish_reason": "stop"}]})
        == "one two"
    )


@pytest.mark.parametrize("harmless", HARMLESS.values(), ids=HARMLESS)
def test_events_without_text_are_skipped(harmless: Any) -> None:
    assert text_of(chat(content="a"), harmless, chat(content="b")) == "ab"


@pytest.mark.parametrize(("payload", "text"), ODD.values(), ids=ODD)
def test_odd_but_clear_content_is_read(payload: Any, text: str) -> None:
    assert text_of(payload) == text


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_event_is_refused_and_the_text_before_it_is_kept(bad: Any) -> None:
    with pytest.raises(BadStream) as problem:
        ChunkDecoder().feed(event(chat(content="kept")) + event(bad) + event(chat(content="lost")))
    assert problem.value.piece.text == "kept"


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_error_in_the_stream_is_raised_without_its_message(error: dict[str, Any]) -> None:
    with pytest.raises(UpstreamError) as problem:
        ChunkDecoder().feed(event(chat(content="kept")) + event(error))
    assert problem.value.piece.text == "kept"
    assert "secret" not in f"{problem.value} {problem.value.kind} {problem.value.code}"


def test_an_errors_type_and_code_are_kept_if_they_are_identifiers() -> None:
    with pytest.raises(UpstreamError) as problem:
        ChunkDecoder().feed(event({"error": {"type": "rate_limit", "code": "not an identifier"}}))
    assert (problem.value.kind, problem.value.code) == ("rate_limit", "")


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_an_html_page_instead_of_a_stream_is_refused(step: int) -> None:
    with pytest.raises(BadStream):
        decoded(in_steps(PAGE, step))


@pytest.mark.parametrize("step", [1, 50, 1000])
def test_a_whole_answer_instead_of_a_stream_is_read(step: int) -> None:
    expected = StreamUpdate(text="all🍎", finish_reason="stop", usage=TokenCounts(1, 2), done=True)
    assert decoded(in_steps(WHOLE, step)) == expected


def test_a_whole_body_is_an_answer_an_error_or_refused() -> None:
    assert ChunkDecoder().whole(b'{"choices":[{"text":"x"}]}') == StreamUpdate(text="x", done=True)
    for body, error in (
        (b'{"error":{}, "detail":"x"}', BadStream),
        (b'{"error":"x"}', UpstreamError),
        (b'{"object":"error"}', UpstreamError),
        (b"[1]", BadStream),
    ):
        with pytest.raises(error):
            ChunkDecoder().whole(body)


NESTED = b"[[[0]]]," * 40_000
MANY_VALUES = {
    "in a delta": b'data: {"choices":[{"delta":{"content":"a","x":[' + NESTED + b"0]}}]}\n\n",
    "in calls": b'data: {"choices":[{"delta":{"tool_calls":[' + b'{"index":0},' * 20_000 + b"{}]}}]}\n\n",
    "over lines of one event": b'data: {"choices":[{"delta":{"x":[\ndata: '
    + b"[],\ndata: " * 20_000
    + b"0]}}]}\n\n",
    "in a whole answer": b'{"choices":[{"message":{"content":"a","x":[' + NESTED + b"0]}}]}",
}


@pytest.mark.parametrize("place", MANY_VALUES)
def test_values_beyond_the_bound_are_refused_before_they_are_decoded(place: str) -> None:
    said = event(chat(content="said")) if place != "in a whole answer" else b""
    decoder, found = ChunkDecoder(), list[str]()
    with pytest.raises(EventTooLarge) as problem:
        found.extend(decoder.feed(piece).text for piece in in_steps(said + MANY_VALUES[place], 65_536))
    assert "".join([*found, problem.value.piece.text]) == ("said" if said else "")


@pytest.mark.parametrize("end", [b"\n\n", b"\n", b"\r\n\r\n"])
@pytest.mark.parametrize("step", [1_000, 65_536, 262_144])
def test_the_values_of_many_events_do_not_add_up(end: bytes, step: int) -> None:
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":"a","x":[]},"n":{}}]}' + end
    assert decoded(in_steps(chunk * 20_000, step)).text == "a" * 20_000


def test_a_large_text_is_one_value() -> None:
    text = "word, [and] {more} " * 200_000
    assert decoded(in_steps(event(chat(content=text)), 65_536)).text == text


def test_an_end_without_the_last_blank_line_is_accepted() -> None:
    assert decoded([event(chat(content="a")) + event(ended()).rstrip()]).finish_reason == "stop"


def test_a_cut_event_is_bad_before_the_finish_reason_and_nothing_after_it() -> None:
    decoder = ChunkDecoder()
    decoder.feed(event(chat(content="a")) + b'data: {"choi')
    with pytest.raises(BadStream):
        decoder.flush()
    assert decoded([event(ended()) + b'data: {"usa']).finish_reason == "stop"


def test_a_stream_that_just_ends_is_neither_done_nor_has_a_reason() -> None:
    piece = decoded([event(chat(content="a"))])
    assert (piece.text, piece.done, piece.finish_reason) == ("a", False, None)


def test_a_decoder_has_started_with_the_first_text_or_call() -> None:
    for payload, started in ((chat(role="assistant"), False), (chat(content="a"), True), (call(0, ""), True)):
        decoder = ChunkDecoder()
        decoder.feed(event(payload))
        assert decoder.started is started


def test_text_before_an_event_beyond_the_bound_is_kept() -> None:
    decoder = ChunkDecoder(max_event_bytes=200)
    with pytest.raises(EventTooLarge) as problem:
        decoder.feed(event(chat(content="kept")) + event(chat(content="x" * 200)))
    assert problem.value.piece.text == "kept"


@given(st.binary(max_size=40), st.booleans())
@settings(deadline=None)
def test_any_bytes_give_updates_or_a_stream_error(data: bytes, framed: bool) -> None:
    try:
        text = decoded([event(data) if framed else data]).text
    except StreamError as problem:
        text = problem.piece.text
    text.encode()
