"""The topics that need a tool: the time, arithmetic, a search in the user's own chats."""

from __future__ import annotations

import json
import re
from typing import Any

from chat.testing.script import Call

from . import arithmetic
from .blocks import DATA, LIMITS, Calls, Reply, card, patterns
from .conversation import DemoRequest, DemoToolResult, OfferedTool, checked

_PATTERNS = patterns("tools")


def answer(topic: str, asked: DemoRequest) -> Reply:
    """Return the results of the topic's tool, the calls that it needs, or the lack of it."""
    data = DATA[topic]
    if asked.results:
        blocks = [one for result in asked.results for one in _result_blocks(result)]
        return card("result", title=data["title"], tool=asked.results[0].name, shown=blocks)
    try:
        wanted = _wanted(topic, asked.text)
    except arithmetic.AmbiguousSum as problem:
        return card("ambiguous", said=asked.echo(), reason=str(problem))
    tool = asked.tool(*data["tools"])
    if not tool:
        return card("no_tool", thing=data["tools"][-1], question=data["question"])
    arguments = _clock_arguments if topic == "clock" else _text_arguments
    return Calls(tuple(Call(tool.name, arguments(tool, value)) for value in wanted))


def _wanted(topic: str, words: str) -> list[str]:
    """Return a sum, a query, or places: known ones, else the words after "in", else an empty one."""
    if topic == "calculation":
        return [arithmetic.expression(words)]
    named = patterns(topic)["wanted"].search(words)
    if topic == "search":
        return [named[1] if named else words]
    known = [city for city in DATA["zones"] if re.search(rf"\b{re.escape(city)}\b", words, re.IGNORECASE)]
    return known[: LIMITS.calls] or [named[1] if named else ""]


def _clock_arguments(tool: OfferedTool, place: str) -> str:
    city, zone = place or "UTC", DATA["zones"].get(place, place or "UTC")
    wanted = [name for name in tool.properties if place or name in tool.required]
    names = filter(_PATTERNS["place"].search, wanted)
    given = {name: zone if _PATTERNS["zone"].search(name) else city for name in names}
    return _arguments(tool, given, place)


def _text_arguments(tool: OfferedTool, value: str) -> str:
    """Return the value in the text parameter whose name fits, else in the first one."""
    texts = [name for name, schema in tool.properties.items() if _type(schema) == "string"]
    fitting = [name for name in texts if _PATTERNS["text"].search(name)]
    return _arguments(tool, dict.fromkeys((fitting or texts)[:1], value), value)


def _type(schema: object) -> str:
    kind = checked(dict, schema).get("type", "string")
    return kind if isinstance(kind, str) else ""


def _arguments(tool: OfferedTool, given: dict[str, Any], fallback: str) -> str:
    """Return the arguments as JSON text, with a value of the right type for each other required parameter."""
    rest = sorted(tool.required - given.keys())
    others = {name: DATA["tools"]["by_type"].get(_type(tool.properties.get(name)), fallback) for name in rest}
    return json.dumps({**given, **others}, ensure_ascii=False)


def _result_blocks(result: DemoToolResult) -> list[list[Any]]:
    """Return a tool's result in titles and cells, which no page reads as markdown."""
    value = _parsed(result.content)
    question = ", ".join(map(_short, checked(dict, _parsed(result.arguments)).values())) or "Answer"
    if problem := checked(dict, value).get("error"):
        title = f"{question}: {_short(problem)}"
        return [["Callout", "warning", title, "The tool could not say more than that."]]
    texts = (cell for cell in checked(dict, value).values() if isinstance(cell, str))
    found = next((moment[1] for moment in map(_PATTERNS["time"].match, texts) if moment), "")
    time_of_day = ["Callout", "success", f"{question}: {found}", "In full:"]
    return [*([time_of_day] if found else []), ["Table", _columns(question, value)]]


def _columns(question: str, value: Any) -> dict[str, list[str]]:
    if isinstance(value, dict) and value:
        shown = list(value.items())[: LIMITS.shown_rows]
        return {question: [key for key, _ in shown], "Answer": [_short(cell) for _, cell in shown]}
    rows = value[: LIMITS.shown_rows] or ["nothing found"] if isinstance(value, list) else [value]
    if all(isinstance(row, dict) and row for row in rows):
        return {key: [_short(row.get(key, "")) for row in rows] for key in rows[0]}
    return {question: [_short(row) for row in rows]}


def _parsed(content: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content


def _short(value: object) -> str:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= LIMITS.shown_characters else words[: LIMITS.shown_characters] + " …"
