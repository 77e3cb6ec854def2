"""Every look at what was said is on record before anything is shown; whoever may not read sees that a thread exists."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError
from django.test import Client, RequestFactory
from django.urls import reverse

from chat.admin import audit
from chat.models import AuditAction, AuditLogEntry, User
from tests.integration.admin_rows import make_thread, page, write_log

pytestmark = pytest.mark.django_db

VIEWS = ("view_thread", "view_message", "view_response")
CANARY = "canary"  # in every text that a user or a model said


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def pages(client: Client, owner: User) -> dict[str, str]:
    """Every page on which content can stand, of a new thread full of canaries."""
    thread = make_thread(owner, CANARY)
    response = thread.responses.get()
    write_log(response, (b"canary log", False))
    shown = {kind: page(client, f"chat_{kind}_changelist") for kind in ("thread", "message", "response")}
    shown["a thread"] = page(client, "chat_thread_change", thread.pk)
    shown["a response"] = page(client, "chat_response_change", response.pk)
    for message in thread.messages.all():
        shown[f"message {message.position}"] = page(client, "chat_message_change", message.pk)
    return shown


def test_who_may_see_that_a_thread_exists_sees_no_word_of_it(
    staff: Callable[..., Client], owner: User
) -> None:
    for name, text in pages(staff(*VIEWS), owner).items():
        assert CANARY not in text, name
    assert not AuditLogEntry.objects.exists()


def test_who_may_read_but_no_hidden_parts_gets_none_anywhere(
    staff: Callable[..., Client], owner: User
) -> None:
    shown = pages(staff(*VIEWS, "read_content"), owner)
    assert "reply canary" in shown["a thread"]
    assert "canary log" in shown["a response"]
    for name, text in shown.items():
        assert not any(f"{word} canary" in text for word in ("tool", "result")), name


def test_hidden_parts_need_the_right_to_read_as_well(staff: Callable[..., Client], owner: User) -> None:
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
def test_hidden_parts_are_read_with_both_rights(
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
def test_every_view_is_audited_with_who_what_and_when(
    staff: Callable[..., Client], owner: User, rights: list[str], action: AuditAction
) -> None:
    thread = make_thread(owner)
    page(staff(*VIEWS, *rights), "chat_thread_change", thread.pk)
    record = AuditLogEntry.objects.get()
    assert (record.username, record.action, record.kind) == ("staff", action, "thread")
    assert (record.object_pk, record.public_id, record.owner_name) == (thread.pk, thread.public_id, "olga")
    assert record.moment is not None


def test_a_list_and_a_search_are_on_record_with_the_rows_they_showed(
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


def test_what_cannot_be_recorded_is_not_shown(
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


def test_where_reasons_are_wanted_nothing_is_shown_without_one(
    staff: Callable[..., Client], owner: User, reasons: None
) -> None:
    for name, text in pages(staff(*VIEWS, "read_content", "read_hidden_content"), owner).items():
        assert CANARY not in text, name
        assert "Why do you read this?" in text, name
    assert not AuditLogEntry.objects.exists()


def test_a_reason_opens_its_thread_alone_and_stands_in_the_record(
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


def test_a_reason_is_forgotten_after_a_while(
    staff: Callable[..., Client], owner: User, reasons: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, thread = staff(*VIEWS, "read_content"), make_thread(owner, CANARY)
    client.post(reverse("admin:chat_reason"), {"thread": thread.pk, "reason": "ticket 7"})
    assert CANARY in page(client, "chat_thread_change", thread.pk)
    monkeypatch.setattr(audit, "REASON_SECONDS", 0)
    assert CANARY not in page(client, "chat_thread_change", thread.pk)


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_a_reason_leads_nowhere_else(staff: Callable[..., Client], back: str) -> None:
    answer = staff("read_content").post(reverse("admin:chat_reason"), {"reason": "why", "next": back})
    assert answer.headers["Location"] == reverse("admin:index")


def test_an_empty_reason_is_none(staff: Callable[..., Client]) -> None:
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
    ],
)
def test_no_address_asks_about_content(
    staff: Callable[..., Client], owner: User, kind: str, query: str
) -> None:
    make_thread(owner, CANARY)
    answer = staff(*VIEWS).get(reverse(f"admin:chat_{kind}_changelist"), {query: "c"})
    assert answer.status_code == 400


def test_titles_are_searched_by_readers_alone(staff: Callable[..., Client], owner: User) -> None:
    make_thread(owner, CANARY)
    assert "0 threads" in page(staff("view_thread"), "chat_thread_changelist", q=CANARY)
