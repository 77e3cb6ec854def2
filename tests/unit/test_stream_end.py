"""A streamed body ends on any error while it is read: under Daphne an escaping error would hang its reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from chat.accounts.connections import ConnectionRegistry, OpenConnection
from chat.accounts.identity import Caller, Credentials
from chat.api.encoders import raw
from chat.api.streaming import FastPath, _encode_events
from chat.exceptions import Unavailable
from chat.streams import LogEvent, TextEvent

CALLER = Caller(1, "ada", False, False, Credentials("token", None), 0.1)


async def breaking(problem: Exception) -> AsyncGenerator[LogEvent]:
    yield TextEvent(b"so far", 6)
    raise problem


async def read(problem: Exception) -> bytes:
    body = _encode_events(CALLER, b"", breaking(problem), raw.c1, True, FastPath())
    return b"".join([data async for data in body])


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register connections without a running server."""

    async def register(caller: Caller) -> OpenConnection:
        return ConnectionRegistry().add(caller)

    monkeypatch.setattr("chat.api.streaming.service.register_connection", register)


@pytest.mark.parametrize(
    "problem", [Unavailable(), ValueError("canary"), RuntimeError()], ids=lambda it: type(it).__name__
)
def test_a_body_ends_with_the_text_read_before_an_error(
    problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert asyncio.run(read(problem)) == b"so far"
    assert "canary" not in caplog.text
