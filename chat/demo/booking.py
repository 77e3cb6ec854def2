"""The topic "book a table": a form, its confirmation, and second thoughts. Nothing is really booked."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .blocks import (
    Answer,
    Block,
    callout,
    choice,
    date,
    entry,
    form,
    header,
    table,
    text,
)
from .conversation import Conversation

FORM = "booking"
SUBMIT = "Book the table"
LABELS = {"name": "Name", "date": "Date", "time": "Time", "guests": "Guests", "wishes": "Wishes"}
TIMES = ("18:00", "18:30", "19:00", "19:30", "20:00", "20:30", "21:00")

_GUESTS = re.compile(
    r"(\d{1,3})\s*(?:people|persons?|guests?|personen|leute|gäste)|\b(?:for|für)\s+(\d{1,3})\b(?!\s*[:.]\d)",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b([01]?\d|2[0-3])(?::|\.)([0-5]\d)\b|\b(1[0-2]|[1-9])\s*([ap])\.?m\b|\b([01]?\d|2[0-3])\s*uhr\b",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"\b(today|tonight|tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)day|heute|morgen|\w+tag|\d{4}-\d\d-\d\d)\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"\b(?:name is|under the name(?: of)?|for|auf den namen|für)\s+([^\W\d_a-zß-ÿ][\w'’-]{0,39})"
)


def _form() -> Block:
    guests = {str(number): f"{number} guests" if number > 1 else "1 guest" for number in range(1, 9)}
    return form(
        FORM,
        SUBMIT,
        {
            "Name": entry("name", "Ana Müller", required=True, maxLength=60),
            "Date": date("date", "single"),
            "Time": choice("time", dict(zip(TIMES, TIMES, strict=True)), "When?"),
            "Guests": choice("guests", guests, "How many?"),
            "Wishes": entry("wishes", "By the window, a high chair …"),
        },
    )


def book(asked: Conversation) -> Answer:
    """The form; the confirmation where the values came with it or were said in the sentence."""
    came = asked.values if asked.values.keys() & {"time", "guests"} else {}
    values = came or _spoken(asked.text)
    if values:
        return _confirmed(values)
    return Answer(
        (
            header("Book a table", "Café Olé, open from 18:00 to 23:00"),
            text("Fill in the form – or write it in one sentence, like “a table for 4 on Friday at 19:30”."),
            _form(),
        ),
        ("What is on the menu?", "A table for 4 on Friday at 19:30"),
    )


def _spoken(words: str) -> dict[str, str]:
    guests, time = _GUESTS.search(words), _TIME.search(words)
    if not guests or not time:
        return {}
    day, name = _DAY.search(words), _NAME.search(words)
    said = {"name": name, "date": day}
    values = {field: found[1] for field, found in said.items() if found}
    return values | {"time": _clock(time), "guests": guests[1] or guests[2]}


def _clock(found: re.Match[str]) -> str:
    hour, minute, noon_hour, half, full_hour = found.groups()
    if noon_hour:
        return f"{int(noon_hour) % 12 + (12 if half.lower() == 'p' else 0):02}:00"
    return f"{int(hour or full_hour):02}:{minute or '00'}"


def _confirmed(values: Mapping[str, str]) -> Answer:
    shown = {LABELS.get(name, name): words for name, words in values.items()}
    who = values.get("name")
    return Answer(
        (
            header("Your table is booked", "Café Olé"),
            callout(
                "success",
                f"See you soon, {who}!" if who else "See you soon!",
                "We keep the table for 15 minutes. 🍽️",
            ),
            table({"What": list(shown), "Your choice": list(shown.values())}),
        ),
        ("Change the booking", "Cancel the booking", "What is on the menu?"),
    )


def change(_asked: Conversation) -> Answer:
    return Answer(
        (header("Change the booking"), text("What should it be instead?"), _form()), ("Cancel the booking",)
    )


def cancel(_asked: Conversation) -> Answer:
    return Answer(
        (header("Booking cancelled"), callout("neutral", "It is free again", "No fee, no hard feelings.")),
        ("Book a table", "What can you do?"),
    )


def menu(_asked: Conversation) -> Answer:
    return Answer(
        (
            header("The menu", "Café Olé, this week"),
            table(
                {
                    "Dish": ("Gazpacho", "Jamón & figs", "Crème brûlée", "Rösti with chanterelles"),
                    "Kind": ("Starter", "Starter", "Dessert", "Main, vegetarian"),
                    "€": (7.5, 11, 8, 18.5),
                }
            ),
        ),
        ("Book a table", "A table for 2 tomorrow at 20:00"),
    )
