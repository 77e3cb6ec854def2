"""Days of the calendar: read from a sentence or a form, and written in a language. None of them lies in the past."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from string import Template

from .blocks import DATA, TEXTS, Topics

_FORMS = [re.compile(DATA["calendar"][name]) for name in ("iso", "dotted", "day_first", "month_first")]
_DAYS = {re.compile(rf"(?i)\b(?:{words})\b"): days for words, days in DATA["booking"]["days"].items()}
_WEEKDAYS = {re.compile(rf"(?i)\b(?:{words})\b"): day for words, day in DATA["booking"]["weekdays"].items()}


class DateRefused(ValueError):
    """A day or time that cannot be booked; the message is a sentence for the user."""


def day_in(words: str, now: datetime, at: time | None, texts: Topics) -> date:
    """Return the day that a sentence names; without one the next on which `at` is still to come. Raise DateRefused."""
    today = now.date()
    upcoming = today if at is None or at > now.time() else today + timedelta(1)
    if named := next(_named(words, today, texts), None):
        return named
    for pattern, days in reversed(_DAYS.items()):
        if pattern.search(words):
            return today + timedelta(days)
    weekday = next((day for pattern, day in _WEEKDAYS.items() if pattern.search(words)), upcoming.weekday())
    return upcoming + timedelta((weekday - upcoming.weekday()) % 7)


def _named(words: str, today: date, texts: Topics) -> Iterator[date]:
    """Yield the days that are named by their numbers; without a year the next one."""
    for match in (found for form in _FORMS for found in form.finditer(words)):
        month = _month(match["month"])
        if not month or (month > 12 and not match["year"]):
            continue
        year = int(match["year"] or today.year)
        try:
            day = date(year, month, int(match["date"]))
        except ValueError:
            raise DateRefused(_sentence(texts, "none", day=match[0].strip(" ,."))) from None
        if not match["year"] and day < today:
            with suppress(ValueError):  # 29 February
                day = day.replace(year=year + 1)
        yield day


def _month(written: str) -> int:
    """Return the number of a month, 0 for any other word."""
    if written.isdigit():
        return int(written)
    names = [name.lower() for texts in TEXTS.values() for name in texts["calendar"]["months"]]
    short = written.lower()
    return next(
        (index % 12 + 1 for index, name in enumerate(names) if len(short) > 2 and name.startswith(short)), 0
    )


def names_a_day(word: str) -> bool:
    """Return whether a word is a weekday or a month, and no one's name."""
    return bool(_month(word) or any(pattern.fullmatch(word) for pattern in (*_DAYS, *_WEEKDAYS)))


def parsed(value: str) -> date | None:
    """Return the day of a form's value, None for anything else."""
    with suppress(ValueError):
        return date.fromisoformat(value)
    return None


def check(day: date, now: datetime, texts: Topics, at: time | None = None) -> None:
    """Raise DateRefused for a day in the past or too far away, or for a time that has passed today."""
    written = full(day, texts)
    if day < now.date():
        raise DateRefused(_sentence(texts, "past", day=written))
    if at is not None and datetime.combine(day, at, now.tzinfo) <= now:
        raise DateRefused(_sentence(texts, "late", day=written, time=f"{at:%H:%M}"))
    if day > now.date() + timedelta(texts["booking"]["most_days"]):
        raise DateRefused(_sentence(texts, "far", day=written))


def full(day: date, texts: Topics) -> str:
    """Return a day with its weekday, as the language writes it."""
    names = texts["calendar"]
    weekday, month = names["weekdays"][day.weekday()], names["months"][day.month - 1]
    return Template(names["day"]).substitute(weekday=weekday, date=day.day, month=month, year=day.year)


def span(value: str, now: datetime, texts: Topics) -> str:
    """Return a form's range of days in words, other values as they are. Raise DateRefused."""
    days = [parsed(part) for part in value.split("/")]
    known = [day for day in days if day]
    if not known or len(known) != len(days):
        return value
    for day in known:
        check(day, now, texts)
    if known != sorted(known):
        raise DateRefused(_sentence(texts, "backwards"))
    first, last = full(known[0], texts), full(known[-1], texts)
    return first if len(known) == 1 else Template(texts["shared"]["range"]).substitute(first=first, last=last)


def _sentence(texts: Topics, name: str, **values: str) -> str:
    return Template(texts["refused"][name]).substitute(values)
