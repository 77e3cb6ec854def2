"""Events that are decoded together bring what they bring one by one, whatever stands in them."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat.llm.sse import ChunkDecoder, StreamError, answers, chunks, frames
from chat.llm.sse.frames import frame_of, lone_text, split, text_frame

HEAD = b'{"id":"a","choices":[{"index":0,"delta":{"content":"'
TAIL = b'"},"finish_reason":null}]}'

# Pieces of a JSON string, and of what ends it, alone or together with the next one.
PIECES = [
    b"a", b" ", b"\\", b'"', b'\\"', b"\\\\", b"\\n", b"\\u00e9", b"\\ud83d", b"\\ude00", b"\xc3\xa9", b"\xff", b"\n", b"\t",
    b",", b'","', b"\r\n", b'"},"finish_reason":"stop"}],"x":[{"y":{"z":"', b'","content":"b', b'","reasoning":"c', b"[DONE]",
    b"}",
]  # fmt: skip
RAW = st.lists(st.sampled_from(PIECES), max_size=5).map(b"".join)
HEADS = st.sampled_from(
    [HEAD, HEAD, HEAD, HEAD.replace(b'"a"', b'"b"'), HEAD.replace(b'"content"', b'"reasoning"')]
)
TAILS = st.sampled_from(
    [
        TAIL,
        TAIL,
        TAIL,
        TAIL.replace(b"null", b'"stop"'),
        b'","refusal":"no' + TAIL,
        b'"},"error":{"message":"x"}}]}',
    ]
)
PAYLOADS = st.lists(st.tuples(HEADS, RAW, TAILS).map(b"".join), min_size=1, max_size=8)


def read_of(payloads: list[bytes]) -> bytes:
    return b"".join(b"data: " + payload + b"\n\n" for payload in payloads)


def outcome(reads: list[bytes], least: int, vain_frames: int = 0, **options: Any) -> tuple[Any, ...]:
    """Return what a decoder makes of reads, the larger of which are decoded together, and others by so many vain frames."""
    with mock.patch.multiple(chunks, BURST_BYTES=least, MAX_VAIN_FRAMES=vain_frames):
        decoder, found = ChunkDecoder(**options), list[Any]()
        try:
            for read in reads:
                found += [decoder.feed(read), decoder.reason_was_early]
            found.append(decoder.flush())
        except StreamError as problem:
            found += [type(problem), problem.piece]
        return *found, decoder.done, decoder.finish_reason, decoder.reason_is_last, decoder.reason_was_early


@given(
    PAYLOADS,
    st.booleans(),
    st.lists(st.integers(0, 800), max_size=4),
    st.sampled_from([b"", b"\r\n", b": c\n"]),
)
@example([HEAD + b"a" + TAIL] * 2 + [HEAD + b'b","c' + TAIL], False, [], b"")
@example([HEAD + b"a" + TAIL] * 2 + [HEAD + b"b\\" + TAIL, HEAD + b',"c' + TAIL], False, [], b"")
def test_events_bring_the_same_together_as_one_by_one(
    payloads: list[bytes], think_tags: bool, cuts: list[int], between: bytes
) -> None:
    data = read_of(payloads) + between + read_of(payloads)
    ends = [*sorted(cuts), len(data)]
    reads = [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    together, alone = (outcome(reads, least, think_tags=think_tags) for least in (0, 1_000_000))
    assert together == alone


def event(text: bytes, tail: bytes = TAIL) -> bytes:
    return HEAD + text + tail


STOP = TAIL.replace(b"null", b'"stop"')
# Ahead of the first piece of an event that comes in two.
BETWEEN = st.sampled_from([b"", b"\r", b"\n", b": c", b": c\n\n"])


@given(PAYLOADS, st.booleans(), BETWEEN, st.integers(0, 30), st.integers(0, 800))
@example([event(b"a")] * 3 + [event(b"\\ud83d"), event(b"b")], False, b"", 0, 800)
@example([event(b"<think>"), event(b"a"), event(b"b"), event(b"</think>"), event(b"c")], True, b"", 0, 800)
@example([event(b"a"), event(b"b"), event(b"c", STOP), event(b"d")], False, b"", 0, 800)
@example([event(b"a"), event(b"b"), event(b"c")], False, b": c", 2, 0)
@example([event(b"a"), event(b"b"), event(b'","content":"c')], False, b"", 0, 800)
@example([event(b"a"), event(b"b"), HEAD + TAIL[1:]], False, b"", 0, 800)
def test_events_bring_the_same_in_reads_of_their_own(
    payloads: list[bytes], think_tags: bool, between: bytes, at: int, cut: int
) -> None:
    reads = [read_of([payload]) for payload in (*payloads, *payloads)]
    at %= len(reads)
    reads[at : at + 1] = [between + reads[at][:cut], reads[at][cut:]]
    by_frame, alone = (outcome(reads, 1_000_000, most, think_tags=think_tags) for most in (4, 0))
    assert by_frame == alone


@given(st.lists(st.text(max_size=6), min_size=4, max_size=20), st.booleans())
def test_texts_of_any_characters_are_decoded_together(texts: list[str], ascii_only: bool) -> None:
    inside = [json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode() for text in texts]
    frame = text_frame(read_of([HEAD + b"a" + TAIL] * 3))
    assert frame is not None
    found = split(read_of([HEAD + text + TAIL for text in inside]), frame)
    plain = not any(text.endswith("\\") for text in texts)
    assert found == ((b"", texts, b"") if plain else None)


@given(st.text(max_size=6))
def test_a_lone_text_is_found_or_left_to_the_decoder(text: str) -> None:
    frame = frame_of(read_of([HEAD + b"a" + TAIL]))
    assert frame is not None
    inside = json.dumps(text, ensure_ascii=False)[1:-1].encode()
    found = lone_text(read_of([HEAD + inside + TAIL]), frame)
    plain = text and text.isprintable() and not set(text) & {'"', "\\"}
    assert found == (text if plain else None)
    assert lone_text(read_of([HEAD + inside + TAIL]) * 2, frame) is None


@pytest.mark.parametrize(
    "payload",
    [
        HEAD + b'a","role":"assistant","x":1' + TAIL[1:],
        HEAD + b'a","tool_calls":[{}]' + TAIL[1:],
        HEAD + b"a" + TAIL.replace(b"null", b'"stop"'),
        HEAD + b"a" + TAIL[:-1] + b',"usage":{}}',
        HEAD + b"a" + TAIL[:-1] + b',"error":{"code":1}}',
        b'{"content":"a","choices":[{"delta":{"text":"a"}}]}',
        b'{"choices":[{"delta":{"content":["a"]}}]}',
        b'{"x":{"content":"a"},"choices":[{"delta":{"content":"a"}}]}',
        b'{"choices":[{"delta":{"content":"a"',
    ],
)
def test_an_event_that_brings_more_than_text_is_no_frame(payload: bytes) -> None:
    assert text_frame(read_of([payload] * 3)) is None


def test_a_burst_is_decoded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever its reads end, and once more where another field changes."""
    alone = mock.Mock(side_effect=answers.decode)
    monkeypatch.setattr(chunks, "decode", alone)
    texts = [f"word {number} " for number in range(200)]
    data = read_of([HEAD + text.encode() + TAIL for text in texts])
    data += data.replace(b'"a"', b'"b"')
    decoder = ChunkDecoder()
    found = [decoder.feed(data[start : start + 6_000]).text for start in range(0, len(data), 6_000)]
    assert "".join(found) == "".join(texts) * 2
    assert alone.call_count < 120


def test_reads_of_one_text_are_not_decoded_in_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """But where another field changes; a server that changes one each time costs no search for frames."""
    alone, frame_of_event = mock.Mock(side_effect=answers.decode), mock.Mock(side_effect=frame_of)
    monkeypatch.setattr(chunks, "decode", alone)
    monkeypatch.setattr(frames, "frame_of", frame_of_event)
    texts = [f"word {number} " for number in range(100)]
    steady = [read_of([HEAD + text.encode() + TAIL]) for text in texts]
    steady += [read.replace(b'"a"', b'"b"') for read in steady]
    decoder = ChunkDecoder()
    assert "".join(decoder.feed(read).text for read in steady) == "".join(texts) * 2
    assert alone.call_count < 6
    changing = [read.replace(b'"a"', b'"%d"' % number) for number, read in enumerate(steady)]
    frame_of_event.reset_mock()
    decoder = ChunkDecoder()
    assert "".join(decoder.feed(read).text for read in changing) == "".join(texts) * 2
    assert frame_of_event.call_count == chunks.MAX_VAIN_FRAMES
