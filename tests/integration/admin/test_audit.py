"""Every view of content is recorded before it is shown; without the permission to read, only metadata is visible."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth.models import Permission
from django.db import DatabaseError, models
from django.test import Client, RequestFactory
from django.urls import reverse

from chat.admin.access import audit
from chat.models import AuditAction, AuditLogEntry, User
from tests.integration.admin_rows import make_thread, page, write_log

pytestmark = pytest.mark.django_db

VIEWS = ("view_thread", "view_message", "view_response")
# Part of every text by a user or a model.
CANARY = "canary"


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def pages(client: Client, owner: User) -> dict[str, str]:
    """Return every page that can show content, of a new thread whose texts contain the canary."""
    thread = make_thread(owner, CANARY)
    response = thread.responses.get()
    write_log(response, (b"canary log", False))
    shown = {kind: page(client, f"chat_{kind}_changelist") for kind in ("thread", "message", "response")}
    shown["a thread"] = page(client, "chat_thread_change", thread.pk)
    shown["a response"] = page(client, "chat_response_change", response.pk)
    for message in thread.messages.all():
        shown[f"message {message.position}"] = page(client, "chat_message_change", message.pk)
    return shown


def test_the_view_permission_alone_shows_no_content(staff: Callable[..., Client], owner: User) -> None:
    for name, text in pages(staff(*VIEWS), owner).items():
        assert CANARY not in text, name
    assert not AuditLogEntry.objects.exists()


def test_hidden_content_is_shown_nowhere_without_its_permission(
    staff: Callable[..., Client], owner: User
) -> None:
    shown = pages(staff(*VIEWS, "read_content"), owner)
    assert "reply canary" in shown["a thread"]
    assert "canary log" in shown["a response"]
    for name, text in shown.items():
        assert not any(f"{word} canary" in text for word in ("tool", "result")), name


def test_hidden_content_needs_the_permission_to_read_as_well(
    staff: Callable[..., Client], owner: User
) -> None:
    for name, text in pages(staff(*VIEWS, "read_hidden_content"), owner).items():
        assert CANARY not in text, name


@pytest.mark.parametrize(
    ("rights", "read", "hidden"),
    [
        ([], False, False),
        (["read_content"], True, False),
        (["read_hidden_content"], False, False),
        (["read_content", "read_hidden_content"], True, True),
    ],
)
def test_hidden_content_is_shown_with_both_permissions(
    rf: RequestFactory, rights: list[str], read: bool, hidden: bool
) -> None:
    request = rf.get("/")
    request.user = User.objects.create(username="staff", is_staff=True)
    request.user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    assert (audit.can_read(request), audit.can_read_hidden(request)) == (read, hidden)


@pytest.mark.parametrize(
    ("rights", "action"),
    [(["read_content"], AuditAction.VIEWED), (["read_content", "read_hidden_content"], AuditAction.HIDDEN)],
)
def test_every_view_is_audited_with_user_object_and_time(
    staff: Callable[..., Client], owner: User, rights: list[str], action: AuditAction
) -> None:
    thread = make_thread(owner)
    page(staff(*VIEWS, *rights), "chat_thread_change", thread.pk)
    record = AuditLogEntry.objects.get()
    assert (record.username, record.action, record.kind) == ("staff", action, "thread")
    assert (record.object_pk, record.public_id, record.owner_name) == (thread.pk, thread.public_id, "olga")
    assert record.moment is not None


def test_lists_and_searches_are_audited_with_the_rows_they_showed(
    staff: Callable[..., Client], owner: User
) -> None:
    threads = [make_thread(owner, f"title {number}") for number in range(2)]
    client = staff("view_thread", "read_content")
    page(client, "chat_thread_changelist")
    page(client, "chat_thread_changelist", q="title 1")
    seen, searched = AuditLogEntry.objects.order_by("pk")
    assert (seen.action, sorted(seen.shown)) == (AuditAction.LISTED, sorted(row.pk for row in threads))
    assert (searched.action, searched.shown) == (AuditAction.SEARCHED, [threads[1].pk])
    assert "title" not in str(AuditLogEntry.objects.values())


def test_content_is_not_shown_if_the_view_cannot_be_recorded(
    staff: Callable[..., Client], owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **fields: object) -> None:
        raise DatabaseError

    client = staff(*VIEWS, "read_content")
    client.raise_request_exception = False
    thread = make_thread(owner, CANARY)
    monkeypatch.setattr(audit, "_add", refuse)
    for address in (
        reverse("admin:chat_thread_change", args=[thread.pk]),
        reverse("admin:chat_thread_changelist"),
    ):
        answer = client.get(address)
        assert answer.status_code == 500
        assert CANARY not in answer.content.decode()


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    class ReasonRequired:
        admin_reason = True

    monkeypatch.setattr(audit, "settings", ReasonRequired)


def test_content_is_not_shown_without_a_required_reason(
    staff: Callable[..., Client], owner: User, reasons: None
) -> None:
    for name, text in pages(staff(*VIEWS, "read_content", "read_hidden_content"), owner).items():
        assert CANARY not in text, name
        assert "Reason for reading this" in text, name
    assert not AuditLogEntry.objects.exists()


def test_a_reason_opens_its_own_thread_and_is_recorded(
    staff: Callable[..., Client], owner: User, reasons: None
) -> None:
    client = staff(*VIEWS, "read_content")
    first, second = make_thread(owner, "first canary"), make_thread(owner, "second canary")
    address = reverse("admin:chat_thread_change", args=[first.pk])
    answer = client.post(
        reverse("admin:chat_reason"), {"thread": first.pk, "reason": "ticket 7", "next": address}
    )
    assert answer.headers["Location"] == address
    assert "first canary" in page(client, "chat_thread_change", first.pk)
    assert "canary" not in page(client, "chat_thread_change", second.pk)
    assert "canary" not in page(client, "chat_thread_changelist")
    assert AuditLogEntry.objects.get().reason == "ticket 7"


def test_a_reason_expires(
    staff: Callable[..., Client], owner: User, reasons: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, thread = staff(*VIEWS, "read_content"), make_thread(owner, CANARY)
    client.post(reverse("admin:chat_reason"), {"thread": thread.pk, "reason": "ticket 7"})
    assert CANARY in page(client, "chat_thread_change", thread.pk)
    monkeypatch.setattr(audit, "REASON_SECONDS", 0)
    assert CANARY not in page(client, "chat_thread_change", thread.pk)


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_giving_a_reason_redirects_only_within_the_site(staff: Callable[..., Client], back: str) -> None:
    answer = staff("read_content").post(reverse("admin:chat_reason"), {"reason": "why", "next": back})
    assert answer.headers["Location"] == reverse("admin:index")


def test_an_empty_reason_is_refused(staff: Callable[..., Client]) -> None:
    assert staff("read_content").post(reverse("admin:chat_reason"), {"reason": "\0 "}).status_code == 400


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("thread", "title__startswith"),
        ("thread", "system_prompt__contains"),
        ("message", "content__contains"),
        ("message", "plain_text__contains"),
        ("message", "tool_calls__contains"),
        ("message", "feedback_comment__contains"),
        ("response", "options__contains"),
        ("user", "instructions__contains"),
    ],
)
def test_content_cannot_be_filtered_by_address(
    staff: Callable[..., Client], owner: User, kind: str, query: str
) -> None:
    make_thread(owner, CANARY)
    answer = staff(*VIEWS, "view_user").get(reverse(f"admin:chat_{kind}_changelist"), {query: "c"})
    assert answer.status_code == 400


# The columns of texts by which staff may filter, because a table's view permission alone shows them.
FILTERABLE = {
    "apitoken": "name scopes",
    "auditlogentry": "username action kind public_id owner_name shown reason",
    "group": "name",
    "hold": "kind public_id owner_name reason made_by lifted_by lift_reason",
    "message": "public_id role tool_call_id redacted_by",
    "personrequest": "public_id kind tool call_id outcome",
    "price": "model currency",
    "response": "public_id model status finish_reason error_code error_detail usage_source effort lease_owner",
    "serverconnection": "server url",
    "share": "",
    "signinrecord": "method address agent",
    "thread": "public_id model",
    "upstreamcall": (
        "model upstream_model outcome error_code source parameters system_digest tools_digest request_digest provenance"
        " causes"
    ),
    "user": "username first_name last_name email language",
}
NO_TEXTS = (
    models.BooleanField,
    models.DateTimeField,
    models.DecimalField,
    models.FloatField,
    models.IntegerField,
    models.ForeignKey,
)


@pytest.mark.parametrize("model", site._registry, ids=lambda model: str(model._meta.model_name))
def test_no_list_can_be_filtered_by_a_text_that_it_does_not_show(
    model: type[models.Model], rf: RequestFactory
) -> None:
    request = rf.get("/")
    request.user = User()
    texts = [field.name for field in model._meta.concrete_fields if not isinstance(field, NO_TEXTS)]
    found = [
        name for name in texts if site._registry[model].lookup_allowed(f"{name}__startswith", "", request)
    ]
    assert found == FILTERABLE[str(model._meta.model_name)].split()


def test_titles_are_searched_only_with_the_permission_to_read(
    staff: Callable[..., Client], owner: User
) -> None:
    make_thread(owner, CANARY)
    assert "0 threads" in page(staff("view_thread"), "chat_thread_changelist", q=CANARY)
