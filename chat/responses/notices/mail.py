"""Mails to people who have to answer a request: a link, in their language, and no word of what is asked."""

from __future__ import annotations

import smtplib
import ssl
from email.utils import parseaddr

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chat.conf import settings
from chat.models import Notice, NoticeState
from chat.responses.notices.links import link_of
from chat.responses.notices.queue import NotAttempted
from chat.tools.worker_threads import TooManyThreads, in_thread

# Seconds for each step of the conversation with the server.
TIMEOUT = 10.0
# From here on SMTP's codes are refusals for good (RFC 5321, 4.2.1).
PERMANENT = 500


class MailSender:
    """Sends notices by Django's mail backend, each over a connection of its own."""

    async def send(self, notice: Notice) -> NoticeState:
        """Send a mail, and return what became of it."""
        message = compose(notice)
        try:
            # In a thread that keeps no process from ending.
            state: NoticeState = await in_thread(lambda: _send(message))
        except TooManyThreads:
            raise NotAttempted from None
        return state

    async def close(self) -> None:
        """Do nothing: no connection outlives its mail."""


def compose(notice: Notice) -> EmailMessage:
    """Return the mail of a notice."""
    recipient, request = notice.user, notice.request
    assert recipient is not None, "a mail has a recipient"
    with translation.override(recipient.language or translation.get_language()):
        subject, opening = _staff_words() if request.by_staff else _owner_words()
        deadline = date_format(request.deadline, "DATETIME_FORMAT")
        closing = _("Without an answer it counts as rejected on %(deadline)s (UTC).") % {"deadline": deadline}
    name = f"{request.public_id}.{recipient.pk}"
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    headers = {"Message-ID": f"<{name}@{domain}>", "Auto-Submitted": "auto-generated"}
    body = f"{opening}\n\n{link_of(request)}\n\n{closing}\n"
    return EmailMessage(subject, body, settings.mail_from, [recipient.email], headers=headers)


def _owner_words() -> tuple[str, str]:
    return _("A chat waits for your answer"), _("A request in one of your chats waits for your answer:")


def _staff_words() -> tuple[str, str]:
    return _("A tool call waits for a decision"), _("A tool call waits until staff decide on it:")


def _send(message: EmailMessage) -> NoticeState:
    connection: BaseEmailBackend = get_connection(timeout=TIMEOUT)
    try:
        connection.open()
    except (OSError, smtplib.SMTPException):
        return NoticeState.PENDING
    try:
        connection.send_messages([message])
    except smtplib.SMTPRecipientsRefused as problem:
        return _refused(max(code for code, _ in problem.recipients.values()))
    except smtplib.SMTPResponseException as problem:
        return _refused(problem.smtp_code)
    except (smtplib.SMTPNotSupportedError, ValueError):
        return NoticeState.FAILED
    except (OSError, smtplib.SMTPException):
        # The server may have taken it before the connection broke.
        return NoticeState.UNKNOWN
    finally:
        _close(connection)
    return NoticeState.SENT


def _refused(code: int) -> NoticeState:
    return NoticeState.FAILED if code >= PERMANENT else NoticeState.PENDING


def _close(connection: BaseEmailBackend) -> None:
    """Close a connection; the mail is out, or not, whatever that brings."""
    try:
        connection.close()
    except (OSError, smtplib.SMTPException, ssl.SSLError):
        return
