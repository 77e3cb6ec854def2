"""Which topic answers: a table from what was said to who replies, tried from top to bottom."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import booking, sales, talk, tool_topics, trip
from .blocks import Reply
from .conversation import Conversation

Topic = Callable[[Conversation], Reply]

READ_CHARACTERS = 2_000
"""Of a message, what is searched for a topic; the question stands at its beginning."""

_ASKING = r"^(?:what(?:'s|’s| is| are)?|calculate|compute|how much is|was ist|wie ?viel ist|berechne|rechne|and|und)\b"
_TABLE: tuple[tuple[str, Topic], ...] = (
    (r"^demo:", talk.fail),
    (r"\b(error|failure) demos?\b|^(fail|error|crash)[.!?]*$|how .*(fail|error)", talk.failures),
    (
        r"\b(what('s|’s| is)? (the )?(current )?time|what time|time (is it|in|now)|current time|wie sp[äa]t|uhrzeit)\b",
        tool_topics.clock,
    ),
    (
        r"\b(search|find|durchsuche)\b.*\b(chats?|threads?|messages?|history|conversations?)\b",
        tool_topics.search,
    ),
    (r"\blong (story|text|answer)\b|\btell me a .*story\b|lange geschichte", talk.story),
    (r"\b(count|zähle?) (up |bis )?(to )?\d*", talk.count),
    (r"\bcancel\b.*\b(booking|table|reservation)\b|storniere", booking.cancel),
    (r"\bchange\b.*\b(booking|reservation)\b", booking.change),
    (r"\bmenu\b|speisekarte", booking.menu),
    (r"\b(book|reserve|form)\b.*\btable\b|\btable for\b|reservation", booking.book),
    (r"\btisch\b.*(reservier|buch|bestell)|(reservier|buch).*\btisch", booking.book),
    (r"\bcheaper\b|\bfor less\b|günstiger|billiger", trip.cheaper),
    (r"\bpack(ing)?\b|einpacken", trip.pack),
    (
        r"\b(trip|travel|holidays?|vacation|itinerary|getaway)\b|\bweekend (in|away)\b|\breise\b|urlaub",
        trip.plan,
    ),
    (r"\blast year\b|vorjahr|letztes jahr", sales.last_year),
    (r"\b(monthly|by month|per month|trend|over time)\b|monat", sales.trend),
    (r"\b(shares?|pie)\b|anteile", sales.shares),
    (r"\bgrow(s|th|ing)?\b|fastest|wachstum", sales.growth),
    (r"\b(sales|revenue|turnover)\b.*\bproducts?\b|best.?sell", sales.products),
    (r"\b(sales|revenue|turnover|regions?)\b|umsatz|umsätze|verkäufe", sales.by_region),
    (r"^\W*(hi|hello|hey|help|hallo|hilfe|moin|good (morning|evening|day))\b", talk.welcome),
    (r"what can you do|who are you|was kannst du|wer bist du", talk.welcome),
)
_TOPICS = tuple((re.compile(pattern, re.IGNORECASE | re.DOTALL), topic) for pattern, topic in _TABLE)
_FORMS: dict[str, Topic] = {booking.SUBMIT.lower(): booking.book, trip.SUBMIT.lower(): trip.plan}
_GOES_ON = re.compile(
    r"^\W*(and|more|again|continue|go on|what about|how about|tell me more|show more|und|mehr|weiter|nochmal)\b",
    re.IGNORECASE,
)
_CALCULATES = re.compile(_ASKING, re.IGNORECASE)


def reply(asked: Conversation) -> Reply:
    """The answer to the last thing said, or the wish for a tool; the same for the same conversation."""
    topic = topic_of(asked.text)
    if topic is None and _GOES_ON.match(asked.text):
        topic = next((found for words in asked.earlier if (found := topic_of(words))), None)
    return (topic or talk.unknown)(asked)


def topic_of(words: str) -> Topic | None:
    """The topic that these words are about."""
    words = words[:READ_CHARACTERS].strip()
    if words.lower() in _FORMS:
        return _FORMS[words.lower()]
    if _is_calculation(words):
        return tool_topics.calculation
    return next((topic for pattern, topic in _TOPICS if pattern.search(words)), None)


def _is_calculation(words: str) -> bool:
    formula = tool_topics.expression(words)
    return bool(formula) and (bool(_CALCULATES.match(words)) or not re.search(r"[^\W\d_]{2,}", words))
