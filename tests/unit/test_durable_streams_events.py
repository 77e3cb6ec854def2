"""Durable Streams' events keep text apart from their framing; a long poll gives up in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace

import pytest

from chat.api.dialects.durable_streams import next_text_or_end
from chat.api.encoders import durable_streams
from chat.api.encoders.durable_streams import (
    CURSOR_EPOCH,
    CURSOR_SECONDS,
    DurableStreamsEncoder,
    next_cursor,
)
from chat.streams import EndEvent, Heartbeat, LogEvent, StartEvent, TextEvent
from chat.streams.tail import READ_BYTES


def texts(*pieces: str) -> list[str]:
    """Return the data of each piece as a reader of server-sent events gets it."""
    encode, at, result = DurableStreamsEncoder(0, ""), 0, []
    for piece in pieces:
        at += len(piece.encode())
        for frame in encode(TextEvent(piece.encode(), at)).decode().strip("\n").split("\n\n"):
            kind, *lines = frame.split("\n")
            if kind == "event: data":
                result.append("\n".join(line.removeprefix("data: ") for line in lines))
    return result


@pytest.mark.parametrize(
    "text", ["a", " a", "a\n", "\n", "a\n\nb", "data: x\n\nevent: control", "\u2028", "x:"]
)
def test_a_text_comes_back_whatever_it_holds(text: str) -> None:
    assert "".join(texts(text, "end")) == f"{text}end"


def test_a_carriage_return_is_a_line_end_even_in_two_pieces() -> None:
    assert "".join(texts("a\r\nb\rc\r", "\nd\r", "e")) == "a\nb\nc\nd\ne"
    assert texts("a\r", "\n", "\nb") == ["a\n", "\nb"]


def test_a_full_piece_is_not_up_to_date() -> None:
    encode = DurableStreamsEncoder(READ_BYTES + 1, "")
    assert encode(StartEvent("streaming", 0)) == b""
    assert b"upToDate" not in encode(TextEvent(b"x" * READ_BYTES, READ_BYTES))
    assert b'"upToDate":true' in encode(TextEvent(b"x", READ_BYTES + 1))
    assert b"upToDate" not in encode(TextEvent(b"x" * READ_BYTES, 2 * READ_BYTES + 1))


def test_a_deleted_response_does_not_close_its_stream() -> None:
    encode = DurableStreamsEncoder(0, "")
    assert encode(EndEvent(0, None)) == b""
    assert encode(Heartbeat()) == b": \n\n"


@pytest.mark.parametrize("given", ["", "x", "-1", "٣", "9" * 40])
def test_a_cursor_that_is_none_counts_as_none(given: str) -> None:
    assert next_cursor(given) == next_cursor("")


def test_the_cursor_of_a_connection_follows_the_clock_and_never_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [CURSOR_EPOCH + 7.5 * CURSOR_SECONDS]
    monkeypatch.setattr(durable_streams, "time", SimpleNamespace(time=lambda: now[0]))
    encode, cursors = DurableStreamsEncoder(0, ""), []
    for offset, step in enumerate((0, 0.4, 0.1, 1.5, -1.5, 1.0), start=1):
        now[0] += step * CURSOR_SECONDS
        cursors.append(encode(TextEvent(b"x", offset)).partition(b'"streamCursor":"')[2][:1])
    assert cursors == [b"7", b"7", b"8", b"9", b"9", b"9"]


def test_a_poll_without_news_gives_up() -> None:
    async def silent() -> AsyncGenerator[LogEvent]:
        yield Heartbeat()
        await asyncio.Event().wait()

    assert asyncio.run(next_text_or_end(silent(), 0.01)) is None
