"""The raw dialects: the bare text. A failed response without text becomes the error its reader can show."""

from __future__ import annotations

from chat.api.encoders.serializers import FAILED_TITLE
from chat.models import Status
from chat.streams import EndEvent, LogEvent, TextEvent
from chat.text import wrap_card


def c1(event: LogEvent) -> bytes:
    """Encode an event for C1's client, which shows errors only as a card."""
    if isinstance(event, TextEvent):
        return event.data
    failure = failure_of(event)
    return b"" if failure is None else wrap_card(FAILED_TITLE, failure).encode()


def plain(event: LogEvent) -> bytes:
    if isinstance(event, TextEvent):
        return event.data
    return (failure_of(event) or "").encode()


def failure_of(event: LogEvent) -> str | None:
    """Return the error text of a failed response whose stored message is empty; None for all other events."""
    if not isinstance(event, EndEvent) or event.response is None or event.response.status != Status.FAILED:
        return None
    return None if event.response.text_length else event.response.error_detail
