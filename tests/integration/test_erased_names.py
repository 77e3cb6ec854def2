"""The name of an erased user stands in no column of any table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Field, Model, TextField
from django.db.models.functions import Cast

from chat.accounts import erasure
from chat.governance import holds, redaction
from chat.models import ApiToken, AuditAction, AuditLogEntry, User
from tests.integration.admin_rows import client_of, make_thread

pytestmark = pytest.mark.django_db

NAME = "quillfeather"


def columns() -> Iterator[tuple[type[Model], Field]]:  # type: ignore[type-arg]
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            yield model, field


def tables_with(name: str) -> set[str]:
    """Return the names of the columns in which any row holds the name."""
    found = set()
    for model, field in columns():
        rows = model._default_manager.annotate(as_text=Cast(field.name, TextField()))
        if rows.filter(as_text__contains=name).exists():
            found.add(f"{model.__name__}.{field.name}")
    return found


def test_an_erased_name_stands_nowhere() -> None:
    user, staff = User.objects.create(username=NAME), User.objects.create(username="staff", is_superuser=True)
    thread = make_thread(user)
    token = ApiToken.objects.get(digest=ApiToken.digest_of(ApiToken.issue(user, f"{NAME}'s script")))
    client_of(user)
    for row in (user, thread):
        AuditLogEntry.objects.create(
            user=staff,
            username="staff",
            action=AuditAction.VIEWED,
            kind=str(row._meta.model_name),
            object_pk=row.pk,
            owner_name=NAME,
        )
        holds.lift_hold(holds.place_hold(row, "staff", "a case"), "staff", "over")
    for logged in (user, token):
        LogEntry.objects.log_actions(staff.pk, [logged], CHANGE, f"Changed {NAME}.", single_object=True)
    assert len(tables_with(NAME)) >= 6
    erasure.begin(user.pk)
    while not erasure.erase_batch(user.pk):
        pass
    assert not User.objects.filter(pk=user.pk).exists()
    assert tables_with(NAME) == set()


def test_a_pseudonym_stands_where_an_erased_member_of_staff_acted() -> None:
    staff, other = User.objects.create(username=NAME, is_staff=True), User.objects.create(username="other")
    thread = make_thread(User.objects.create(username="owner"))
    for actor in (staff, other):
        AuditLogEntry.objects.create(
            user=actor, username=actor.username, action=AuditAction.VIEWED, kind="thread", object_pk=thread.pk
        )
        redaction.redact_message(thread.messages.filter(redacted_by="").latest("pk"), actor.username)
    holds.lift_hold(holds.place_hold(thread, NAME, "a case"), "other", "over")
    holds.lift_hold(holds.place_hold(thread, "other", "a case"), NAME, "over")
    erasure.begin(staff.pk)
    while not erasure.erase_batch(staff.pk):
        pass
    pseudonym = f"erased user {staff.pk}"
    assert tables_with(NAME) == set()
    assert tables_with(pseudonym) == {
        "AuditLogEntry.username",
        "Hold.made_by",
        "Hold.lifted_by",
        "Message.redacted_by",
    }
    assert AuditLogEntry.objects.filter(username="other").count() == 1
    assert thread.messages.filter(redacted_by="other").exists()


def test_the_log_of_other_users_keeps_their_names() -> None:
    user, other = User.objects.create(username=NAME), User.objects.create(username=f"{NAME}2")
    AuditLogEntry.objects.create(
        username="staff",
        action=AuditAction.VIEWED,
        kind="user",
        object_pk=other.pk,
        owner_name=other.username,
    )
    erasure.begin(user.pk)
    erasure.erase_batch(user.pk)
    assert AuditLogEntry.objects.get().owner_name == other.username
