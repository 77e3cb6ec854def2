"""Actions on a user: suspend, restore, end sessions, remove second factors, erase."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chat.accounts import erasure, factors, suspension
from chat.admin.actions.object_actions import ObjectAction
from chat.models import AuditAction, User


def _suspend(request: HttpRequest, row: User, reason: str) -> None:
    suspension.suspend(row.pk)


def _restore(request: HttpRequest, row: User, reason: str) -> None:
    suspension.restore(row.pk)


def _sign_out(request: HttpRequest, row: User, reason: str) -> None:
    suspension.end_sessions(row.pk)


def _remove_factors(request: HttpRequest, row: User, reason: str) -> None:
    factors.remove(row)


def _erase(request: HttpRequest, row: User, reason: str) -> None:
    erasure.begin(row.pk)


def can_manage(request: HttpRequest, row: User) -> bool:
    """Return True if this user may act on `row`: not on themselves, and on staff only as a superuser."""
    return row.pk != request.user.pk and (
        request.user.is_superuser or (not row.is_staff and not row.is_superuser)
    )


def _active(request: HttpRequest, row: User) -> bool:
    return row.is_active and can_manage(request, row)


def _suspended(request: HttpRequest, row: User) -> bool:
    return not row.is_active and row.erasing_since is None and can_manage(request, row)


def _with_factors(request: HttpRequest, row: User) -> bool:
    return can_manage(request, row) and factors.has_factors(row)


def _not_being_erased(request: HttpRequest, row: User) -> bool:
    return row.erasing_since is None and can_manage(request, row)


SUSPEND = ObjectAction(
    "suspend",
    _("Suspend"),
    _(
        "All sessions and tokens of the user stop working at once, and running responses are "
        "stopped. Nothing is deleted."
    ),
    "chat.change_user",
    AuditAction.SUSPENDED,
    _suspend,
    _active,
)
RESTORE = ObjectAction(
    "restore",
    _("Restore"),
    _("The user can sign in again, and their tokens work again."),
    "chat.change_user",
    AuditAction.RESTORED,
    _restore,
    _suspended,
)
SIGN_OUT = ObjectAction(
    "sign-out",
    _("End all sessions"),
    _(
        "The user has to sign in again in every browser. A guest has no password and cannot "
        "return. Tokens keep working."
    ),
    "chat.change_user",
    AuditAction.SIGNED_OUT,
    _sign_out,
    can_manage,
)
REMOVE_FACTORS = ObjectAction(
    "remove-factors",
    _("Remove second factors"),
    _(
        "Authenticator app, security keys, passkeys and recovery codes are removed: the password "
        "alone opens the account. Make sure who asks. The user is told by mail."
    ),
    "chat.remove_second_factors",
    AuditAction.FACTORS_REMOVED,
    _remove_factors,
    _with_factors,
)
ERASE = ObjectAction(
    "erase",
    _("Erase"),
    _(
        "The user is deleted permanently with all threads, messages, responses and tokens. "
        "Deletion begins at once and finishes in the background within minutes. Usage figures "
        "are kept without a name."
    ),
    "chat.delete_user",
    AuditAction.ERASED,
    _erase,
    _not_being_erased,
)
