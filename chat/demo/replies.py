"""The choice of a topic, by the patterns of `topics.toml` from top to bottom, and the topics with code."""

from __future__ import annotations

import re
from collections.abc import Callable
from string import Template

from . import arithmetic, tool_topics
from .blocks import DATA, LIMITS, DemoAnswer, Failure, Reply, card, patterns
from .conversation import DemoRequest

_BOOKING, _TRIP = patterns("booking"), patterns("trip")
_PATTERNS = {
    name: re.compile("|".join(data["patterns"]), re.IGNORECASE | re.DOTALL)
    for name, data in DATA.items()
    if "patterns" in data
}
_FORMS = {data["submit"]: name for name, data in DATA.items() if "submit" in data}


def reply(asked: DemoRequest) -> Reply:
    """Return the answer to the last message, or the tool calls that it needs; equal for equal requests."""
    topic = _topic_of(asked.text)
    if not topic and re.match(DATA["unknown"]["goes_on"], asked.text):
        topic = next((found for words in asked.earlier if (found := _topic_of(words))), "")
    topic = topic or "unknown"
    if "tools" in DATA[topic]:
        return tool_topics.answer(topic, asked)
    by_code = _BY_CODE.get(topic)
    return by_code(asked) if by_code else card(topic, place=_destination(asked))


def _topic_of(words: str) -> str:
    """Return the topic that these words are about, "" for none."""
    words = words[: LIMITS.read_characters].strip()
    if arithmetic.is_asked(words):
        return "calculation"
    found = (name for name, pattern in _PATTERNS.items() if pattern.search(words))
    return _FORMS.get(words.lower()) or next(found, "")


def _book(asked: DemoRequest) -> DemoAnswer:
    """Return the form; the confirmation where the form's values or a whole sentence came."""
    filled_in = asked.values.keys() & {"time", "guests"}
    values = asked.values if filled_in else _booking_in_words(asked.text)
    if not values:
        return card("booking")
    labels, name = DATA["booked"]["labels"], values.get("name")
    shown = [labels.get(field, field) for field in values]
    greeting = f"See you soon, {name}!" if name else "See you soon!"
    return card("booked", greeting=greeting, labels=shown, choices=list(values.values()))


def _booking_in_words(words: str) -> dict[str, str]:
    found = {name: match for name, pattern in _BOOKING.items() if (match := pattern.search(words))}
    if not found.keys() >= {"guests", "time"}:
        return {}
    values = {name: match[match.lastindex or 0] for name, match in found.items()}
    return values | {"time": _clock(found["time"])}


def _clock(found: re.Match[str]) -> str:
    hour, minute, noon_hour, half, full_hour = found.groups()
    if noon_hour:
        return f"{int(noon_hour) % 12 + (12 if half.lower() == 'p' else 0):02}:00"
    return f"{int(hour or full_hour):02}:{minute or '00'}"


def _destination(asked: DemoRequest) -> str:
    """Return the place that was named last, or Lisbon."""
    return next((place for words in (asked.text, *asked.earlier) if (place := _place(words))), "Lisbon")


def _place(words: str) -> str:
    known = {name.lower(): name for name in DATA["trip"]["places"]} | DATA["trip"]["names"]
    found = next((name for spoken, name in known.items() if spoken in words.lower()), "")
    named = _TRIP["place"].search(words) if _TRIP["journey"].search(words) else None
    return found or (named[1][: LIMITS.place_characters] if named else "")


def _plan(asked: DemoRequest) -> DemoAnswer:
    """Return the itinerary; with the form's values the plan that they make."""
    place, data = _destination(asked), DATA["trip"]
    if asked.values.keys() & {"dates", "budget"}:
        return _planned(asked, place)
    days = _number(_TRIP["days"].search(asked.text), data["default_days"], data["most_days"])
    title = f"{days} days in {place}" if days > 1 else f"A day in {place}"
    return card("trip", place=place, title=title, itinerary=_itinerary(place, days))


def _planned(asked: DemoRequest, place: str) -> DemoAnswer:
    data, digits = DATA["trip"], _TRIP["budget"].search(asked.values.get("budget", ""))
    budget = int(digits[0]) if digits else data["default_budget"]
    return card(
        "planned",
        place=place,
        dates=asked.values.get("dates", "Dates still open"),
        budget=f"{budget:,}",
        purposes=list(data["budget_shares"]),
        amounts=[round(budget * share) for share in data["budget_shares"].values()],
        pace=asked.values.get("pace") or "balanced",
        itinerary=_itinerary(place, data["default_days"]),
    )


def _itinerary(place: str, days: int) -> dict[str, str]:
    places, elsewhere, more_days = (DATA["trip"][name] for name in ("places", "elsewhere", "more_days"))
    ideas = [*places.get(place, elsewhere), *more_days][:days]
    return {f"Day {number}: {title}": details for number, (title, details) in enumerate(ideas, 1)}


def _number(found: re.Match[str] | None, default: int, most: int) -> int:
    return min(most, max(1, int(found[1]))) if found else default


def _story(_asked: DemoRequest) -> DemoAnswer:
    data, paragraphs = DATA["story"], []
    for number in range(1, data["nights"] + 1):
        turn = {name: data[name][number % len(data[name])] for name in ("weather", "ship", "deed")}
        paragraphs.append(["TextContent", Template(data["night"]).substitute(turn, number=number)])
    return card("story", count=data["nights"], paragraphs=paragraphs)


def _count(asked: DemoRequest) -> DemoAnswer:
    data = DATA["count"]
    last = _number(re.search(r"(\d{1,9})", asked.text), data["default"], data["most"])
    numbers, width = [str(number) for number in range(1, last + 1)], data["numbers_a_line"]
    lines = [["TextContent", ", ".join(numbers[at : at + width])] for at in range(0, last, width)]
    return card("count", last=f"{last:,}", lines=lines)


def _fail(asked: DemoRequest) -> Failure:
    """Return the failure that was asked for, with the words that come before it."""
    named = (kind for kind in ("refuse", "silence", "cut") if kind in asked.text.lower())
    return Failure(next(named, "fail"), card("failure"))


def _unknown(asked: DemoRequest) -> DemoAnswer:
    """Return a card for everything else; it repeats the question and the values of a form."""
    values = asked.values
    table = ["Table", {"Field": list(values), "You wrote": list(values.values())}]
    return card("unknown", said=asked.echo(), filled=[table] if values else [])


_BY_CODE: dict[str, Callable[[DemoRequest], Reply]] = {
    "failure": _fail,
    "story": _story,
    "count": _count,
    "booking": _book,
    "trip": _plan,
    "unknown": _unknown,
}
