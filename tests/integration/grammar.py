"""The grammar of a chat-completions history, as its strictest provider reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

Json = dict[str, Any]


def as_sent(messages: Iterable[Json]) -> list[Json]:
    """Return the messages as sent over the wire."""
    sent: list[Json] = msgspec.json.decode(msgspec.json.encode(list(messages)))
    return sent


def assert_valid(messages: list[Json]) -> None:
    """Assert that calls are answered once and at once, and that nothing is empty or unknown."""
    open_calls: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert set(message) == {"role", "content", "tool_call_id"}, message
            assert isinstance(message["content"], str), message
            assert message["tool_call_id"] in open_calls, f"an answer without a call: {message}"
            open_calls.remove(message["tool_call_id"])
            continue
        assert not open_calls, f"unanswered: {open_calls}"
        open_calls = _calls_of(message)
        _assert_content(message, bool(open_calls))
    assert not open_calls, f"unanswered: {open_calls}"


def _calls_of(message: Json) -> list[str]:
    assert message["role"] in ("system", "user", "assistant"), message
    if "tool_calls" not in message:
        assert set(message) == {"role", "content"}, message
        return []
    assert (message["role"], set(message)) == ("assistant", {"role", "content", "tool_calls"}), message
    assert message["tool_calls"], "an empty list of calls"
    for call in message["tool_calls"]:
        assert call["type"] == "function", call
        assert isinstance(call["function"]["name"], str), call
        assert isinstance(call["function"]["arguments"], str), call
    ids = [call["id"] for call in message["tool_calls"]]
    assert len(set(ids)) == len(ids), ids
    assert all(ids), ids
    return ids


def _assert_content(message: Json, calls: bool) -> None:
    content = message["content"]
    if content is None:
        assert calls, message
        return
    assert content, f"empty: {message}"
    if not isinstance(content, str):
        assert all(isinstance(part["type"], str) for part in content), message
