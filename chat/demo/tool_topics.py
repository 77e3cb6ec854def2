"""The topics that need a tool: the time, arithmetic, a search in the user's own chats."""

from __future__ import annotations

import json
import re
from string import Template
from typing import Any

from chat.testing.script import Call

from . import arithmetic, calculator
from .blocks import DATA, LIMITS, Calls, Reply, card, grouped, patterns
from .conversation import DemoRequest, DemoToolResult, OfferedTool, checked

_PATTERNS = patterns("tools")


def answer(topic: str, asked: DemoRequest) -> Reply:
    """Return the results of the topic's tool, the calls that it needs, or the lack of it."""
    data, language = asked.texts[topic], asked.language
    if asked.results:
        blocks = [one for result in asked.results for one in _result_blocks(result, asked)]
        return card(language, "result", title=data["title"], tool=asked.results[0].name, shown=blocks)
    tool = asked.tool(*data["tools"])
    if topic == "calculation":
        return _calculation(asked, tool)
    if not tool:
        thing = asked.texts["no_tool"]["things"][topic]
        return card(language, "no_tool", thing=thing, question=data["question"])
    arguments = _clock_arguments if topic == "clock" else _text_arguments
    return Calls(tuple(Call(tool.name, arguments(tool, value)) for value in _wanted(topic, asked.text)))


def _calculation(asked: DemoRequest, tool: OfferedTool | None) -> Reply:
    """Return the call of a calculator; without one the result, and a sentence for a sum that has none."""
    language = asked.language
    try:
        expression = arithmetic.expression(asked.text, language)
        value = calculator.written(calculator.result(expression), language)
    except arithmetic.AmbiguousSum as problem:
        return card(language, "ambiguous", said=asked.echo(), reason=problem.sentence(language))
    except calculator.NoResult as problem:
        reason = Template(asked.texts["impossible"][str(problem)]).substitute(digits=LIMITS.digits)
        return card(language, "impossible", said=asked.echo(), reason=reason)
    if tool:
        return Calls((Call(tool.name, _text_arguments(tool, expression)),))
    return card(language, "computed", value=value, sum=asked.echo())


def _wanted(topic: str, words: str) -> list[str]:
    """Return a query, or places: known ones, else the words after "in", else an empty one."""
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


def _result_blocks(result: DemoToolResult, asked: DemoRequest) -> list[list[Any]]:
    """Return a tool's result in titles and cells, which no page reads as markdown."""
    value, texts = _parsed(result.content), asked.texts["result"]
    question = ", ".join(map(_short, checked(dict, _parsed(result.arguments)).values())) or texts["answer"]
    if problem := checked(dict, value).get("error"):
        title = f"{question}: {_short(problem)}"
        return [["Callout", "warning", title, texts["no_more"]]]
    cells = (cell for cell in checked(dict, value).values() if isinstance(cell, str))
    found = next((moment[1] for moment in map(_PATTERNS["time"].match, cells) if moment), "")
    time_of_day = ["Callout", "success", f"{question}: {found}", texts["in_full"]]
    columns = _columns(question, _number(value, asked.language), texts)
    return [*([time_of_day] if found else []), ["Table", columns]]


def _number(value: Any, language: str) -> Any:
    """Return a number as the language writes it, without the noise of its last binary digits; other values as they are."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return grouped(value if isinstance(value, int) else f"{value:,.12g}", language)


def _columns(question: str, value: Any, texts: dict[str, Any]) -> dict[str, list[str]]:
    if isinstance(value, dict) and value:
        shown = list(value.items())[: LIMITS.shown_rows]
        return {question: [key for key, _ in shown], texts["answer"]: [_short(cell) for _, cell in shown]}
    rows = value[: LIMITS.shown_rows] or [texts["nothing"]] if isinstance(value, list) else [value]
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
