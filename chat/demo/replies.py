"""The choice of a topic: the patterns of `topics.toml`, tried from top to bottom."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from . import arithmetic, booking, talk, tool_topics, trip
from .blocks import DATA, Reply, card
from .conversation import DemoRequest

Topic = Callable[[DemoRequest], Reply]

READ_CHARACTERS = 2_000
"""The part of a message that is searched for a topic; the question stands at its beginning."""

_BY_CODE: dict[str, Topic] = {
    "failure": talk.fail,
    "calculation": partial(tool_topics.answer, "calculation"),
    "clock": partial(tool_topics.answer, "clock"),
    "search": partial(tool_topics.answer, "search"),
    "story": talk.story,
    "count": talk.count,
    "booking": booking.book,
    "trip": trip.plan,
}
_PATTERNS = [
    (re.compile("|".join(data["patterns"]), re.IGNORECASE | re.DOTALL), name)
    for name, data in DATA.items()
    if "patterns" in data
]
_FORMS = {data["submit"]: name for name, data in DATA.items() if "submit" in data}
_GOES_ON = re.compile(
    r"^\W*(and|more|again|continue|go on|what about|how about|tell me more|show more|und|mehr|weiter|nochmal)\b",
    re.IGNORECASE,
)


def reply(asked: DemoRequest) -> Reply:
    """Return the answer to the last message, or the tool calls that it needs; equal for equal conversations."""
    topic = topic_of(asked.text)
    if topic is None and _GOES_ON.match(asked.text):
        topic = next((found for words in asked.earlier if (found := topic_of(words))), None)
    return (topic or talk.unknown)(asked)


def topic_of(words: str) -> Topic | None:
    """Return the topic that these words are about."""
    words = words[:READ_CHARACTERS].strip()
    if arithmetic.is_asked(words):
        return _BY_CODE["calculation"]
    found = (name for pattern, name in _PATTERNS if pattern.search(words))
    name = _FORMS.get(words.lower()) or next(found, None)
    return (_BY_CODE.get(name) or _static(name)) if name else None


def _static(name: str) -> Topic:
    return lambda asked: card(name, place=trip.destination(asked))
