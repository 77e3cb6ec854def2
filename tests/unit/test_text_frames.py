"""Events that are decoded together bring what they bring one by one, whatever stands in them."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat.llm.sse import ChunkDecoder, StreamError, answers, chunks
from chat.llm.sse.frames import split, text_frame

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


def outcome(reads: list[bytes], least: int, **options: Any) -> tuple[Any, ...]:
    """Return what a decoder makes of reads, the larger of which are decoded together."""
    with mock.patch.object(chunks, "BURST_BYTES", least):
        decoder, found = ChunkDecoder(**options), list[Any]()
        try:
            found += [*map(decoder.feed, reads), decoder.flush()]
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


@given(st.lists(st.text(max_size=6), min_size=4, max_size=20), st.booleans())
def test_texts_of_any_characters_are_decoded_together(texts: list[str], ascii_only: bool) -> None:
    inside = [json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode() for text in texts]
    frame = text_frame(read_of([HEAD + b"a" + TAIL] * 3))
    assert frame is not None
    found = split(read_of([HEAD + text + TAIL for text in inside]), frame)
    plain = not any(text.endswith("\\") for text in texts)
    assert found == ((b"", texts, b"") if plain else None)


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
