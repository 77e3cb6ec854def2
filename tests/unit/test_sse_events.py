"""Server-sent events: the same payloads for every split of the bytes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.llm.sse import EventDecoder, EventTooLarge
from tests.unit.splits import in_steps, split

EVENTS = (
    b"\xef\xbb\xbfdata: bom\n\n: hello\n\ndata: one\n\ndata:two\r\n\r\n"
    b"event: message\rid: 1\rdata: th\rdata: ree\r\rretry: 5\n\n\n\n"
    b"data\n\ndata:  spaced\n\nnodata: x\n\ndata: l1\r\ndata:  l2\r\n\r\ndata: four\n"
)
PAYLOADS = [b"bom", b"one", b"two", b"th\nree", b"", b" spaced", b"l1\n l2", b"four"]


def events_of(reads: Iterable[bytes]) -> list[bytes]:
    decoder = EventDecoder()
    return [payload for read in reads for payload in decoder.feed(read)] + decoder.flush()


def test_every_line_end_comment_and_field_is_understood() -> None:
    assert events_of([EVENTS]) == PAYLOADS


@given(st.lists(st.integers(0, len(EVENTS)), max_size=6))
def test_events_are_the_same_at_every_split(cuts: list[int]) -> None:
    assert events_of(split(EVENTS, cuts)) == PAYLOADS


def test_events_are_the_same_byte_by_byte() -> None:
    assert events_of(bytes([byte]) for byte in EVENTS) == PAYLOADS


@given(
    st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"data", b"data:x", b":", b" "]), max_size=9).map(
        b"".join
    ),
    st.data(),
)
def test_any_bytes_give_the_same_events_whole_and_split(data: bytes, draw: st.DataObject) -> None:
    cuts = draw.draw(st.lists(st.integers(0, len(data)), max_size=4))
    assert events_of(split(data, cuts)) == events_of([data])


@pytest.mark.parametrize("step", [1, 7, 100])
@pytest.mark.parametrize("lines", [b"data: " + b"x" * 20, b"data: a\ndata: " + b"x" * 12])
def test_an_event_beyond_the_bound_is_refused_and_earlier_ones_are_kept(lines: bytes, step: int) -> None:
    decoder, seen = EventDecoder(max_bytes=25), list[bytes]()
    with pytest.raises(EventTooLarge) as problem:
        seen.extend(
            payload
            for read in in_steps(b"data: ok\n\n" + lines + b"\n\n", step)
            for payload in decoder.feed(read)
        )
    assert seen + problem.value.payloads == [b"ok"]


def test_an_event_just_within_the_bound_passes() -> None:
    data = b"data: " + b"x" * 19 + b"\n\n"
    for reads in ([data], [data[:25], data[25:26], data[26:]]):
        decoder = EventDecoder(max_bytes=25)
        assert [payload for read in reads for payload in decoder.feed(read)] == [b"x" * 19]
