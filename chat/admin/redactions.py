"""Redaction of a message, an answer or a thread."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from chat.admin.deeds import Deed
from chat.models import Action, Message, Response
from chat.store import redaction

_FOR_GOOD = "Nobody can undo this, nor read the text again. That there was something, when, and who redacted it, stays."
_RIGHT = "chat.redact_content"


def _message(request: HttpRequest, row: Message, reason: str) -> None:
    redaction.redact_message(row, request.user.get_username())


def _response(request: HttpRequest, row: Response, reason: str) -> None:
    redaction.redact_response(row, request.user.get_username())


def _thread(request: HttpRequest, row: Any, reason: str) -> None:
    redaction.redact_thread(row, request.user.get_username())


def _message_left(request: HttpRequest, row: Message) -> bool:
    return row.redacted_at is None


def _response_left(request: HttpRequest, row: Response) -> bool:
    return row.ended and row.messages.filter(redacted_at=None).exists()


MESSAGE = Deed(
    "redact",
    "Redact",
    f"The text is removed everywhere; an answer's with its log, its calls of tools and their results. {_FOR_GOOD}",
    _RIGHT,
    Action.REDACTED,
    _message,
    _message_left,
)
RESPONSE = Deed(
    "redact",
    "Redact",
    f"The answer is removed everywhere, with its log, its calls of tools and their results. {_FOR_GOOD}",
    _RIGHT,
    Action.REDACTED,
    _response,
    _response_left,
)
THREAD = Deed(
    "redact",
    "Redact",
    f"Everything that was said in this thread is removed everywhere, with its title. {_FOR_GOOD}",
    _RIGHT,
    Action.REDACTED,
    _thread,
)
