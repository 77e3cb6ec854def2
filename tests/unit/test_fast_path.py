"""The fast path of a stream: text that a reader waits for goes into the body at once, where that may be."""

from __future__ import annotations

import pytest

from chat.accounts.connections import ConnectionRegistry, OpenConnection
from chat.accounts.identity import Caller, Credentials
from chat.api.encoders import raw
from chat.api.streaming import FastPath
from chat.streams import TextEvent, ThoughtEvent

TEXT = TextEvent(b"word", 4)


class NotingBody:
    """A body that notes what is written."""

    def __init__(self) -> None:
        self.has_room, self.written = True, list[bytes]()

    def write(self, data: bytes) -> None:
        self.written.append(data)


@pytest.fixture
def connection() -> OpenConnection:
    return ConnectionRegistry().add(Caller(1, "ada", False, False, Credentials("token", None), 0.1))


def test_text_goes_into_an_open_body(connection: OpenConnection) -> None:
    path, body = FastPath(), NotingBody()
    path.open(connection, raw.c1)
    path.write_to(body)
    assert path.take(TEXT)
    assert body.written == [b"word"]


def test_what_a_dialect_leaves_out_is_taken_and_not_written(connection: OpenConnection) -> None:
    path, body = FastPath(), NotingBody()
    path.open(connection, raw.c1)
    path.write_to(body)
    assert path.take(ThoughtEvent(b"hm", 2))
    assert body.written == []


def test_nothing_is_taken_before_the_head_is_sent_or_the_stream_has_begun(connection: OpenConnection) -> None:
    path = FastPath()
    path.open(connection, raw.c1)
    assert not path.take(TEXT)
    path, body = FastPath(), NotingBody()
    path.write_to(body)
    assert not path.take(TEXT)
    assert body.written == []


@pytest.mark.parametrize("end", ["access", "room"])
def test_nothing_is_taken_without_access_or_room(connection: OpenConnection, end: str) -> None:
    path, body = FastPath(), NotingBody()
    path.open(connection, raw.c1)
    path.write_to(body)
    if end == "access":
        connection.revoke()
    else:
        body.has_room = False
    assert not path.take(TEXT)
    assert body.written == []
