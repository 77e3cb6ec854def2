"""A request's messages, read for what the demo needs: the question, the click, the form, the tools and their results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chat.text import context_of, unwrap

_TURN = re.compile(r"<\|(prompter|assistant)\|>(.*?)(?=<\|(?:prompter|assistant|endoftext)\|>|$)", re.DOTALL)

VALUE_CHARACTERS = 200
"""Of a form's value, the most that is repeated; longer ones would push the card out of sight."""
FORM_FIELDS = 20
"""Of a form's fields, the most that are read."""
FORM_DEPTH = 12
"""How deep a context is searched for fields; real ones lie three deep, and recursion must end."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the request offers; `properties` is the JSON schema's table from parameter to schema."""

    name: str
    properties: Mapping[str, Any]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool said: the arguments it was called with (JSON text) and its result as text."""

    name: str
    arguments: str
    content: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """`text` is the last thing the user said or clicked, `earlier` what was said before, newest first.

    `values` are the fields of the form that came with it, from name to readable value; `plain` asks for plain text
    instead of C1's format; `characters` counts all that was sent, for the usage.
    """

    text: str
    earlier: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[Tool, ...] = ()
    results: tuple[Result, ...] = ()
    plain: bool = False
    characters: int = 0

    def tool(self, *words: str) -> Tool | None:
        """The first tool offered whose name contains one of `words`."""
        return next((tool for tool in self.tools if any(word in tool.name.lower() for word in words)), None)


def from_chat(body: Mapping[str, Any]) -> Conversation:
    """The conversation of a `/chat/completions` body; anything in it that makes no sense is passed over."""
    messages = [message for message in _list(body.get("messages")) if isinstance(message, dict)]
    asked = [index for index, message in enumerate(messages) if message.get("role") == "user"]
    contents = [_words(messages[index].get("content")) for index in asked] or [""]
    return Conversation(
        text=unwrap(contents[-1]).strip(),
        earlier=tuple(unwrap(content).strip() for content in reversed(contents[:-1])),
        values=form_values(contents[-1]),
        tools=() if body.get("tool_choice") == "none" else tuple(_tools(body)),
        results=tuple(_results(messages[asked[-1] :])) if asked else (),
        plain=_is_plain(str(body.get("model", "")), messages),
        characters=sum(len(_words(message.get("content"))) for message in messages),
    )


def from_prompt(prompt: str) -> Conversation:
    """The conversation of an OpenAssistant prompt; a prompt without its control tokens is one question."""
    said = [words.strip() for role, words in _TURN.findall(prompt) if role == "prompter"] or [prompt.strip()]
    return Conversation(text=said[-1], earlier=tuple(reversed(said[:-1])), plain=True, characters=len(prompt))


def form_values(content: str) -> dict[str, str]:
    """The fields in the `<context>` of a message, `{form: {field: {value, componentType}}}`, as readable text."""
    context = context_of(content)
    fields = (pair for pair in _fields(context, FORM_DEPTH) if pair[1])
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
    """A form's value as words: a date without its time, a range with "to", what is ticked, a list with commas."""
    if isinstance(value, dict):
        if "from" in value:
            return " to ".join(_scalar(value[end]) for end in ("from", "to") if value.get(end))
        return ", ".join(str(name) for name, ticked in value.items() if ticked is True)
    if isinstance(value, list):
        return ", ".join(_scalar(item) for item in value)
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return re.sub(r"^(\d{4}-\d\d-\d\d)T[\d:.]+Z?$", r"\1", value.strip())
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _words(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = [part.get("text") for part in _list(content) if isinstance(part, dict)]
    return "\n".join(part for part in parts if isinstance(part, str))


def _tools(body: Mapping[str, Any]) -> Iterator[Tool]:
    for offered in _list(body.get("tools")):
        function = offered.get("function") if isinstance(offered, dict) else None
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            parameters = function.get("parameters")
            schema = parameters if isinstance(parameters, dict) else {}
            properties = schema.get("properties")
            required = frozenset(name for name in _list(schema.get("required")) if isinstance(name, str))
            yield Tool(function["name"], properties if isinstance(properties, dict) else {}, required)


def _results(messages: list[dict[str, Any]]) -> Iterator[Result]:
    called: dict[str, tuple[str, str]] = {}
    for message in messages:
        for call in _list(message.get("tool_calls")):
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict):
                called[str(call.get("id"))] = (
                    str(function.get("name", "")),
                    str(function.get("arguments", "")),
                )
        if message.get("role") == "tool":
            name, arguments = called.get(str(message.get("tool_call_id")), ("", ""))
            yield Result(name, arguments, _words(message.get("content")))


def _is_plain(model: str, messages: list[dict[str, Any]]) -> bool:
    systems = " ".join(
        _words(message.get("content")) for message in messages if message.get("role") == "system"
    )
    return bool(
        re.search(r"oasst|openassistant", model, re.IGNORECASE)
        or re.search(r"\bplain (text|prose)\b", systems)
    )
