"""A streamed body ends on any error while it is read: under Daphne an escaping error would hang its reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from chat.api.chat import _encode_events
from chat.api.encoders import raw
from chat.exceptions import Unavailable
from chat.streams import LogEvent, StartEvent, TextEvent


async def breaking(problem: Exception) -> AsyncGenerator[LogEvent]:
    yield TextEvent(b"so far", 6)
    raise problem


async def read(problem: Exception) -> bytes:
    return b"".join(
        [data async for data in _encode_events([StartEvent("streaming", 0)], breaking(problem), raw.c1)]
    )


@pytest.mark.parametrize(
    "problem", [Unavailable(), ValueError("canary"), RuntimeError()], ids=lambda it: type(it).__name__
)
def test_a_body_ends_with_the_text_read_before_an_error(
    problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert asyncio.run(read(problem)) == b"so far"
    assert "canary" not in caplog.text
