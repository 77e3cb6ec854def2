"""Filters and search of the admin's lists, for rare and for common matches."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chat.models import Response, Role, Status, Thread, User
from chat.reporting import admin_queries
from tests.integration.admin_rows import client_of, make_call, make_response, make_thread, page, shown
from tests.integration.thought_rows import write_thought

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def rated(thread: Thread, score: int) -> None:
    thread.messages.filter(role=Role.ASSISTANT, hidden=False).update(feedback_score=score)


def test_each_yes_or_no_filter_selects_the_right_threads(admin: Client, owner: User) -> None:
    good, bad = make_thread(owner, "title01"), make_thread(owner, "title02")
    good.messages.filter(hidden=True).delete()
    rated(good, 1)
    rated(bad, -1)
    Response.objects.filter(thread=bad).update(status=Status.INTERRUPTED)
    for name in ("errors", "hidden", "flagged"):
        assert shown(page(admin, "chat_thread_changelist", **{name: "yes"})) == ["title02"], name
        assert shown(page(admin, "chat_thread_changelist", **{name: "no"})) == ["title01"], name


def test_a_stopped_response_is_not_an_error(admin: Client, owner: User) -> None:
    Response.objects.filter(thread=make_thread(owner, "title01")).update(status=Status.STOPPED)
    assert shown(page(admin, "chat_thread_changelist", errors="yes")) == []


@pytest.mark.parametrize("few", [1, 5_000])
def test_the_state_filter_works_for_rare_and_common_states(
    admin: Client, owner: User, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_queries, "HITS", few)
    for number, status in enumerate([Status.FAILED, Status.FAILED, Status.FAILED, Status.DONE]):
        thread = make_thread(owner, f"title{number:02}")
        Response.objects.filter(thread=thread).update(status=status)
    again = Thread.objects.get(title="title00")
    make_response(again, 2, again.messages.get(position=0), status=Status.DONE)
    assert sorted(shown(page(admin, "chat_thread_changelist", state="failed"))) == ["title01", "title02"]


def test_threads_can_be_filtered_by_a_model_that_was_removed(admin: Client, owner: User) -> None:
    make_thread(owner, "title01", model="retired")
    make_thread(owner, "title02", model="c1")
    assert shown(page(admin, "chat_thread_changelist", model="retired")) == ["title01"]


def test_responses_and_calls_can_be_filtered_by_error_code(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    failed = {"status": Status.FAILED, "error_code": "model_timeout", "public_id": "late-one"}
    make_response(thread, 2, thread.messages.get(position=0), **failed)
    text = page(admin, "chat_response_changelist", error_code="model_timeout")
    assert "late-one" in text
    assert f"response-{thread.pk}-1" not in text
    make_call(thread, outcome="failed", error_code="unavailable")
    assert "1 upstream call<" in page(admin, "chat_upstreamcall_changelist", error_code="unavailable")
    assert "0 upstream calls" in page(admin, "chat_upstreamcall_changelist", error_code="model_failed")


def test_messages_can_be_filtered_by_feedback(admin: Client, owner: User) -> None:
    rated(make_thread(owner, "poor"), -1)
    rated(make_thread(owner, "fine"), 1)
    text = page(admin, "chat_message_changelist", feedback="-1")
    assert "reply poor" in text
    assert "reply fine" not in text


@pytest.mark.parametrize("few", [0, 5_000])
def test_threads_and_messages_are_found_by_rare_and_common_words(
    admin: Client, owner: User, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_queries, "HITS", few)
    match, other = make_thread(owner, "title01"), make_thread(owner, "title02")
    match.messages.filter(position=3).update(plain_text="Umbrellas sold in Lisbon")
    other.messages.filter(position=2).update(content="umbrellas, hidden")
    assert shown(page(admin, "chat_thread_changelist", q="lisbon umbr")) == ["title01"]
    text = page(admin, "chat_message_changelist", q="lisbon umbr")
    assert "1 message<" in text
    assert "<mark>Umbrellas</mark> sold in <mark>Lisbon</mark>" in text


def clerk(*rights: str) -> Client:
    """Return the client of a member of staff with exactly these permissions."""
    user, _ = User.objects.get_or_create(username="-".join(("clerk", *rights)), is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return client_of(user)


@pytest.mark.parametrize("words", ["umbrellas", "title01"])
@pytest.mark.parametrize("kind", ["thread", "message"])
def test_words_are_searched_only_with_the_permission_to_read(owner: User, kind: str, words: str) -> None:
    thread = make_thread(owner, "title01", public_id="the-thread")
    thread.messages.filter(position=3).update(plain_text="Umbrellas title01")
    views = ("view_thread", "view_message")
    assert f"0 {kind}s" in page(clerk(*views), f"chat_{kind}_changelist", q=words)
    assert f"0 {kind}s" not in page(clerk(*views), f"chat_{kind}_changelist", q="the-thread")
    assert f"0 {kind}s" not in page(clerk(*views, "read_content"), f"chat_{kind}_changelist", q=words)


def test_feedback_is_shown_and_filtered_only_with_the_permission_to_read(owner: User) -> None:
    rated(make_thread(owner, "title01"), -1)
    views = ("view_thread", "view_message")
    blind, reader = clerk(*views), clerk(*views, "read_content")
    for kind, query in (("thread", {"flagged": "yes"}), ("message", {"feedback": "-1"})):
        filtered = blind.get(reverse(f"admin:chat_{kind}_changelist"), query)
        assert filtered.status_code == 302, kind  # the list without the filter
        name = next(iter(query))
        assert f"?{name}=" not in page(blind, f"chat_{kind}_changelist")
        assert f"?{name}=" in page(reader, f"chat_{kind}_changelist")
    assert "column-flagged" not in page(blind, "chat_thread_changelist")
    assert "column-flagged" in page(reader, "chat_thread_changelist")


@pytest.mark.parametrize(
    "words", ["\x00", "'", "a & | !", "\\", "%", "a:*", "\ud800".encode(errors="replace").decode()]
)
@pytest.mark.parametrize("kind", ["thread", "message", "response", "upstreamcall", "user", "apitoken"])
def test_no_search_breaks_a_list(admin: Client, owner: User, kind: str, words: str) -> None:
    make_thread(owner)
    answer = admin.get(reverse(f"admin:chat_{kind}_changelist"), {"q": words}, follow=True)
    assert answer.status_code == 200


@pytest.mark.parametrize("hits", [5_000, 0])
def test_words_of_a_thought_find_its_thread_where_content_may_be_read(
    staff: Callable[..., Client], owner: User, monkeypatch: pytest.MonkeyPatch, hits: int
) -> None:
    monkeypatch.setattr(admin_queries, "HITS", hits)  # beyond, rows are checked one at a time
    for text, thought in (("one", "perhaps wombats"), ("two", "perhaps quokkas")):
        write_thought(make_thread(owner, text).responses.get(), (0, [(10, thought)]))
    client = staff("view_thread", "read_content")
    address = reverse("admin:chat_thread_changelist")
    found = client.get(address, {"q": "wombat"}).content.decode()
    assert (">one<" in found, ">two<" in found) == (True, False)
    User.objects.filter(username="staff").delete()
    without = staff("view_thread").get(address, {"q": "wombat"}).content.decode()
    assert "thread-0" not in without
