"""Second factors and passkeys of an account, for staff who help a user that has lost them; their tables are allauth's."""

from __future__ import annotations

import logging
import smtplib
from functools import partial
from typing import Any

from django.apps import apps
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from chat.conf import settings
from chat.models import User

logger = logging.getLogger(__name__)


def has_factors(user: User) -> bool:
    """Return True if the account has a second factor or a passkey."""
    return apps.is_installed("allauth.mfa") and _factors(user).exists()


def remove(user: User) -> None:
    """Remove all factors, recovery codes and passkeys among them, and tell the user by mail where mail is configured."""
    _factors(user).delete()
    if settings.sends_mail and user.email:
        transaction.on_commit(partial(_send, _mail_of_removal(user)))


def _factors(user: User) -> QuerySet[Any]:
    found: QuerySet[Any] = apps.get_model("mfa", "Authenticator")._default_manager.filter(user=user)
    return found


def _mail_of_removal(user: User) -> EmailMessage:
    with translation.override(user.language or translation.get_language()):
        subject = _("Your second factors were removed")
        body = "\n\n".join(
            (
                _(
                    "Staff removed the second factors and passkeys of your account. The password alone opens it now."
                ),
                _("Set up new ones here:") + f"\n{settings.public_url.rstrip('/')}/2fa/",
                _("If you did not ask for this, change your password, and tell the operator of this server."),
            )
        )
    return EmailMessage(subject, body + "\n", settings.mail_from, [user.email])


def _send(mail: EmailMessage) -> None:
    """Send a mail, with no connection to the database held meanwhile. A failure is logged alone: the removal stands."""
    if not connection.in_atomic_block:
        connection.close()
    try:
        mail.send()
    except (OSError, smtplib.SMTPException) as problem:
        logger.warning("action=mail_failed reason=%s", type(problem).__name__)
