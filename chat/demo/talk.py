"""The topics about the demo itself: long texts to stop and resume, failures on demand, and unknown questions."""

from __future__ import annotations

import re
from string import Template

from .blocks import DATA, DemoAnswer, Failure, block, card
from .conversation import DemoRequest

ECHO_CHARACTERS = 160
"""The longest part of a question that is repeated."""
DEFAULT_COUNT, MOST_COUNT = 100, 3_000
NUMBERS_A_LINE = 20
STORY_NIGHTS = 36
"""Paragraphs of the long story: about a minute at human pace, time enough to stop it, reload, or lose the network."""


def echo(asked: DemoRequest) -> str:
    """Return the question, shortened. Its place is a title or a table's cell, which no page reads as markdown."""
    said = " ".join(asked.text.split())
    short = said if len(said) <= ECHO_CHARACTERS else said[:ECHO_CHARACTERS].rstrip() + " …"
    return f"You wrote: “{short}”" if short else "There was no text in that message."


def unknown(asked: DemoRequest) -> DemoAnswer:
    """Return a card for everything else; it repeats the question and the values of a form."""
    values = asked.values
    table = [block("Table", {"Field": list(values), "You wrote": list(values.values())})] if values else []
    return card("unknown", said=echo(asked), filled=table)


def story(_asked: DemoRequest) -> DemoAnswer:
    nights = [block("TextContent", _night(number)) for number in range(1, STORY_NIGHTS + 1)]
    return card("story", count=STORY_NIGHTS, nights=nights)


def _night(number: int) -> str:
    data = DATA["story"]
    turn = {name: data[name][number % len(data[name])] for name in ("weather", "ship", "deed")}
    return Template(data["night"]).substitute(turn, number=number)


def count(asked: DemoRequest) -> DemoAnswer:
    digits = re.search(r"\d{1,9}", asked.text)
    last = min(MOST_COUNT, max(1, int(digits[0]))) if digits else DEFAULT_COUNT
    numbers = [str(number) for number in range(1, last + 1)]
    lines = [", ".join(numbers[at : at + NUMBERS_A_LINE]) for at in range(0, last, NUMBERS_A_LINE)]
    return card("count", last=f"{last:,}", lines=[block("TextContent", line) for line in lines])


def fail(asked: DemoRequest) -> Failure:
    """Return the failure that was asked for, with the words that come before it."""
    said, shown = asked.text.lower(), card("failure")
    if "refuse" in said:
        return Failure("refuse", shown)
    if "silence" in said:
        return Failure("silence", shown)
    return Failure("cut" if "cut" in said else "fail", shown)
