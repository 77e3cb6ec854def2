"""Thoughts for people: their stretches, each with the place in the text at which it stood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chat.models import Response
from chat.streams.thoughts import ThoughtStretch, stretches_of


@dataclass(frozen=True, slots=True)
class ThoughtView:
    """A response's thought for its page. `seconds`: as text, None if unknown; `cut`: only its beginning is here."""

    seconds: str | None
    stretches: list[ThoughtStretch]
    cut: bool


def thought_views(responses: Iterable[Response], limit: int) -> dict[int, ThoughtView]:
    """Return the thoughts of these responses by primary key, each up to `limit` bytes."""
    thinking = {row.pk: row for row in responses if row.thinking_length}
    found = stretches_of(list(thinking), limit)
    return {pk: _thought_view(thinking[pk], stretches, limit) for pk, stretches in found.items()}


def _thought_view(response: Response, stretches: list[ThoughtStretch], limit: int) -> ThoughtView:
    return ThoughtView(format_thinking(response), stretches, response.thinking_length > limit)


def format_thinking(response: Response) -> str | None:
    """Return the seconds that the thought has taken, as text."""
    return None if response.thinking_ms is None else f"{response.thinking_ms / 1000:.1f}"
