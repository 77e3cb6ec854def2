"""Erasure of a user with all their data: access ends at once, rows are deleted in bounded batches."""

from __future__ import annotations

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models.functions import Now

from chat.accounts import suspension
from chat.governance import deletion, holds
from chat.governance.exceptions import UnderLegalHold
from chat.models import ACTIVE, ApiToken, AuditLogEntry, Hold, Message, Response, Thread, User
from chat.reporting import rollups

# Users whose erasure is continued in one round.
USERS = 20
# Name of an erased object in Django's admin log, which has no empty one.
FORGOTTEN = "erased"


def begin(user: int) -> None:
    """Suspend the user, stop their responses and mark them for erasure. Raises UnderLegalHold."""
    User.objects.select_for_update().filter(pk=user).first()
    if holds.is_user_held(user):
        raise UnderLegalHold
    suspension.suspend(user)
    User.objects.filter(pk=user, erasing_since=None).update(erasing_since=Now())


def pending_erasures() -> list[int]:
    """Return users marked for erasure that have no active response and no legal hold."""
    rows = User.objects.filter(erasing_since__isnull=False).order_by("erasing_since")
    return [pk for pk in rows.values_list("pk", flat=True)[:USERS] if _can_go_on(pk)]


def _can_go_on(user: int) -> bool:
    active = Response.objects.owned_by(user).filter(status__in=ACTIVE)
    return not active.exists() and not holds.is_user_held(user)


def _forget_name(user: User) -> None:
    """Remove the user's name from the audit log, lifted holds and Django's admin log; the entries stay."""
    AuditLogEntry.objects.filter(kind="user", object_pk=user.pk).update(owner_name="")
    AuditLogEntry.objects.filter(owner_name=user.username).update(owner_name="")
    Hold.objects.filter(owner_name=user.username).update(owner_name="")
    if apps.is_installed("django.contrib.admin"):
        _forget_name_in_admin_log(user)
    _replace_actor(user)


def _replace_actor(user: User) -> None:
    """Put a pseudonym in the place of the user's name where it names the actor, so that an actor's entries stay together."""
    pseudonym = f"erased user {user.pk}"
    acted = AuditLogEntry.objects.filter(user=user.pk).update(username=pseudonym)
    for field in ("made_by", "lifted_by"):
        Hold.objects.filter(**{field: user.username}).update(**{field: pseudonym})
    if acted or user.is_staff:  # has no index: all messages are read
        Message.objects.filter(redacted_by=user.username).update(redacted_by=pseudonym)


def _forget_name_in_admin_log(user: User) -> None:
    entries = apps.get_model("admin", "LogEntry")._default_manager
    named = entries.filter(object_repr__in=[user.username, f"hold on user {user.username}"])
    named.update(object_repr=FORGOTTEN)
    tokens = list(ApiToken.objects.filter(user=user).values_list("pk", flat=True))
    for model, pks in ((User, [user.pk]), (ApiToken, tokens)):
        about = entries.filter(content_type=ContentType.objects.get_for_model(model), object_id__in=pks)
        about.update(object_repr=FORGOTTEN, change_message="")


def erase_batch(user: int) -> bool:
    """Delete one batch of a user's threads, and after the last one the user. Return True when nothing is left to do.

    Wait for a batch of another process: the caller may say that all is gone.
    """
    mine = User.objects.select_for_update().filter(pk=user).first()
    if mine is None or not _can_go_on(user):
        return True
    threads = deletion.first_batch(Thread.objects.filter(owner=user))
    deletion.delete_threads(threads)
    if threads:
        return False
    rollups.reassign(user, None)
    _forget_name(mine)
    User.objects.filter(pk=user).delete()
    return True
