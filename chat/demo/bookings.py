"""The booking of a table, by a form or in one sentence, for a day and time that are still to come."""

from __future__ import annotations

import re
from datetime import time
from string import Template

from . import dates
from .blocks import DemoAnswer, card, patterns
from .conversation import DemoRequest

_DETAILS = patterns("booking")


def answer(asked: DemoRequest) -> DemoAnswer:
    """Return the form; the confirmation where the form's values or a whole sentence came; else the reason why not."""
    try:
        values = _from_form(asked) if asked.values.keys() & {"time", "guests"} else _from_sentence(asked)
    except dates.DateRefused as reason:
        form = asked.texts["shared"]["booking_form"]
        title = asked.texts["refused"]["title"]
        return card(asked.language, "refused", title=title, reason=str(reason), form=form)
    return _booked(asked, values) if values else card(asked.language, "booking")


def _booked(asked: DemoRequest, values: dict[str, str]) -> DemoAnswer:
    texts = asked.texts["booked"]
    shown = [texts["labels"].get(field, field) for field in values]
    name = values.get("name")
    greeting = Template(texts["greeting_by_name"]).substitute(name=name) if name else texts["greeting"]
    return card(asked.language, "booked", greeting=greeting, labels=shown, choices=list(values.values()))


def _from_form(asked: DemoRequest) -> dict[str, str]:
    day = dates.parsed(asked.values.get("date", ""))
    if day is None:
        return dict(asked.values)
    dates.check(day, asked.now, asked.texts, _clock(_DETAILS["time"].search(asked.values.get("time", ""))))
    return {**asked.values, "date": dates.full(day, asked.texts)}


def _from_sentence(asked: DemoRequest) -> dict[str, str]:
    """Return the details of a sentence with a time and a number of guests, none for any other."""
    names = ("name", "time", "guests")
    found = {name: match for name in names if (match := _DETAILS[name].search(asked.text))}
    at = _clock(found.get("time"))
    if "guests" not in found or at is None:
        return {}
    day = dates.day_in(asked.text, asked.now, at, asked.texts)
    dates.check(day, asked.now, asked.texts, at)
    name = found["name"][1] if "name" in found and not dates.names_a_day(found["name"][1]) else ""
    guests = next(filter(None, found["guests"].groups()))
    return {
        **({"name": name} if name else {}),
        "date": dates.full(day, asked.texts),
        "time": f"{at:%H:%M}",
        "guests": guests,
    }


def _clock(found: re.Match[str] | None) -> time | None:
    if found is None:
        return None
    hour, minute, noon_hour, half, full_hour = found.groups()
    if noon_hour:
        return time(int(noon_hour) % 12 + (12 if half.lower() == "p" else 0))
    return time(int(hour or full_hour), int(minute or 0))
