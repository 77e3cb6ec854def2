"""Redaction of a message, a response or a thread."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from chat.admin.actions.object_actions import ObjectAction
from chat.governance import redaction
from chat.models import AuditAction, Message, Response

_IRREVERSIBLE = _("This cannot be undone. The time and the user who redacted it are kept, the text is not.")
_PERMISSION = "chat.redact_content"


def _message(request: HttpRequest, row: Message, reason: str) -> None:
    redaction.redact_message(row, request.user.get_username())


def _response(request: HttpRequest, row: Response, reason: str) -> None:
    redaction.redact_response(row, request.user.get_username())


def _thread(request: HttpRequest, row: Any, reason: str) -> None:
    redaction.redact_thread(row, request.user.get_username())


def _is_message_redactable(request: HttpRequest, row: Message) -> bool:
    return row.redacted_at is None


def _is_response_redactable(request: HttpRequest, row: Response) -> bool:
    return row.ended and row.messages.filter(redacted_at=None).exists()


MESSAGE = ObjectAction(
    "redact",
    _("Redact"),
    format_lazy(
        "{} {}",
        _("The text is removed everywhere; for a reply also its log, tool calls and their results."),
        _IRREVERSIBLE,
    ),
    _PERMISSION,
    AuditAction.REDACTED,
    _message,
    _is_message_redactable,
)
RESPONSE = ObjectAction(
    "redact",
    _("Redact"),
    format_lazy(
        "{} {}",
        _("The response is removed everywhere, with its log, tool calls and their results."),
        _IRREVERSIBLE,
    ),
    _PERMISSION,
    AuditAction.REDACTED,
    _response,
    _is_response_redactable,
)
THREAD = ObjectAction(
    "redact",
    _("Redact"),
    format_lazy(
        "{} {}",
        _("All messages of this thread are removed everywhere, with its title."),
        _IRREVERSIBLE,
    ),
    _PERMISSION,
    AuditAction.REDACTED,
    _thread,
)
