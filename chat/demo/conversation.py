"""A request's messages, read for what the demo needs: question, click, form values, tools and their results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chat.text import context_of, unwrap

VALUE_CHARACTERS = 200
"""The longest part of a form's value that is repeated; longer ones would push the card out of sight."""
FORM_FIELDS = 20
"""The most fields of a form that are read."""
FORM_DEPTH = 12
"""How deep a context is searched for fields; real ones lie three deep, and recursion must end."""

_TURN = re.compile(r"<\|(prompter|assistant)\|>(.*?)(?=<\|(?:prompter|assistant|endoftext)\|>|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool that the request offers; `properties` is the JSON schema's table from parameter to schema."""

    name: str
    properties: Mapping[str, Any]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class DemoToolResult:
    """The result of a tool as text, with the arguments of its call (JSON text)."""

    name: str
    arguments: str
    content: str


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """`text` is the last message or click of the user, `earlier` those before it, newest first.

    `values` are the fields of the form that came with it, from name to readable value; `plain` asks for plain text
    instead of C1's format; `characters` counts all that was sent, for the usage.
    """

    text: str
    earlier: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[OfferedTool, ...] = ()
    results: tuple[DemoToolResult, ...] = ()
    plain: bool = False
    characters: int = 0

    def tool(self, *words: str) -> OfferedTool | None:
        """Return the first tool offered whose name contains one of `words`."""
        return next((tool for tool in self.tools if any(word in tool.name.lower() for word in words)), None)


def from_chat(body: Mapping[str, Any]) -> DemoRequest:
    """Return the conversation of a `/chat/completions` body; nonsense in it is passed over."""
    messages = [message for message in list_of(body.get("messages")) if isinstance(message, dict)]
    asked = [index for index, message in enumerate(messages) if message.get("role") == "user"]
    contents = [_words(messages[index].get("content")) for index in asked] or [""]
    return DemoRequest(
        text=unwrap(contents[-1]).strip(),
        earlier=tuple(unwrap(content).strip() for content in reversed(contents[:-1])),
        values=form_values(contents[-1]),
        tools=() if body.get("tool_choice") == "none" else tuple(_tools(body)),
        results=tuple(_results(messages[asked[-1] :])) if asked else (),
        plain=_is_plain(str(body.get("model", "")), messages),
        characters=sum(len(_words(message.get("content"))) for message in messages),
    )


def from_prompt(prompt: str) -> DemoRequest:
    """Return the conversation of an OpenAssistant prompt; without its control tokens it is one question."""
    said = [words.strip() for role, words in _TURN.findall(prompt) if role == "prompter"] or [prompt.strip()]
    return DemoRequest(text=said[-1], earlier=tuple(reversed(said[:-1])), plain=True, characters=len(prompt))


def form_values(content: str) -> dict[str, str]:
    """Return the fields in the `<context>` of a message, `{form: {field: {value, componentType}}}`, as text."""
    fields = (pair for pair in _fields(context_of(content), FORM_DEPTH) if pair[1])
    return {name: words for (name, words), _ in zip(fields, range(FORM_FIELDS), strict=False)}


def _fields(context: object, depth: int) -> Iterator[tuple[str, str]]:
    if not depth or not isinstance(context, dict | list):
        return
    for name, value in context.items() if isinstance(context, dict) else enumerate(context):
        if isinstance(value, dict) and "value" in value:
            yield str(name), readable(value["value"])[:VALUE_CHARACTERS]
        else:
            yield from _fields(value, depth - 1)


def readable(value: object) -> str:
    """Return a form's value as words: dates without time, a range with "to", ticked names, a list with commas."""
    if isinstance(value, dict):
        if "from" in value:
            return " to ".join(_scalar(value[end]) for end in ("from", "to") if value.get(end))
        return ", ".join(str(name) for name, ticked in value.items() if ticked is True)
    return ", ".join(_scalar(item) for item in value) if isinstance(value, list) else _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return re.sub(r"^(\d{4}-\d\d-\d\d)T[\d:.]+Z?$", r"\1", value.strip())
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def list_of(value: object) -> list[Any]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def dict_of(value: object) -> dict[str, Any]:
    """Return the value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def _words(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = [dict_of(part).get("text") for part in list_of(content)]
    return "\n".join(part for part in parts if isinstance(part, str))


def _tools(body: Mapping[str, Any]) -> Iterator[OfferedTool]:
    for offered in list_of(body.get("tools")):
        function = dict_of(dict_of(offered).get("function"))
        schema = dict_of(function.get("parameters"))
        required = frozenset(name for name in list_of(schema.get("required")) if isinstance(name, str))
        if isinstance(function.get("name"), str):
            yield OfferedTool(function["name"], dict_of(schema.get("properties")), required)


def _results(messages: list[dict[str, Any]]) -> Iterator[DemoToolResult]:
    called: dict[str, tuple[str, str]] = {}
    for message in messages:
        for call in map(dict_of, list_of(message.get("tool_calls"))):
            function = dict_of(call.get("function"))
            called[str(call.get("id"))] = (
                str(function.get("name", "")),
                str(function.get("arguments", "")),
            )
        if message.get("role") == "tool":
            name, arguments = called.get(str(message.get("tool_call_id")), ("", ""))
            yield DemoToolResult(name, arguments, _words(message.get("content")))


def _is_plain(model: str, messages: list[dict[str, Any]]) -> bool:
    systems = " ".join(
        _words(message.get("content")) for message in messages if message.get("role") == "system"
    )
    return bool(
        re.search(r"oasst|openassistant", model, re.IGNORECASE)
        or re.search(r"\bplain (text|prose)\b", systems)
    )
