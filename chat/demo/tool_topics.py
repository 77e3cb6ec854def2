"""The topics that need a tool: the time, arithmetic, a search in the user's own chats."""

from __future__ import annotations

import json
import re
from typing import Any

from .blocks import Answer, Block, Call, Calls, Reply, callout, header, table, text
from .conversation import Conversation, Result, Tool

ZONES = {
    "Tokyo": "Asia/Tokyo",
    "Berlin": "Europe/Berlin",
    "London": "Europe/London",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Zürich": "Europe/Zurich",
    "New York": "America/New_York",
    "San Francisco": "America/Los_Angeles",
    "São Paulo": "America/Sao_Paulo",
    "Nairobi": "Africa/Nairobi",
    "Delhi": "Asia/Kolkata",
    "Singapore": "Asia/Singapore",
    "Sydney": "Australia/Sydney",
    "UTC": "UTC",
}
MOST_CALLS = 4
"""Calls asked for at once; more places than that make no better demo."""
SHOWN_CHARACTERS = 1_000
"""Of a tool's result, what is shown."""
SHOWN_ROWS = 12

_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d)")
_PLACE = re.compile(r"\bin\s+([^\W\d_a-zß-ÿ][\w'’/-]*(?:\s[^\W\d_a-zß-ÿ][\w'’-]*)?)")
_WORDS = {
    "times": "*",
    "multiplied by": "*",
    "plus": "+",
    "minus": "-",
    "divided by": "/",
    "mal": "*",
    "geteilt durch": "/",
}
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**"})
_EXPRESSION = re.compile(r"[-(\d.][\d\s.()+*/%^-]*[\d)]")
_QUERY = re.compile(
    r"\b(?:chats?|threads?|messages?|history|conversations?)\b\s*(?:for|about|nach)?\s*[\"“]?(.+?)[\"”?.!]*$",
    re.IGNORECASE,
)


def expression(words: str) -> str:
    """The first arithmetic expression with an operator in it, or ""."""
    for spoken, sign in _WORDS.items():
        words = re.sub(rf"(?<=[\d)])\s+{spoken}\s+(?=[\d(-])", f" {sign} ", words, flags=re.IGNORECASE)
    words = re.sub(r"(?<=\d)\s*x\s*(?=\d)", "*", words).translate(_SIGNS)
    found = (match[0].strip() for match in _EXPRESSION.finditer(words))
    return next((text for text in found if re.search(r"[\d)]\s*[-+*/%^]+\s*[-(\d.]", text)), "")


def places(words: str) -> list[str]:
    """The places that are named: known ones, else what follows "in"."""
    known = [city for city in ZONES if re.search(rf"\b{re.escape(city)}\b", words, re.IGNORECASE)]
    named = _PLACE.search(words)
    return known[:MOST_CALLS] or ([named[1]] if named else [])


def clock(asked: Conversation) -> Reply:
    if asked.results:
        return _told(asked, "The time")
    tool = asked.tool("time", "clock")
    if not tool:
        return _missing("a clock", "what time it is")
    return Calls(
        tuple(Call(tool.name, _clock_arguments(tool, place)) for place in places(asked.text) or [""])
    )


def _clock_arguments(tool: Tool, place: str) -> str:
    given: dict[str, Any] = {}
    for name in tool.properties:
        if re.search(r"zone|tz", name, re.IGNORECASE):
            given[name] = ZONES.get(place, place or "UTC")
        elif re.search(r"city|place|location|where", name, re.IGNORECASE):
            given[name] = place or "UTC"
    wanted = given if place else {name: value for name, value in given.items() if name in tool.required}
    return _arguments(tool, wanted, place)


def calculation(asked: Conversation) -> Reply:
    if asked.results:
        return _told(asked, "The result")
    tool = asked.tool("calc", "arith", "math")
    if not tool:
        return _missing("a calculator", "what that makes")
    return Calls(
        (Call(tool.name, _text_argument(tool, expression(asked.text), r"expr|formula|calculation|term")),)
    )


