"""Tool calls written as text, for a request without tools: several providers refuse a history that holds calls then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from chat.text import plain_text_of_parts

Messages = list[dict[str, Any]]


def has_calls(messages: Iterable[Mapping[str, Any]]) -> bool:
    return any("tool_calls" in message for message in messages)


def calls_as_text(messages: Messages) -> Messages:
    """Return the history without calls: each with its result is a line in the text of its assistant message."""
    history = _History()
    for message in messages:
        match message["role"]:
            case "tool":
                history.add_result(message)
            case "assistant" if history.lines or "tool_calls" in message:
                history.add_assistant(message)
            case _:
                history.add(message)
    return history.finished()


class _History:
    """A history in the making; `lines` are the text of an assistant message whose calls are not answered yet."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._messages: Messages = []
        self._calls: dict[str, str] = {}

    def add(self, message: dict[str, Any]) -> None:
        self.finished().append(message)

    def add_assistant(self, message: Mapping[str, Any]) -> None:
        self.lines += filter(None, [_text(message.get("content"))])
        self._calls = _calls(message)
        if not self._calls:
            self.finished()

    def add_result(self, message: Mapping[str, Any]) -> None:
        call = self._calls.get(message.get("tool_call_id", ""), "A tool")
        self.lines.append(f"[{call} returned {_text(message.get('content'))}]")

    def finished(self) -> Messages:
        lines, self.lines = self.lines, []
        if lines:
            self._messages.append({"role": "assistant", "content": "\n\n".join(lines)})
        return self._messages


def _calls(message: Mapping[str, Any]) -> dict[str, str]:
    """Return the calls of a message as text, by their ids."""
    calls = _decoded(message.get("tool_calls")) or []
    return {call["id"]: f"{call['function']['name']}({call['function']['arguments']})" for call in calls}


def _text(content: Any) -> str:
    content = _decoded(content)
    return plain_text_of_parts(content) if isinstance(content, list) else content or ""


def _decoded(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
