"""Actions of staff on threads and users: each needs its permission and a reason, and is recorded."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat.accounts import suspension
from chat.governance import holds, redaction
from chat.models import AuditAction, AuditLogEntry, Hold, Message, Status, Thread, User
from chat.schemas import NewShare
from chat.threads import shares
from tests.integration.admin_rows import client_of, make_response, make_thread, page

pytestmark = pytest.mark.django_db

VIEWS = {"view_thread", "view_message", "view_response", "view_user", "view_hold", "view_share"}

OBJECT_ACTIONS = [
    ("thread", "redact", "redact_content", AuditAction.REDACTED),
    ("message", "redact", "redact_content", AuditAction.REDACTED),
    ("response", "redact", "redact_content", AuditAction.REDACTED),
    ("thread", "hold", "hold_content", AuditAction.HELD),
    ("user", "hold", "hold_content", AuditAction.HELD),
    ("hold", "lift", "hold_content", AuditAction.LIFTED),
    ("share", "revoke", "delete_share", AuditAction.REVOKED),
    ("user", "suspend", "change_user", AuditAction.SUSPENDED),
    ("user", "sign-out", "change_user", AuditAction.SIGNED_OUT),
    ("user", "remove-factors", "remove_second_factors", AuditAction.FACTORS_REMOVED),
    ("user", "erase", "delete_user", AuditAction.ERASED),
]
EVERY_OBJECT_ACTION = pytest.mark.parametrize(("kind", "name", "right", "action"), OBJECT_ACTIONS)

Staff = Callable[..., Client]


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture
def rows(owner: User) -> dict[str, Model]:
    """Create one row of each kind; the hold is on another user."""
    thread = make_thread(owner)
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})
    other = User.objects.create(username="other")
    return {
        "thread": thread,
        "message": thread.messages.get(position=0),
        "response": thread.responses.get(),
        "user": owner,
        "share": shares.create(owner.pk, thread.public_id, NewShare()),
        "hold": holds.place_hold(other, "staff", "a case"),
    }


def address(kind: str, name: str, row: Model) -> str:
    return reverse(f"admin:chat_{kind}_{name}", args=[row.pk])


@EVERY_OBJECT_ACTION
def test_an_action_with_permission_and_a_reason_is_executed_and_audited(
    staff: Staff, rows: dict[str, Model], kind: str, name: str, right: str, action: AuditAction
) -> None:
    client, at = staff(*VIEWS, right), address(kind, name, rows[kind])
    assert at in page(client, f"chat_{kind}_change", rows[kind].pk)
    assert client.post(at, {"reason": "ticket 7"}).status_code == 302
    record = AuditLogEntry.objects.get(action=action)
    assert (record.kind, record.object_pk, record.reason) == (kind, rows[kind].pk, "ticket 7")


@EVERY_OBJECT_ACTION
def test_without_permission_an_action_is_neither_offered_nor_executed(
    staff: Staff, rows: dict[str, Model], kind: str, name: str, right: str, action: AuditAction
) -> None:
    rights = {"redact_content", "hold_content", "change_user", "delete_user", "delete_share", "read_content"}
    client, at = staff(*VIEWS, *(rights - {right})), address(kind, name, rows[kind])
    assert at not in page(client, f"chat_{kind}_change", rows[kind].pk)
    assert client.get(at).status_code == 403
    assert client.post(at, {"reason": "ticket 7"}).status_code == 403
    assert not AuditLogEntry.objects.filter(action=action).exists()


@EVERY_OBJECT_ACTION
def test_an_action_needs_the_permission_to_view_the_row(
    staff: Staff, rows: dict[str, Model], kind: str, name: str, right: str, action: AuditAction
) -> None:
    client = staff("redact_content", "delete_user")
    assert client.post(address(kind, name, rows[kind]), {"reason": "ticket 7"}).status_code == 403
    assert not AuditLogEntry.objects.exists()


@EVERY_OBJECT_ACTION
@pytest.mark.parametrize("reason", ["", " \n", "\0"])
def test_without_a_reason_the_page_asks_again_and_nothing_is_done(
    staff: Staff, rows: dict[str, Model], kind: str, name: str, right: str, action: AuditAction, reason: str
) -> None:
    answer = staff(*VIEWS, right).post(address(kind, name, rows[kind]), {"reason": reason})
    assert answer.status_code == 200
    assert "Reason (stored in the audit log)" in answer.content.decode()
    assert not AuditLogEntry.objects.filter(action=action).exists()


def test_users_who_are_no_staff_are_sent_to_the_login(owner: User, rows: dict[str, Model]) -> None:
    for client in (Client(), client_of(owner)):
        answer = client.post(address("thread", "redact", rows["thread"]), {"reason": "mine"})
        assert answer.headers["Location"].startswith(reverse("admin:login"))
    assert not Message.objects.exclude(redacted_at=None).exists()


def test_a_refused_action_says_why_and_leaves_no_audit_entry(staff: Staff, rows: dict[str, Model]) -> None:
    thread = Thread.objects.get(pk=rows["thread"].pk)
    holds.place_hold(thread, "staff", "a case")
    answer = staff(*VIEWS, "redact_content").post(
        address("thread", "redact", thread), {"reason": "ticket 7"}, follow=True
    )
    assert "A legal hold keeps this" in answer.content.decode()
    assert not AuditLogEntry.objects.filter(action=AuditAction.REDACTED).exists()


def test_redacted_and_running_responses_cannot_be_redacted(owner: User, staff: Staff) -> None:
    thread = make_thread(owner)
    redaction.redact_message(thread.messages.get(position=3), "staff")
    running = make_response(thread, 2, thread.messages.get(position=0), status=Status.STREAMING)
    client = staff(*VIEWS, "redact_content")
    for kind, row in (
        ("message", thread.messages.get(position=3)),
        ("response", thread.responses.exclude(pk=running.pk).get()),
        ("response", running),
    ):
        assert client.post(address(kind, "redact", row), {"reason": "ticket"}).status_code == 403


def test_a_redacted_message_says_so_on_every_page(owner: User, staff: Staff) -> None:
    thread = make_thread(owner, "secret")
    redaction.redact_thread(thread, "rosa")
    client = staff(*VIEWS, "read_content", "read_hidden_content")
    shown = page(client, "chat_thread_change", thread.pk)
    assert shown.count("by rosa") == 4
    assert "redacted" in page(client, "chat_message_changelist")
    assert "secret" not in shown


def test_a_hold_is_shown_on_the_pages_of_its_thread_and_user(owner: User, staff: Staff) -> None:
    thread = make_thread(owner)
    holds.place_hold(thread, "hans", "case 1")
    holds.place_hold(owner, "hans", "case 2")
    client = staff(*VIEWS)
    assert "case 1" in page(client, "chat_thread_change", thread.pk)
    assert "case 2" in page(client, "chat_user_change", owner.pk)
    assert page(client, "chat_hold_changelist").count("case ") == 2
    Hold.objects.all()[0].delete()
    assert "case 2" not in page(client, "chat_thread_change", thread.pk)


def test_staff_can_suspend_neither_themselves_nor_other_staff(staff: Staff, owner: User) -> None:
    client = staff(*VIEWS, "change_user", "delete_user")
    me = User.objects.get(is_staff=True)
    boss = User.objects.create_superuser("boss")
    for user in (me, boss):
        for name in ("suspend", "erase"):
            assert client.post(address("user", name, user), {"reason": "why"}).status_code == 403
    root = client_of(boss)
    assert root.post(address("user", "suspend", boss), {"reason": "why"}).status_code == 403
    assert root.post(address("user", "suspend", me), {"reason": "why"}).status_code == 302
    assert not User.objects.get(pk=me.pk).is_active


def test_a_suspended_user_can_be_restored(staff: Staff, owner: User) -> None:
    client = staff(*VIEWS, "change_user")
    assert client.post(address("user", "restore", owner), {"reason": "no need"}).status_code == 403
    suspension.suspend(owner.pk)
    client.post(address("user", "restore", owner), {"reason": "a mistake"})
    assert User.objects.get(pk=owner.pk).is_active


@pytest.mark.parametrize("name", ["delete", "add", "change"])
def test_audit_log_entries_and_holds_cannot_be_changed(rows: dict[str, Model], name: str) -> None:
    root = client_of(User.objects.create_superuser("root"))
    page(root, "chat_thread_change", rows["thread"].pk)
    record = AuditLogEntry.objects.get()
    for kind, row in (("auditlogentry", record), ("hold", rows["hold"])):
        args = [] if name == "add" else [row.pk]
        at = reverse(f"admin:chat_{kind}_{name}", args=args)
        assert root.post(at, {"post": "yes", "reason": "x"}).status_code == 403
        listed = root.post(
            reverse(f"admin:chat_{kind}_changelist"),
            {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
        )
        assert listed.status_code != 302
    assert AuditLogEntry.objects.filter(pk=record.pk).exists()


def test_the_audit_log_is_filtered_and_searched(staff: Staff, owner: User) -> None:
    thread = make_thread(owner)
    reader = staff("view_thread", "read_content")
    page(reader, "chat_thread_changelist")
    page(reader, "chat_thread_change", thread.pk)
    client = staff("view_accessrecord")
    assert "2 audit log entries" in page(client, "chat_auditlogentry_changelist")
    for query in (
        {"action__exact": "looked"},
        {"q": thread.public_id},
        {"q": "olga"},
        {"kind": "thread", "q": "olga"},
    ):
        assert "1 audit log entry" in page(client, "chat_auditlogentry_changelist", **query)
    listed = AuditLogEntry.objects.get(action=AuditAction.LISTED)
    assert f">{thread.pk}<" in page(client, "chat_auditlogentry_change", listed.pk)


def test_the_audit_log_shows_no_content(staff: Staff, owner: User) -> None:
    thread = make_thread(owner, "secret title")
    page(staff("view_thread", "read_content"), "chat_thread_change", thread.pk)
    client = staff("view_accessrecord")
    record = AuditLogEntry.objects.get()
    assert "secret" not in page(client, "chat_auditlogentry_changelist")
    assert "secret" not in page(client, "chat_auditlogentry_change", record.pk)


@pytest.mark.parametrize("payload", ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(2)>"])
def test_markup_is_shown_as_text_on_every_confirmation_page(payload: str) -> None:
    root = client_of(User.objects.create_superuser("root"))
    owner = User.objects.create(username=payload)
    thread = make_thread(owner, payload, public_id=payload)
    hold = holds.place_hold(thread, payload, payload)
    AuditLogEntry.objects.create(
        username=payload,
        action=AuditAction.VIEWED,
        kind="thread",
        public_id=payload,
        owner_name=payload,
        reason=payload,
    )
    record = AuditLogEntry.objects.get()
    shown = [
        page(root, "chat_thread_redact", thread.pk),
        page(root, "chat_thread_hold", thread.pk),
        page(root, "chat_message_redact", thread.messages.get(position=0).pk),
        page(root, "chat_user_erase", owner.pk),
        page(root, "chat_user_change", owner.pk),
        page(root, "chat_hold_lift", hold.pk),
        page(root, "chat_hold_changelist"),
        page(root, "chat_hold_change", hold.pk),
        page(root, "chat_hold_history", hold.pk),
        page(root, "chat_auditlogentry_changelist"),
        page(root, "chat_auditlogentry_change", record.pk),
        page(root, "chat_auditlogentry_history", record.pk),
        page(root, "chat_thread_export"),
    ]
    for number, text in enumerate(shown):
        assert payload not in text, number
    assert sum(escape(payload) in text for text in shown) >= 10


def test_a_confirmation_page_shows_no_title(owner: User, staff: Staff) -> None:
    thread = make_thread(owner, "secret title")
    client = staff(*VIEWS, "redact_content", "hold_content")
    for kind, row in (("thread", thread), ("message", thread.messages.get(position=0))):
        for view in ("redact", "history"):
            assert "secret" not in page(client, f"chat_{kind}_{view}", row.pk)


@pytest.mark.parametrize("kind", ["auditlogentry", "hold"])
def test_a_list_costs_as_many_queries_for_many_rows_as_for_one(owner: User, kind: str) -> None:
    root, thread = client_of(User.objects.create_superuser("root")), make_thread(owner)
    costs = []
    for _ in range(2):
        for number in range(10):
            holds.place_hold(thread, f"staff{number}", "a case")
            AuditLogEntry.objects.create(username="x", action=AuditAction.VIEWED, kind="thread", user=owner)
        page(root, f"chat_{kind}_changelist")
        with CaptureQueriesContext(connection) as captured:
            page(root, f"chat_{kind}_changelist")
        costs.append(len(captured))
    assert costs[0] == costs[1]
