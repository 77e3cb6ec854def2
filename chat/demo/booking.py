"""The topic "book a table": the values of its form, or of one sentence. Nothing is really booked."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .blocks import DATA, DemoAnswer, card
from .conversation import DemoRequest

_PATTERNS = {name: re.compile(pattern) for name, pattern in DATA["booking"]["said"].items()}


def book(asked: DemoRequest) -> DemoAnswer:
    """Return the form; the confirmation where the form's values or a whole sentence came."""
    came = asked.values if asked.values.keys() & {"time", "guests"} else {}
    values = came or _spoken(asked.text)
    return _confirmed(values) if values else card("booking")


def _spoken(words: str) -> dict[str, str]:
    found = {name: match for name, pattern in _PATTERNS.items() if (match := pattern.search(words))}
    if not found.keys() >= {"guests", "time"}:
        return {}
    values = {name: match[match.lastindex or 0] for name, match in found.items()}
    return values | {"time": _clock(found["time"])}


def _clock(found: re.Match[str]) -> str:
    hour, minute, noon_hour, half, full_hour = found.groups()
    if noon_hour:
        return f"{int(noon_hour) % 12 + (12 if half.lower() == 'p' else 0):02}:00"
    return f"{int(hour or full_hour):02}:{minute or '00'}"


def _confirmed(values: Mapping[str, str]) -> DemoAnswer:
    labels = DATA["booked"]["labels"]
    shown = [labels.get(name, name) for name in values]
    greeting = f"See you soon, {values['name']}!" if values.get("name") else "See you soon!"
    return card("booked", greeting=greeting, labels=shown, choices=list(values.values()))
