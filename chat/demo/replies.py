"""The choice of a topic: the patterns of `topics.toml`, tried from top to bottom."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import arithmetic, tool_topics, topics
from .blocks import DATA, Reply, card
from .conversation import DemoRequest

_BY_CODE: dict[str, Callable[[DemoRequest], Reply]] = {
    "failure": topics.fail,
    "story": topics.story,
    "count": topics.count,
    "booking": topics.book,
    "trip": topics.plan,
    "unknown": topics.unknown,
}
_PATTERNS = {
    name: re.compile("|".join(data["patterns"]), re.IGNORECASE | re.DOTALL)
    for name, data in DATA.items()
    if "patterns" in data
}
_FORMS = {data["submit"]: name for name, data in DATA.items() if "submit" in data}


def reply(asked: DemoRequest) -> Reply:
    """Return the answer to the last message, or the tool calls that it needs; equal for equal conversations."""
    topic = _topic_of(asked.text)
    if not topic and re.match(DATA["unknown"]["goes_on"], asked.text):
        topic = next((found for words in asked.earlier if (found := _topic_of(words))), "")
    topic = topic or "unknown"
    if "tools" in DATA[topic]:
        return tool_topics.answer(topic, asked)
    by_code = _BY_CODE.get(topic)
    return by_code(asked) if by_code else card(topic, place=topics.destination(asked))


def _topic_of(words: str) -> str:
    """Return the topic that these words are about, "" for none."""
    words = words[: arithmetic.READ_CHARACTERS].strip()
    if arithmetic.is_asked(words):
        return "calculation"
    found = (name for name, pattern in _PATTERNS.items() if pattern.search(words))
    return _FORMS.get(words.lower()) or next(found, "")