def search(asked: Conversation) -> Reply:
    if asked.results:
        return _told(asked, "In your chats")
    tool = asked.tool("search")
    if not tool:
        return _missing("a search", "what is in your chats")
    found = _QUERY.search(asked.text)
    return Calls(
        (
            Call(
                tool.name,
                _text_argument(tool, found[1] if found else asked.text, r"query|text|words|term|^q$"),
            ),
        )
    )


def _text_argument(tool: Tool, value: str, names: str) -> str:
    texts = [name for name, schema in tool.properties.items() if _type(schema) == "string"]
    fitting = [name for name in texts if re.search(names, name, re.IGNORECASE)]
    return _arguments(tool, dict.fromkeys((fitting or texts)[:1], value), value)


def _type(schema: object) -> object:
    return schema.get("type", "string") if isinstance(schema, dict) else "string"


def _arguments(tool: Tool, given: dict[str, Any], fallback: str) -> str:
    """The arguments as JSON text, with something of the right type for what is required besides."""
    by_type: dict[object, Any] = {"integer": 1, "number": 1, "boolean": False, "array": [], "object": {}}
    rest = sorted(tool.required - given.keys())
    others = {name: by_type.get(_json_name(_type(tool.properties.get(name))), fallback) for name in rest}
    return json.dumps({**given, **others}, ensure_ascii=False)


def _json_name(kind: object) -> object:
    return kind if isinstance(kind, str) else "string"


def _missing(thing: str, question: str) -> Answer:
    return Answer(
        (
            header(f"I have no {thing.rsplit(maxsplit=1)[-1]}"),
            text(
                f"This request offers me no tool that is {thing}, so I cannot know {question}, and I do not guess."
            ),
        ),
        ("What can you do?",),
    )


def _told(asked: Conversation, title: str) -> Answer:
    shown = [block for result in asked.results for block in _result_blocks(result)]
    return Answer(
        (header(title, f"Asked of the tool “{asked.results[0].name}”"), *shown),
        ("What time is it in Tokyo and in New York?", "What is 12*(3+4)?"),
    )


def _result_blocks(result: Result) -> list[Block]:
    """A tool's words are foreign words: they stand in titles and cells, which no page reads as markdown."""
    value, question = _parsed(result.content), _question(result.arguments) or "Answer"
    if isinstance(value, dict) and value.get("error"):
        return [
            callout(
                "warning", f"{question}: {_short(value['error'])}", "The tool could not say more than that."
            )
        ]
    if isinstance(value, dict) and value:
        return [*_time_of_day(question, value), _record(question, value)]
    if isinstance(value, list):
        return [_rows(question, value)]
    return [table({question: [_short(value)]})]


def _time_of_day(question: str, value: dict[str, Any]) -> list[Block]:
    moments = (_ISO_TIME.match(words) for words in value.values() if isinstance(words, str))
    return [callout("success", f"{question}: {found[1]}", "In full:") for found in moments if found][:1]


def _record(question: str, value: dict[str, Any]) -> Block:
    rows = dict(list(value.items())[:SHOWN_ROWS])
    return table({question: [str(key) for key in rows], "Answer": [_short(row) for row in rows.values()]})


def _rows(question: str, found: list[Any]) -> Block:
    rows = found[:SHOWN_ROWS] or ["nothing found"]
    if not all(isinstance(row, dict) and row for row in rows):
        return table({question: [_short(row) for row in rows]})
    return table({key: [_short(row.get(key, "")) for row in rows] for key in rows[0]})


def _parsed(content: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content


def _question(arguments: str) -> str:
    given = _parsed(arguments)
    return ", ".join(_short(value) for value in given.values()) if isinstance(given, dict) else ""


def _short(value: object) -> str:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= SHOWN_CHARACTERS else words[:SHOWN_CHARACTERS] + " …"
