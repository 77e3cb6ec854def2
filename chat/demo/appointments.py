"""An entry in the make-believe calendar: a tool that runs only after the user has approved its call."""

from __future__ import annotations

import json
import re
from datetime import time

from chat.testing.script import Call

from . import dates
from .blocks import LIMITS, Calls, Reply, card, patterns
from .conversation import DemoRequest, checked

_DETAILS = patterns("appointment")


def answer(asked: DemoRequest) -> Reply:
    """Return the call of the calendar, or what became of it; without a calendar the lack of one."""
    if asked.results:
        return _told(asked)
    texts, tool = asked.texts["appointment"], asked.tool("calendar")
    if tool is None:
        thing = asked.texts["no_tool"]["things"]["appointment"]
        return card(asked.language, "no_tool", thing=thing, question=texts["question"])
    at = _time(_DETAILS["time"].search(asked.text)) or time(19, 30)
    try:
        day = dates.day_in(asked.text, asked.now, at, asked.texts)
        dates.check(day, asked.now, asked.texts, at)
    except dates.DateRefused as reason:
        title = asked.texts["refused"]["entry_title"]
        return card(asked.language, "refused", title=title, reason=str(reason), form=[])
    entry = {"title": _title(asked), "day": day.isoformat(), "time": f"{at:%H:%M}"}
    return Calls((Call(tool.name, json.dumps(entry, ensure_ascii=False)),))


def _title(asked: DemoRequest) -> str:
    named = _DETAILS["title"].search(asked.text)
    title = named[1][: LIMITS.place_characters] if named else asked.texts["appointment"]["entry"]
    return title[:1].upper() + title[1:]


def _time(found: re.Match[str] | None) -> time | None:
    return time(int(found[1]), int(found[2] or 0)) if found else None


def _told(asked: DemoRequest) -> Reply:
    """Return the entry as it stands in the calendar; one that was not allowed does not."""
    try:
        entry = checked(dict, json.loads(asked.results[-1].content))
    except (ValueError, RecursionError):
        entry = {}
    if "title" not in entry:
        return card(asked.language, "appointment_refused")
    day = dates.parsed(str(entry.get("day", "")))
    shown = dates.full(day, asked.texts) if day else str(entry.get("day", ""))
    labels, values = (
        asked.texts["appointment"]["labels"],
        [str(entry["title"]), shown, str(entry.get("time", ""))],
    )
    return card(asked.language, "appointment", labels=labels, choices=values)
