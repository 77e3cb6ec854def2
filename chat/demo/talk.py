"""The topics about the demo itself: welcome, long texts to stop and resume, failures on demand, and all it cannot do."""

from __future__ import annotations

import re

from .blocks import Answer, Block, Failure, FailureKind, callout, header, listing, table, text
from .conversation import Conversation

ECHO_CHARACTERS = 160
"""Of a question that it has no answer to, what the demo repeats."""
DEFAULT_COUNT, MOST_COUNT = 100, 3_000
NUMBERS_A_LINE = 20
STORY_NIGHTS = 36
"""Paragraphs of the long story: about a minute at human pace, time enough to stop it, reload, or lose the network."""

SUGGESTIONS = {
    "Show me sales by region": "A chart, a table and what to make of them",
    "Plan a trip to Lisbon": "Steps, and a form for dates and budget",
    "Book a table": "A form, and a card with what you chose",
    "What time is it in Tokyo?": "Asks a tool and answers from its result",
    "Tell me a long story": "A minute of text: stop it, reload the page, open a second tab",
    "Show me the error demos": "What a failing model looks like here",
}
FAILURES = {
    "demo: fail": "An error in the middle of the answer",
    "demo: cut": "The connection breaks in the middle",
    "demo: refuse": "The model is overloaded before the first word",
    "demo: silence": "The answer stops coming, until a deadline ends it",
}
_KINDS: dict[str, FailureKind] = {"cut": "cut", "refuse": "status", "silence": "silence"}
_WEATHER = ("fog", "wind from the north", "a clear sky", "rain", "snow", "a full moon")
_SHIPS = (
    "the Señora Blanca",
    "a herring boat from Ålesund",
    "the mail steamer",
    "a raft of two boys",
    "the old Köhlbrand",
)
_DEEDS = (
    "trimmed the wick",
    "counted the gulls",
    "wrote to her sister",
    "mended the stair",
    "sang to keep awake",
)


def welcome(_asked: Conversation) -> Answer:
    return Answer(
        (
            header("Hello! 👋", "A chat whose answers are small interfaces"),
            text(
                "The model behind this page does not only write text: it sends **charts, tables, forms and buttons**, "
                "which appear while they are written. Every answer survives a reload, a lost network and a second tab."
            ),
            listing(SUGGESTIONS),
            callout(
                "info",
                "This is the built-in demo",
                "It knows these topics only. With a Thesys API key, C1 answers instead.",
            ),
        ),
        tuple(SUGGESTIONS)[:3],
    )


def unknown(asked: Conversation) -> Answer:
    """A friendly card for everything else; it repeats what was asked, and what a form brought.

    Foreign words stand in titles and table cells alone: a page reads markdown, and its images, everywhere else.
    """
    said = " ".join(asked.text.split())
    short = said if len(said) <= ECHO_CHARACTERS else said[:ECHO_CHARACTERS].rstrip() + " …"
    filled: tuple[Block, ...] = ()
    if asked.values:
        filled = (table({"Field": list(asked.values), "You wrote": list(asked.values.values())}),)
    return Answer(
        (
            header(
                "That is beyond a demo",
                f"You wrote: “{short}”" if short else "There was no text in that message.",
            ),
            *filled,
            text("A real model would answer this. I am a small program that knows a few topics by heart:"),
            listing(SUGGESTIONS),
        ),
        tuple(SUGGESTIONS)[:3],
    )


def story(_asked: Conversation) -> Answer:
    nights = [text(_night(number)) for number in range(1, STORY_NIGHTS + 1)]
    return Answer(
        (
            header("The lighthouse at Skærvøy", f"A story in {STORY_NIGHTS} nights"),
            *nights,
            text("**The end.**"),
        ),
        ("Tell me a long story", "Count to 300"),
    )


def _night(number: int) -> str:
    weather, ship, deed = (words[number % len(words)] for words in (_WEATHER, _SHIPS, _DEEDS))
    return (
        f"**Night {number}.** There was {weather}, and Ingrid lit the lamp at dusk. Towards midnight {ship} came by, closer "
        f"to the rocks than was wise, and answered her three flashes with three of its own. She {deed} until "
        f"the morning came grey over the fjord, and wrote into the log: all well, nothing lost."
    )


def count(asked: Conversation) -> Answer:
    digits = re.search(r"\d{1,9}", asked.text)
    last = min(MOST_COUNT, max(1, int(digits[0]))) if digits else DEFAULT_COUNT
    starts = range(1, last + 1, NUMBERS_A_LINE)
    lines = [
        ", ".join(str(n) for n in range(start, min(start + NUMBERS_A_LINE, last + 1))) for start in starts
    ]
    return Answer((header(f"Counting to {last:,}"), *(text(line) for line in lines)), ("Count to 1000",))


def failures(_asked: Conversation) -> Answer:
    return Answer(
        (
            header("When a model fails", "Each of these really happens, on demand"),
            text("Send one of them. What was written stays, the thread goes on, and you can ask again."),
            listing(FAILURES),
        ),
        tuple(FAILURES),
    )


def fail(asked: Conversation) -> Failure:
    """The failure that was asked for, with the words that come before it."""
    kind: FailureKind = next((kind for word, kind in _KINDS.items() if word in asked.text.lower()), "error")
    words = "These words arrive, and then the model fails, as you asked it to."
    return Failure(kind, Answer((header("This answer will break"), text(words))))
