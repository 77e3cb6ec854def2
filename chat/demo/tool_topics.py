"""The topics that need a tool: the time, arithmetic, a search in the user's own chats."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from chat.testing.script import Call

from . import arithmetic
from .blocks import DATA, Block, Calls, Reply, block, card
from .conversation import DemoRequest, DemoToolResult, OfferedTool, dict_of
from .talk import echo

MOST_CALLS = 4
"""Calls asked for at once; more places than that make no better demo."""
SHOWN_CHARACTERS = 1_000
"""The longest part of a tool's result that is shown."""
SHOWN_ROWS = 12

_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d)")
_PLACE = re.compile(r"\bin\s+([^\W\d_a-zß-ÿ][\w'’/-]*(?:\s[^\W\d_a-zß-ÿ][\w'’-]*)?)")
_QUERY = re.compile(
    r"\b(?:chats?|threads?|messages?|history|conversations?)\b\s*(?:for|about|nach)?\s*[\"“]?(.+?)[\"”?.!]*$",
    re.IGNORECASE,
)
_TEXT_NAME = re.compile(r"expr|formula|calculation|term|query|text|words|^q$", re.IGNORECASE)
_BY_TYPE = {"integer": 1, "number": 1, "boolean": False, "array": [], "object": {}}


def _places(asked: DemoRequest) -> list[str]:
    """Return the places that are named: known ones, else the words after "in", else an empty one."""
    words = asked.text
    known = [city for city in DATA["zones"] if re.search(rf"\b{re.escape(city)}\b", words, re.IGNORECASE)]
    named = _PLACE.search(words)
    return known[:MOST_CALLS] or [named[1] if named else ""]


def _searched(asked: DemoRequest) -> list[str]:
    found = _QUERY.search(asked.text)
    return [found[1] if found else asked.text]


_WANTED: dict[str, Callable[[DemoRequest], list[str]]] = {
    "clock": _places,
    "calculation": lambda asked: [arithmetic.expression(asked.text)],
    "search": _searched,
}


def answer(topic: str, asked: DemoRequest) -> Reply:
    """Return the results of the topic's tool, the calls that it needs, or the lack of it."""
    data = DATA[topic]
    if asked.results:
        blocks = [one for result in asked.results for one in _result_blocks(result)]
        return card("result", title=data["title"], tool=asked.results[0].name, shown=blocks)
    try:
        wanted = _WANTED[topic](asked)
    except arithmetic.AmbiguousSum as problem:
        return card("ambiguous", said=echo(asked), reason=str(problem))
    tool = asked.tool(*data["tools"])
    if not tool:
        return card("no_tool", thing=data["tools"][-1], question=data["question"])
    arguments = _clock_arguments if topic == "clock" else _text_arguments
    return Calls(tuple(Call(tool.name, arguments(tool, value)) for value in wanted))


def _clock_arguments(tool: OfferedTool, place: str) -> str:
    given: dict[str, Any] = {}
    for name in tool.properties:
        if re.search(r"zone|tz", name, re.IGNORECASE):
            given[name] = DATA["zones"].get(place, place or "UTC")
        elif re.search(r"city|place|location|where", name, re.IGNORECASE):
            given[name] = place or "UTC"
    wanted = given if place else {name: value for name, value in given.items() if name in tool.required}
    return _arguments(tool, wanted, place)


def _text_arguments(tool: OfferedTool, value: str) -> str:
    """Return the value in the text parameter whose name fits, else in the first one."""
    texts = [name for name, schema in tool.properties.items() if _type(schema) == "string"]
    fitting = [name for name in texts if _TEXT_NAME.search(name)]
    return _arguments(tool, dict.fromkeys((fitting or texts)[:1], value), value)


def _type(schema: object) -> str:
    kind = dict_of(schema).get("type", "string")
    return kind if isinstance(kind, str) else ""


def _arguments(tool: OfferedTool, given: dict[str, Any], fallback: str) -> str:
    """Return the arguments as JSON text, with a value of the right type for each other required parameter."""
    rest = sorted(tool.required - given.keys())
    others = {name: _BY_TYPE.get(_type(tool.properties.get(name)), fallback) for name in rest}
    return json.dumps({**given, **others}, ensure_ascii=False)


def _result_blocks(result: DemoToolResult) -> list[Block]:
    """Return a tool's result in titles and cells, which no page reads as markdown."""
    value, question = _parsed(result.content), _question(result.arguments) or "Answer"
    if isinstance(value, dict) and value.get("error"):
        title = f"{question}: {_short(value['error'])}"
        return [block("Callout", "warning", title, "The tool could not say more than that.")]
    if isinstance(value, dict) and value:
        rows = dict(list(value.items())[:SHOWN_ROWS])
        answers = [_short(row) for row in rows.values()]
        return [*_time_of_day(question, value), block("Table", {question: list(rows), "Answer": answers})]
    if isinstance(value, list):
        return [block("Table", _columns(question, value[:SHOWN_ROWS] or ["nothing found"]))]
    return [block("Table", {question: [_short(value)]})]


def _time_of_day(question: str, value: dict[str, Any]) -> list[Block]:
    moments = (_ISO_TIME.match(words) for words in value.values() if isinstance(words, str))
    found = next((moment[1] for moment in moments if moment), "")
    return [block("Callout", "success", f"{question}: {found}", "In full:")] if found else []


def _columns(question: str, rows: list[Any]) -> dict[str, list[str]]:
    if all(isinstance(row, dict) and row for row in rows):
        return {key: [_short(row.get(key, "")) for row in rows] for key in rows[0]}
    return {question: [_short(row) for row in rows]}


def _parsed(content: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content


def _question(arguments: str) -> str:
    return ", ".join(_short(value) for value in dict_of(_parsed(arguments)).values())


def _short(value: object) -> str:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= SHOWN_CHARACTERS else words[:SHOWN_CHARACTERS] + " …"
