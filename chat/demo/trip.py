"""The topic "plan a trip": place, days and budget of the question."""

from __future__ import annotations

import re

from .blocks import DATA, DemoAnswer, card
from .conversation import DemoRequest

DEFAULT_DAYS, MOST_DAYS = 3, 5
DEFAULT_BUDGET = 900
"""Euros for one person."""
PLACE_CHARACTERS = 40
"""The longest part of a place's name that is repeated."""

_TRIP = DATA["trip"]
_PLACE = re.compile(r"\b(?:to|in|nach|for)\s+((?:[^\W\d_a-zß-ÿ][\w'’-]*)(?:\s[^\W\d_a-zß-ÿ][\w'’-]*)?)")
_JOURNEY = re.compile(r"trip|travel|holiday|vacation|weekend|reise|urlaub", re.IGNORECASE)
_DAYS = re.compile(r"(\d{1,3})[\s-]*(?:days?|nights?|tage?)\b", re.IGNORECASE)


def destination(asked: DemoRequest) -> str:
    """Return the place that was named last, or Lisbon."""
    return next((place for words in (asked.text, *asked.earlier) if (place := _place(words))), "Lisbon")


def _place(words: str) -> str:
    lowered = words.lower()
    known = {name.lower(): name for name in _TRIP["places"]} | _TRIP["names"]
    found = next((name for spoken, name in known.items() if spoken in lowered), "")
    named = _PLACE.search(words) if _JOURNEY.search(words) else None
    return found or (named[1][:PLACE_CHARACTERS] if named else "")


def _itinerary(place: str, days: int) -> dict[str, str]:
    ideas = [*_TRIP["places"].get(place, _TRIP["elsewhere"]), *_TRIP["more_days"]][:days]
    return {f"Day {number}: {title}": details for number, (title, details) in enumerate(ideas, 1)}


def plan(asked: DemoRequest) -> DemoAnswer:
    """Return the itinerary; with the form's values the plan that they make."""
    place = destination(asked)
    if asked.values.keys() & {"dates", "budget"}:
        return _planned(asked, place)
    found = _DAYS.search(asked.text)
    days = min(MOST_DAYS, max(1, int(found[1]))) if found else DEFAULT_DAYS
    title = f"{days} days in {place}" if days > 1 else f"A day in {place}"
    return card("trip", place=place, title=title, itinerary=_itinerary(place, days))


def _planned(asked: DemoRequest, place: str) -> DemoAnswer:
    digits = re.search(r"\d{1,7}", asked.values.get("budget", ""))
    budget = int(digits[0]) if digits else DEFAULT_BUDGET
    return card(
        "planned",
        place=place,
        dates=asked.values.get("dates", "Dates still open"),
        budget=f"{budget:,}",
        purposes=list(_TRIP["budget_shares"]),
        amounts=[round(budget * share) for share in _TRIP["budget_shares"].values()],
        pace=asked.values.get("pace") or "balanced",
        itinerary=_itinerary(place, DEFAULT_DAYS),
    )
