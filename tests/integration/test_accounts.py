"""Accounts in the database: merging guests, deleting users, and cleanup, with no table forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from chat import cleanup
from chat.accounts import accounts, guests, login_attempts, sessions
from chat.exceptions import QuotaExceeded
from chat.governance import holds
from chat.models import Attachment, AttachmentUse, Hold, LoginAttempt, Message, Share, Thread, User
from chat.schemas import NewShare
from chat.threads import attachments, shares
from tests.integration.admin_rows import make_thread
from tests.live.pictures import PNG

pytestmark = pytest.mark.django_db

# Tables that are not merged: a guest's token must not open the account, a guest connects no servers and is never in the admin,
# and a hold on a guest becomes one on each thread. The database moves stored bytes with the threads and pictures. Requests to a
# person move with their responses; no guest has an address for a notice.
STAYING = {
    "ApiToken",
    "Authenticator",
    "EmailAddress",
    "LogEntry",
    "SignInRecord",
    "SocialAccount",
    "AuditLogEntry",
    "Hold",
    "Notice",
    "PersonRequest",
    "ServerConnection",
    "StoredBytes",
    "UsageRule",
}


def tables_of_users() -> set[str]:
    """Return the names of models with a foreign key to a user, without Django's join tables."""
    fields = User._meta.get_fields(include_hidden=True)
    related = {field.related_model for field in fields if field.auto_created and not field.concrete}
    return {model.__name__ for model in related if isinstance(model, type) and not model._meta.auto_created}


def test_every_table_of_users_is_merged_or_listed_as_staying() -> None:
    assert {model.__name__ for model in accounts.MOVED} | STAYING == tables_of_users()


def picture_in(message: Message) -> Attachment:
    row = Attachment.objects.create(owner=message.owner, content_type="image/png", size=len(PNG), data=PNG)
    AttachmentUse.objects.create(attachment=row, message=message)
    return row


def full(user: User) -> Thread:
    """Create a thread with a turn, a round of tools, a picture and a link."""
    thread = make_thread(user)
    reply = thread.messages.get(role="assistant", hidden=False)
    picture_in(thread.messages.get(position=0))
    Share.objects.create(owner=user, thread=thread, leaf=reply)
    return thread


def left_of(user: int) -> dict[str, int]:
    return {
        model.__name__: count
        for model in accounts.MOVED
        if (count := model.objects.filter(owner=user).count())
    }


def test_a_merge_moves_all_rows_of_the_guest(django_assert_max_num_queries: Any) -> None:
    guest, account = guests.create(), User.objects.create_user("ada")
    full(guest)
    before = left_of(guest.pk)
    assert {"Response", "Message", "Thread", "Share", "Attachment"} == set(before)
    with django_assert_max_num_queries(30):
        assert accounts.merge(guest.pk, account.pk) == 1
    assert (left_of(guest.pk), left_of(account.pk)) == ({}, before)


def test_the_row_of_a_merged_guest_is_deleted_a_day_later() -> None:
    guest, account = guests.create(), User.objects.create_user("ada")
    full(guest)
    User.objects.filter(pk=guest.pk).update(date_joined=timezone.now() - timedelta(days=40))
    accounts.merge(guest.pk, account.pk)
    assert guests.delete_idle() == 0
    User.objects.filter(pk=guest.pk).update(date_joined=timezone.now() - timedelta(days=2))
    assert guests.delete_idle() == 1


def test_only_a_guest_is_merged_and_only_into_an_account() -> None:
    one, other, guest = User.objects.create_user("ada"), guests.create(), guests.create()
    for user in (one, guest):
        Thread.objects.create(owner=user, public_id="t", model="c1")
    assert [accounts.merge(one.pk, other.pk), accounts.merge(guest.pk, other.pk)] == [0, 0]
    assert [accounts.merge(guest.pk, guest.pk), accounts.merge(guest.pk, 0)] == [0, 0]
    assert Thread.objects.filter(owner=one).count() == Thread.objects.filter(owner=guest).count() == 1


def test_an_id_of_maximal_length_is_shortened_for_its_suffix() -> None:
    guest, account = guests.create(), User.objects.create_user("ada")
    for user in (guest, account):
        Thread.objects.create(owner=user, public_id="x" * 128, model="c1")
    accounts.merge(guest.pk, account.pk)
    names = list(Thread.objects.filter(owner=account).values_list("public_id", flat=True))
    assert sorted(map(len, names)) == [128, 128]
    assert len(set(names)) == 2


def test_a_hold_on_a_guest_follows_the_merged_threads() -> None:
    guest, account = guests.create(), User.objects.create_user("ada")
    thread = full(guest)
    holds.place_hold(guest, "staff", "a case")
    accounts.merge(guest.pk, account.pk)
    assert Thread.objects.get(pk=thread.pk).owner == account
    assert Hold.objects.get(thread=thread).reason == "a case"
    assert holds.is_user_held(account.pk)


def test_only_the_sessions_of_deleted_users_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "BATCH", 2)
    deleted, kept = User.objects.create_user("ada"), User.objects.create_user("bob")
    keys = {user.pk: {session_of(user) for _ in range(4)} for user in (deleted, kept)}
    anonymous = SessionStore()
    anonymous.save()
    deleted_pk = deleted.pk
    deleted.delete()
    after: str | None = ""
    while after is not None:
        after = sessions.delete_orphaned(after)
    assert set(Session.objects.values_list("pk", flat=True)) == keys[kept.pk] | {anonymous.session_key}
    assert keys[deleted_pk]


