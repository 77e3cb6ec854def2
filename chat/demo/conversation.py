"""A request's messages, read for what the demo needs: question, form values, tools and their results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from itertools import islice
from string import Template
from typing import Any

from chat.text import context_of, unwrap
from chat.text.sections import MARKER

from .blocks import LIMITS, TEXTS, Topics
from .language import language_of

# A file as the server writes it into a message.
_FILE = re.compile(r'<file name="([^"]*)"[^<>]*>\n(.*?)</file>', re.DOTALL)
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
    """`text` is the last message or click of the user, `earlier` those before it, newest first, all without the files in them.

    `files`: names and texts of all files, newest first; `attached`: the last message has one.

    `values` are the fields of the form that came with it, from name to readable value; `plain` asks for plain
    text instead of C1's format, `bare` for openui-lang without an envelope, as the Gateway writes it; `characters`
    counts all that was sent, for the usage; `now` is the demo's time, by which days are counted.
    """

    text: str
    earlier: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[OfferedTool, ...] = ()
    results: tuple[DemoToolResult, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    attached: bool = False
    plain: bool = False
    bare: bool = False
    characters: int = 0
    now: datetime = field(default_factory=lambda: datetime.now().astimezone(), compare=False)

    @property
    def language(self) -> str:
        """Return the language of the last message, or of the last one before it that shows one."""
        return language_of(self.text, *self.earlier)

    @property
    def texts(self) -> Topics:
        return TEXTS[self.language]

    def tool(self, *words: str) -> OfferedTool | None:
        """Return the first tool offered whose name contains one of `words`."""
        return next((tool for tool in self.tools if any(word in tool.name.lower() for word in words)), None)

    def echo(self) -> str:
        """Return the question, shortened, for titles and cells alone: no page reads them as markdown."""
        said, most = " ".join(self.text.split()), LIMITS.echo_characters
        short = said if len(said) <= most else said[:most].rstrip() + " …"
        shared = self.texts["shared"]
        return Template(shared["wrote"]).substitute(said=short) if short else str(shared["silent"])


def from_chat(body: Mapping[str, Any]) -> DemoRequest:
    """Return the conversation of a `/chat/completions` body; nonsense in it is passed over."""
    messages = [message for message in checked(list, body.get("messages")) if isinstance(message, dict)]
    asked = [index for index, message in enumerate(messages) if message.get("role") == "user"]
    said = [_words(messages[index]) for index in asked] or [""]
    files = [_FILE.findall(words) for words in reversed(said)]
    *earlier, last = [_FILE.sub("", words) for words in said]
    old_model = re.search(r"(?i)oasst|openassistant", str(body.get("model", "")))
    systems = " ".join(_words(message) for message in messages if message.get("role") == "system")
    bare = systems.startswith(f"{MARKER}config\n")
    # The Gateway's configuration is a marker and one line.
    instructions = systems.split("\n", 2)[2:] if bare else [systems]
    return DemoRequest(
        text=unwrap(last).strip(),
        earlier=tuple(unwrap(words).strip() for words in reversed(earlier)),
        values=form_values(last),
        tools=() if body.get("tool_choice") == "none" else tuple(_tools(body)),
        results=tuple(_results(messages[asked[-1] :])) if asked else (),
        files=tuple((unescape(name), text) for found in files for name, text in found),
        attached=bool(files[0]),
        plain=bool(old_model or re.search(r"\bplain (text|prose)\b", "".join(instructions))),
        bare=bare,
        characters=sum(map(len, map(_words, messages))),
    )


def from_prompt(prompt: str) -> DemoRequest:
    """Return the conversation of an OpenAssistant prompt; without its control tokens it is one question."""
    said = [words.strip() for role, words in _TURN.findall(prompt) if role == "prompter"] or [prompt.strip()]
    return DemoRequest(text=said[-1], earlier=tuple(reversed(said[:-1])), plain=True, characters=len(prompt))


def form_values(content: str) -> dict[str, str]:
    """Return the fields in a message's `<context>`, `{form: {field: {value, componentType}}}`, as text."""
    fields = (pair for pair in _fields(context_of(content), LIMITS.form_depth) if pair[1])
    return dict(islice(fields, LIMITS.form_fields))


def _fields(context: object, depth: int) -> Iterator[tuple[str, str]]:
    children = dict(enumerate(context)) if isinstance(context, list) else checked(dict, context)
    for name, value in children.items() if depth else ():
        if isinstance(value, dict) and "value" in value:
            yield str(name), _readable(value["value"])[: LIMITS.value_characters]
        else:
            yield from _fields(value, depth - 1)


def _readable(value: object) -> str:
    """Return a form value as text: dates without time, ranges with a slash, ticked names, lists with commas."""
    if isinstance(value, dict) and "from" in value:
        return "/".join(_scalar(value[end]) for end in ("from", "to") if value.get(end))
    if isinstance(value, dict):
        return ", ".join(str(name) for name, ticked in value.items() if ticked is True)
    return ", ".join(map(_scalar, value)) if isinstance(value, list) else _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return re.sub(r"^(\d{4}-\d\d-\d\d)T[\d:.]+Z?$", r"\1", value.strip())
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def checked(kind: type[Any], value: object) -> Any:
    """Return the value if it is of this kind, else an empty one."""
    return value if isinstance(value, kind) else kind()


def _words(message: dict[str, Any]) -> str:
    content = message.get("content")
    parts = [content, *(checked(dict, part).get("text") for part in checked(list, content))]
    return "\n".join(part for part in parts if isinstance(part, str))


def _tools(body: Mapping[str, Any]) -> Iterator[OfferedTool]:
    for offered in checked(list, body.get("tools")):
        function = checked(dict, checked(dict, offered).get("function"))
        schema = checked(dict, function.get("parameters"))
        required = frozenset(name for name in checked(list, schema.get("required")) if isinstance(name, str))
        if isinstance(function.get("name"), str):
            yield OfferedTool(function["name"], checked(dict, schema.get("properties")), required)


def _results(messages: list[dict[str, Any]]) -> Iterator[DemoToolResult]:
    called: dict[str, dict[str, Any]] = {}
    for message in messages:
        for call in (checked(dict, one) for one in checked(list, message.get("tool_calls"))):
            called[str(call.get("id"))] = checked(dict, call.get("function"))
        if message.get("role") == "tool":
            function = called.get(str(message.get("tool_call_id")), {})
            name, arguments = (str(function.get(key, "")) for key in ("name", "arguments"))
            yield DemoToolResult(name, arguments, _words(message))
