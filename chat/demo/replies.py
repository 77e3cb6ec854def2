"""The choice of a topic, by the patterns of `topics.toml` from top to bottom, and the topics with code."""

from __future__ import annotations

import re
from collections.abc import Callable
from string import Template
from typing import Any

from . import appointments, arithmetic, bookings, dates, documents, file_topics, tables, tool_topics
from .blocks import DATA, LIMITS, TEXTS, DemoAnswer, Failure, Reply, Topics, card, grouped, markdown, patterns
from .conversation import DemoRequest

_TRIP = patterns("trip")
_PATTERNS = {
    name: re.compile("|".join(data["patterns"]), re.IGNORECASE | re.DOTALL)
    for name, data in DATA.items()
    if "patterns" in data
}
_FORMS = {
    data["submit"]: name for texts in TEXTS.values() for name, data in texts.items() if "submit" in data
}


def reply(asked: DemoRequest) -> Reply:
    """Return the answer to the last message, or the tool calls that it needs; equal for equal requests."""
    if file_topics.is_asked(asked):
        return file_topics.answer(asked)
    topic = _topic_of(asked.text)
    if not topic and re.match(DATA["unknown"]["goes_on"], asked.text):
        topic = next((found for words in asked.earlier if (found := _topic_of(words))), "")
    topic = topic or "unknown"
    if "tools" in DATA[topic]:
        return tool_topics.answer(topic, asked)
    if "markdown" in DATA[topic]:
        return markdown(asked.language, topic)
    by_code = _BY_CODE.get(topic)
    return by_code(asked) if by_code else card(asked.language, topic, place=_destination(asked))


def _topic_of(words: str) -> str:
    """Return the topic that these words are about, "" for none."""
    words = words[: LIMITS.read_characters].strip()
    if arithmetic.is_asked(words):
        return "calculation"
    found = (name for name, pattern in _PATTERNS.items() if pattern.search(words))
    return _FORMS.get(words.lower()) or next(found, "")


def _destination(asked: DemoRequest) -> str:
    """Return the place that was named last, or the first one known."""
    named = (place for words in (asked.text, *asked.earlier) if (place := _place(words, asked.texts)))
    return next(named, asked.texts["trip"]["first_place"])


def _place(words: str, texts: Topics) -> str:
    known = {name.lower(): name for name in texts["trip"]["places"]} | texts["trip"]["names"]
    found = next((name for spoken, name in known.items() if spoken in words.lower()), "")
    named = _TRIP["place"].search(words) if _TRIP["journey"].search(words) else None
    return found or (named[1][: LIMITS.place_characters] if named else "")


def _plan(asked: DemoRequest) -> DemoAnswer:
    """Return the itinerary; with the form's values the plan that they make."""
    place, data = _destination(asked), asked.texts["trip"]
    if asked.values.keys() & {"dates", "budget"}:
        return _planned(asked, place)
    days = _number(_TRIP["days"].search(asked.text), data["default_days"], data["most_days"])
    title = Template(data["title"] if days > 1 else data["one_day"]).substitute(count=days, place=place)
    itinerary = _itinerary(place, days, data)
    return card(asked.language, "trip", place=place, title=title, itinerary=itinerary)


def _planned(asked: DemoRequest, place: str) -> DemoAnswer:
    data, digits = asked.texts["trip"], _TRIP["budget"].search(asked.values.get("budget", ""))
    budget = int(digits[0]) if digits else data["default_budget"]
    try:
        days = dates.span(asked.values.get("dates") or data["open_dates"], asked.now, asked.texts)
    except dates.DateRefused as reason:
        title, form = asked.texts["refused"]["trip_title"], [data["blocks"][-1]]
        return card(asked.language, "refused", title=title, reason=str(reason), form=form)
    pace = asked.values.get("pace") or "balanced"
    return card(
        asked.language,
        "planned",
        place=place,
        dates=days,
        budget=grouped(budget, asked.language),
        purposes=list(data["budget_shares"]),
        amounts=[round(budget * share) for share in data["budget_shares"].values()],
        pace=data["paces"].get(pace, pace),
        itinerary=_itinerary(place, data["default_days"], data),
    )


def _itinerary(place: str, days: int, data: dict[str, Any]) -> dict[str, str]:
    ideas = [*data["places"].get(place, data["elsewhere"]), *data["more_days"]][:days]
    day = Template(data["day"])
    return {day.substitute(number=number, title=title): more for number, (title, more) in enumerate(ideas, 1)}


def _number(found: re.Match[str] | None, default: int, most: int) -> int:
    return min(most, max(1, int(found[1]))) if found else default


def _story(asked: DemoRequest) -> DemoAnswer:
    data, paragraphs = asked.texts["story"], []
    for number in range(1, data["nights"] + 1):
        turn = {name: data[name][number % len(data[name])] for name in ("weather", "ship", "deed")}
        paragraphs.append(["TextContent", Template(data["night"]).substitute(turn, number=number)])
    return card(asked.language, "story", count=data["nights"], paragraphs=paragraphs)


def _count(asked: DemoRequest) -> DemoAnswer:
    data = DATA["count"]
    last = _number(re.search(r"(\d{1,9})", asked.text), data["default"], data["most"])
    numbers, width = [str(number) for number in range(1, last + 1)], data["numbers_a_line"]
    lines = [["TextContent", ", ".join(numbers[at : at + width])] for at in range(0, last, width)]
    return card(asked.language, "count", last=grouped(last, asked.language), lines=lines)


def _fail(asked: DemoRequest) -> Failure:
    """Return the failure that was asked for, with the words that come before it."""
    named = (kind for kind in ("refuse", "silence", "cut") if kind in asked.text.lower())
    return Failure(next(named, "fail"), card(asked.language, "failure"))


def _unknown(asked: DemoRequest) -> DemoAnswer:
    """Return a card for everything else; it repeats the question and the values of a form."""
    values, columns = asked.values, asked.texts["unknown"]["columns"]
    table = ["Table", {columns["field"]: list(values), columns["wrote"]: list(values.values())}]
    return card(asked.language, "unknown", said=asked.echo(), filled=[table] if values else [])


_BY_CODE: dict[str, Callable[[DemoRequest], Reply]] = {
    "failure": _fail,
    "story": _story,
    "count": _count,
    "appointment": appointments.answer,
    "table_file": tables.answer,
    "document": documents.answer,
    "booking": bookings.answer,
    "trip": _plan,
    "unknown": _unknown,
}