def test_attempts_are_counted_in_a_window_and_forgotten_after_it() -> None:
    limits = {"name ada": 3, "from here": 5}
    assert [login_attempts.record_attempt(limits) for _ in range(4)] == [True, True, True, False]
    assert [login_attempts.record_attempt({"name bob": 3, "from here": 5}) for _ in range(3)] == [
        True,
        True,
        False,
    ]
    LoginAttempt.objects.update(at=timezone.now() - login_attempts.WINDOW)
    assert login_attempts.record_attempt(limits)
    assert login_attempts.delete_expired() == 10
    assert LoginAttempt.objects.count() == 2


def test_attempts_of_a_clock_that_was_set_back_since_keep_nobody_out() -> None:
    limits = {"name ada": 1}
    assert [login_attempts.record_attempt(limits) for _ in range(2)] == [True, False]
    LoginAttempt.objects.update(at=timezone.now() + timedelta(days=1))
    assert [login_attempts.record_attempt(limits) for _ in range(2)] == [True, False]


def test_attempts_are_stored_without_the_name() -> None:
    login_attempts.record_attempt({"name ada": 1})
    assert "ada" not in LoginAttempt.objects.get().about


def test_a_picture_is_deleted_with_the_last_message_that_shows_it() -> None:
    user = User.objects.create_user("ada")
    first, second = (full(user).messages.get(position=0) for _ in range(2))
    alone, both = Attachment.objects.get(uses__message=first), Attachment.objects.get(uses__message=second)
    AttachmentUse.objects.create(attachment=both, message=first)
    attachments.delete_exclusive_to([first.pk])
    assert list(Attachment.objects.values_list("pk", flat=True)) == [both.pk]
    assert alone.pk != both.pk
    attachments.delete_exclusive_to([second.pk])
    assert not Attachment.objects.exists()


def test_only_expired_links_are_deleted() -> None:
    user = User.objects.create_user("ada")
    thread = full(user)
    leaf = thread.messages.get(role="assistant", hidden=False)
    for days in (-1, 1):
        ends = timezone.now() + timedelta(days=days)
        Share.objects.create(owner=user, thread=thread, leaf=leaf, expires_at=ends)
    assert shares.delete_expired() == 1
    assert shares.active_shares(user.pk).count() == 2


def test_the_number_of_links_per_user_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    user = User.objects.create_user("ada")
    thread = full(user)
    Thread.objects.filter(pk=thread.pk).update(leaf=thread.messages.get(position=3))
    monkeypatch.setattr(shares, "MAX_ACTIVE_SHARES", 2)
    shares.create(user.pk, thread.public_id, NewShare())
    with pytest.raises(QuotaExceeded):
        shares.create(user.pk, thread.public_id, NewShare())


@pytest.mark.parametrize("table", ["chat_thread", "chat_user"])
def test_plain_deletes_remove_dependent_links_and_pictures(table: str) -> None:
    full(User.objects.create_user("ada"))
    with connection.cursor() as cursor:
        for other in ("chat_message", "chat_response", "chat_thread", "chat_user"):
            cursor.execute(f"DELETE FROM {other}")
            if other == table:
                break
        rows = {model: model.objects.count() for model in (Share, AttachmentUse, Attachment)}
        assert rows == {Share: 0, AttachmentUse: 0, Attachment: 0 if table == "chat_user" else 1}
        if table == "chat_user":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_all_kinds_of_leftovers_have_a_cleanup_task() -> None:
    assert set(cleanup.CLEANUP_TASKS) == {
        "guests",
        "attachments",
        "held_attachments",
        "shares",
        "stored_bytes",
        "held_texts",
        "attempts",
        "sessions",
        "sign_ins",
    }
    assert {remove() for remove in cleanup.CLEANUP_TASKS.values()} == {0}


async def run_here(function: Any, *args: Any) -> Any:
    """Call a function in the test's own thread, whose transaction the threads of the pool do not see."""
    return await sync_to_async(function)(*args)


def test_a_round_of_cleanup_leaves_nothing_of_a_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "BATCH", 3)
    monkeypatch.setattr(sessions, "BATCH", 3)
    monkeypatch.setattr("chat.cleanup.db.atomic_async", run_here)
    idle = [guests.create() for _ in range(10)]
    living = guests.create()
    User.objects.filter(pk__in=[guest.pk for guest in idle]).update(
        date_joined=timezone.now() - timedelta(days=2)
    )
    keys = {user.pk: session_of(user) for user in [*idle, living]}
    expired = [session_of(living) for _ in range(10)]
    Session.objects.filter(pk__in=expired).update(expire_date=timezone.now() - timedelta(seconds=1))
    async_to_sync(cleanup.delete_leftovers)()
    assert list(User.objects.values_list("pk", flat=True)) == [living.pk]
    assert list(Session.objects.values_list("pk", flat=True)) == [keys[living.pk]]


def session_of(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session.save()
    return str(session.session_key)
