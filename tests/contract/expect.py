"""Asserts for all responses of one kind, by the contract."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import httpx
import pytest

from tests.live.transports import SOCKET, SSE

APPLE = (
    '<content thesys="true" version="2">\n```openui-lang\nroot = Card([t])\n'
    "t = TextContent(&quot;Größe: 5 € 🍎&quot;)\n```\n</content>"
)
# The server's own think items.
THINK_ITEMS = re.compile(rb'<thinkitem ephemeral="true">.*?</thinkitem>', re.DOTALL)
CARD_HEAD = b'<content thesys="true" version="2">'
CARD_CALL = b"CalloutV2(&quot;danger&quot;, "


def assert_problem(answer: httpx.Response, code: str, status: int) -> dict[str, Any]:
    """Assert a problem document with this code and status; return its body."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), (
        answer.text
    )
    body: dict[str, Any] = answer.json()
    assert body.keys() >= {"type", "title", "status", "detail", "code"}
    assert (body["code"], body["status"]) == (code, status)
    return body


def visible(text: bytes) -> bytes:
    """Return the text without the server's own think items."""
    return THINK_ITEMS.sub(b"", text)


def assert_utc(moment: str) -> None:
    """Assert ISO 8601 in UTC."""
    assert dt.datetime.fromisoformat(moment).utcoffset() == dt.timedelta(0), moment


def assert_card(body: bytes) -> None:
    """Assert the readable C1 card of a failure, and nothing else."""
    assert body.startswith(CARD_HEAD), body
    assert CARD_CALL in body
    assert body.rstrip().endswith(b"</content>")


def pieces_of(text: str, size: int = 7) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


framed = pytest.mark.parametrize(
    "transport", [SSE, SOCKET], ids=["sse", "websocket"]
)  # those that tell more than text
