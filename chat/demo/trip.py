"""The topic "plan a trip": an itinerary, a form for dates and budget, and what follows from them."""

from __future__ import annotations

import re

from .blocks import (
    Answer,
    callout,
    choice,
    date,
    form,
    header,
    pie,
    slider,
    steps,
    table,
    tags,
    text,
)
from .conversation import Conversation

FORM = "trip"
SUBMIT = "Plan my trip with these dates"
DEFAULT_DAYS, MOST_DAYS = 3, 5

CANDIDATE_FOLDERS = {
    "Lisbon": (
        ("Alfama on foot", "Tram 28 up the hill, the castle of São Jorge, fado in the evening 🎶"),
        ("Belém", "The monastery, a pastel de nata still warm, the MAAT by the river"),
        ("Sintra", "By train to Pena Palace; book the first slot, it fills up"),
    ),
    "Kyoto": (
        ("Higashiyama", "Kiyomizu-dera at seven, before the crowds; tea in Gion 🍵"),
        ("Arashiyama", "The bamboo grove, the river, tofu for lunch – 京都"),
        ("Fushimi Inari", "Up through the red gates; sake breweries on the way down"),
    ),
    "Copenhagen": (
        ("The harbour", "By bike along Nyhavn, a swim at Islands Brygge 🚲"),
        ("Nørrebro", "Smørrebrød, Assistens Kirkegård, coffee at Jægersborggade"),
        ("Louisiana", "The train to Humlebæk: art and a view of the Øresund"),
    ),
}
ELSEWHERE = (
    ("Arrive and look around", "The old town on foot, dinner where the locals queue"),
    ("The one great sight", "Early, before the crowds; a long lunch afterwards"),
    ("A market and a museum", "Buy a picnic at the first, sit down in the second"),
)
MORE_DAYS = (
    ("Out of town", "A local train to the end of the line, and a walk back"),
    ("Nothing at all", "Sleep late, choose what you liked best, and do it again"),
)
BUDGET_SHARES = {"Sleeping": 0.45, "Food": 0.25, "Getting there": 0.2, "Sights": 0.1}
DEFAULT_BUDGET = 900
"""Euros for one person."""

_PLACE = re.compile(r"\b(?:to|in|nach|for)\s+((?:[^\W\d_a-zß-ÿ][\w'’-]*)(?:\s[^\W\d_a-zß-ÿ][\w'’-]*)?)")
_DAYS = re.compile(r"(\d{1,3})[\s-]*(?:days?|nights?|tage?)\b", re.IGNORECASE)
_NAMES = {"lissabon": "Lisbon", "lisboa": "Lisbon", "京都": "Kyoto", "kopenhagen": "Copenhagen"}


def destination(asked: Conversation) -> str:
    """The place that was named last, or Lisbon."""
    return next((place for words in (asked.text, *asked.earlier) if (place := _place(words))), "Lisbon")


def _place(words: str) -> str:
    lowered = words.lower()
    known = next((name for name in CANDIDATE_FOLDERS if name.lower() in lowered), "")
    other = next((name for spoken, name in _NAMES.items() if spoken in lowered), "")
    named = (
        _PLACE.search(words)
        if re.search(r"trip|travel|holiday|vacation|weekend|reise|urlaub", lowered)
        else None
    )
    return known or other or (named[1][:40] if named else "")


def _days(words: str) -> int:
    found = _DAYS.search(words)
    return min(MOST_DAYS, max(1, int(found[1]))) if found else DEFAULT_DAYS


def _itinerary(place: str, days: int) -> dict[str, str]:
    ideas = (*CANDIDATE_FOLDERS.get(place, ELSEWHERE), *MORE_DAYS)[:days]
    return {f"Day {number}: {title}": details for number, (title, details) in enumerate(ideas, 1)}


def _follow_ups(place: str) -> tuple[str, ...]:
    return (
        f"Make the trip to {place} cheaper",
        f"What should I pack for {place}?",
        "Book a table for dinner",
    )


def plan(asked: Conversation) -> Answer:
    """The itinerary; with the form's values the plan that they make."""
    place = destination(asked)
    if asked.values.keys() & {"dates", "budget"}:
        return _planned(asked, place)
    days = _days(asked.text)
    details = {
        "When": date("dates", "range"),
        "Budget in euros, per person": slider("budget", 200, 3000, 50, DEFAULT_BUDGET),
        "How": choice(
            "pace", {"calm": "Calm", "balanced": "A bit of both", "full": "See everything"}, "Choose one"
        ),
    }
    return Answer(
        (
            header(
                f"{days} days in {place}" if days > 1 else f"A day in {place}", "A first idea, easy to change"
            ),
            steps(_itinerary(place, days)),
            tags(["on foot", "good food", "one museum a day at most"]),
            text("Tell me when and how, and I will work it out:"),
            form(FORM, SUBMIT, details),
        ),
        _follow_ups(place),
    )


def _budget(asked: Conversation) -> int:
    digits = re.search(r"\d{1,7}", asked.values.get("budget", ""))
    return int(digits[0]) if digits else DEFAULT_BUDGET


def _planned(asked: Conversation, place: str) -> Answer:
    budget = _budget(asked)
    split = {name: round(budget * share) for name, share in BUDGET_SHARES.items()}
    return Answer(
        (
            header(f"Your trip to {place}", asked.values.get("dates", "Dates still open")),
            callout(
                "success",
                "Planned",
                f"{budget:,} € per person, split like this:",
            ),
            pie(list(split), list(split.values())),
            table({"For": list(split), "Euros": list(split.values())}),
            tags([f"pace: {asked.values.get('pace') or 'balanced'}", "everything can still change"]),
            steps(_itinerary(place, DEFAULT_DAYS)),
        ),
        _follow_ups(place),
    )


def cheaper(asked: Conversation) -> Answer:
    place = destination(asked)
    return Answer(
        (
            header(f"{place} for less", "About a third off, without missing much"),
            table(
                {
                    "What": ("Sleeping", "Food", "Getting there"),
                    "Instead of": ("Hotel in the centre", "Restaurants", "Friday flight"),
                    "Take": (
                        "Guesthouse two stops out",
                        "Market lunch, one good dinner",
                        "Tuesday flight or night train",
                    ),
                    "Saves, €": (130, 70, 90),
                }
            ),
            callout("success", "Saved", "290 € of 900 € per person."),
        ),
        (f"Plan a trip to {place}", f"What should I pack for {place}?"),
    )


def pack(asked: Conversation) -> Answer:
    place = destination(asked)
    return Answer(
        (
            header(f"Packing for {place}"),
            steps(
                {
                    "To walk in": "Shoes you have worn before; the cobbles forgive nothing",
                    "Against the weather": "A light jacket, a cap, a small umbrella ☂️",
                    "For the bag": "Charger, water bottle, card and some cash",
                }
            ),
        ),
        (f"Plan a trip to {place}", f"Make the trip to {place} cheaper"),
    )
