"""A message of an MCP server is refused beyond a bound, before it is parsed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from unittest import mock

import pytest

from chat.tools.mcp import http, message_bound
from chat.tools.mcp.message_bound import MESSAGE_BYTES, MESSAGE_VALUES, MessageBound, MessageTooLargeError


@pytest.mark.parametrize("data", [b"[" * MESSAGE_VALUES, b'"",' * MESSAGE_VALUES, b" " * (MESSAGE_BYTES + 1)])
def test_a_message_beyond_a_bound_is_refused(data: bytes) -> None:
    with pytest.raises(MessageTooLargeError, match="The message is too large: more than"):
        MessageBound().add(data)


def test_a_picture_is_taken() -> None:
    MessageBound().add(b'{"data":"' + b"A" * (MESSAGE_BYTES - 11) + b'"}')


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@pytest.mark.parametrize("step", [1, 2, 3, 1_000])
def test_the_events_of_a_stream_do_not_add_up_wherever_its_chunks_end(end: bytes, step: int) -> None:
    events = (b"data: [" + b"0," * 200 + b"0]" + end) * 4

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(events), step):
            yield events[start : start + step]

    async def read() -> bytes:
        return b"".join([chunk async for chunk in http._BoundedStream(chunks(), has_events=True)])

    with mock.patch.object(message_bound, "MESSAGE_VALUES", 300):
        assert asyncio.run(read()) == events
