"""Retention by age, its exceptions, and the deletion of a user with all data."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from chat.accounts import erasure, sessions, suspension
from chat.accounts.identity import Credentials, identify
from chat.conf import settings
from chat.governance import deletion, holds, retention
from chat.governance.exceptions import UnderLegalHold
from chat.models import (
    ApiToken,
    AuditAction,
    AuditLogEntry,
    Message,
    Notice,
    PersonRequest,
    Response,
    Status,
    ThoughtChunk,
    ThoughtTerms,
    Thread,
    ToolUse,
    UsageRule,
    User,
    raw_delete,
)
from tests.integration.admin_rows import client_of, make_response, make_thread
from tests.integration.thought_rows import write_request, write_thought, write_tool_use

pytestmark = pytest.mark.django_db


def _session_key(client: Client) -> str:
    return str(client.cookies[django_settings.SESSION_COOKIE_NAME].value)


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture
def guest() -> User:
    return User.objects.create(username="guest", is_guest=True)


@pytest.fixture(autouse=True)
def days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set retention: 30 days for threads of accounts, 3 for those of guests, 90 for audit records."""
    monkeypatch.setattr(
        retention,
        "settings",
        replace(settings, retention_days=30, guests_retention_days=3, access_retention_days=90),
    )


def aged(owner: User, days: float) -> Thread:
    thread = make_thread(owner)
    Thread.objects.filter(pk=thread.pk).update(updated_at=timezone.now() - timedelta(days=days))
    return thread


def left() -> set[int]:
    return set(Thread.objects.values_list("pk", flat=True))


def test_each_kind_of_owner_has_an_age_of_its_own(owner: User, guest: User) -> None:
    kept = {aged(owner, 29).pk, aged(guest, 2).pk}
    aged(owner, 31)
    aged(guest, 4)
    assert retention.delete_expired_threads() == 2
    assert left() == kept


def test_rules_keep_threads_for_less_time_than_the_server_does_and_never_for_more(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, long, longest = (Group.objects.create(name=str(days)) for days in (5, 10, 400))
    for group in (short, long, longest):
        UsageRule.objects.create(group=group, retention_days=int(group.name))
    own, capped = User.objects.create(username="own"), User.objects.create(username="capped")
    owner.groups.set([short, long])
    own.groups.set([long])
    UsageRule.objects.create(user=own, retention_days=2)
    capped.groups.set([longest])
    kept = {aged(owner, 9).pk, aged(own, 1).pk, aged(capped, 29).pk}
    for user, days in ((owner, 11), (own, 3), (capped, 31)):
        aged(user, days)
    assert retention.delete_expired_threads() == 3
    assert left() == kept


def test_without_a_setting_nothing_is_ever_too_old(
    owner: User, guest: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "settings", settings)
    aged(owner, 4000)
    aged(guest, 4000)
    record(4000)
    assert (retention.delete_expired_threads(), retention.delete_expired_records()) == (0, 0)


def test_a_thread_goes_with_everything_in_it(owner: User) -> None:
    aged(owner, 31)
    retention.delete_expired_threads()
    assert not Message.objects.exists()
    assert not Response.objects.exists()
    assert User.objects.filter(pk=owner.pk).exists()


def with_thought(thread: Thread) -> Response:
    response = thread.responses.get()
    write_thought(response, (0, [(10, "Let me see")]))
    write_tool_use(response, "clock")
    write_request(response, "Really?")
    return response


def thought_rows() -> list[int]:
    return [
        model._default_manager.count()
        for model in (ThoughtChunk, ThoughtTerms, ToolUse, PersonRequest, Notice)
    ]


def test_thought_and_tool_calls_go_with_their_thread_and_stay_with_others(owner: User) -> None:
    with_thought(aged(owner, 31))
    with_thought(aged(owner, 29))
    assert thought_rows() == [2] * 5
    assert retention.delete_expired_threads() == 1
    assert thought_rows() == [1] * 5


def test_thought_goes_with_a_response_that_an_older_program_deletes(owner: User) -> None:
    response = with_thought(aged(owner, 1))
    Thread.objects.update(leaf=None)
    Message.objects.update(parent=None)
    raw_delete(Message.objects.filter(response=response))
    raw_delete(Response.objects.filter(pk=response.pk))
    assert thought_rows() == [0] * 5


def test_thought_under_a_hold_outlives_its_threads_deletion(owner: User) -> None:
    thread = aged(owner, 31)
    with_thought(thread)
    hold = holds.place_hold(thread, "staff", "a case")
    deletion.delete_thread(owner.pk, thread.pk, thread.public_id)
    assert thought_rows() == [1] * 5
    holds.lift_hold(hold, "staff", "over")
    assert retention.delete_expired_threads() == 1
    assert thought_rows() == [0] * 5


def test_a_held_thread_and_a_held_users_threads_stay(owner: User, guest: User) -> None:
    kept = {aged(owner, 31).pk, aged(guest, 31).pk}
    holds.place_hold(Thread.objects.get(owner=owner), "staff", "a case")
    holds.place_hold(guest, "staff", "a case")
    assert retention.delete_expired_threads() == 0
    assert left() == kept


@pytest.mark.parametrize("status", [Status.STREAMING, Status.QUEUED])
def test_a_thread_in_which_something_runs_stays(owner: User, status: Status) -> None:
    thread = aged(owner, 31)
    make_response(thread, 2, thread.messages.get(position=0), status=status)
    assert retention.delete_expired_threads() == 0


def test_a_step_is_bounded_by_threads_and_by_messages(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        aged(owner, 31)
    monkeypatch.setattr(deletion, "THREADS", 3)
    assert retention.delete_expired_threads() == 3
    monkeypatch.setattr(deletion, "MESSAGES", 1)  # fewer than any thread has
    assert [retention.delete_expired_threads() for _ in range(3)] == [1, 1, 0]


def record(days: float) -> None:
    moment = timezone.now() - timedelta(days=days)
    AuditLogEntry.objects.create(username="staff", action=AuditAction.VIEWED, kind="thread", moment=moment)


def test_old_records_go_in_steps_and_younger_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    for days in (89, 91, 92, 93):
        record(days)
    monkeypatch.setattr(retention, "RECORDS", 2)
    assert [retention.delete_expired_records() for _ in range(3)] == [2, 1, 0]
    assert AuditLogEntry.objects.count() == 1


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("retention", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_counts_first_and_then_deletes(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "THREADS", 2)
    for _ in range(5):
        aged(owner, 31)
    record(91)
    other = User.objects.create(username="other")
    make_thread(other)
    erasure.begin(other.pk)
    assert said("--dry-run") == "Would delete: threads 5, access records 1, users 1.\n"
    assert Thread.objects.count() == 6
    assert said() == "Deleted: threads 5, access records 1, users 1.\n"
    assert not Thread.objects.exists()


def erase(user: User) -> None:
    erasure.begin(user.pk)
    while not erasure.erase_batch(user.pk):
        pass


def test_an_erased_user_goes_with_all_their_data_and_no_other_users(
    owner: User, guest: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "THREADS", 1)
    for _ in range(3):
        with_thought(make_thread(owner))
    with_thought(make_thread(guest))
    ApiToken.issue(owner)
    erase(owner)
    assert not User.objects.filter(pk=owner.pk).exists()
    assert not ApiToken.objects.exists()
    assert set(Message.objects.values_list("owner", flat=True)) == {guest.pk}
    assert Thread.objects.count() == Response.objects.count() == 1
    assert thought_rows() == [1] * 5


def test_an_erased_user_loses_access_at_once(owner: User) -> None:
    token, session = ApiToken.issue(owner), _session_key(client_of(owner))
    erasure.begin(owner.pk)
    for credentials in (Credentials(token, None), Credentials(None, session)):
        with pytest.raises(Exception, match=r"Sign in|not valid"):
            identify(credentials)


@pytest.mark.parametrize("kind", ["user", "thread"])
def test_a_hold_keeps_a_user_from_being_erased(owner: User, kind: str) -> None:
    thread = make_thread(owner)
    holds.place_hold(owner if kind == "user" else thread, "staff", "a case")
    with pytest.raises(UnderLegalHold):
        erasure.begin(owner.pk)
    assert User.objects.get(pk=owner.pk).is_active


def test_a_hold_that_comes_later_stops_an_erasure_until_it_is_lifted(owner: User) -> None:
    thread = make_thread(owner)
    erasure.begin(owner.pk)
    hold = holds.place_hold(thread, "staff", "a case")
    assert erasure.pending_erasures() == []
    assert erasure.erase_batch(owner.pk)
    assert left() == {thread.pk}
    holds.lift_hold(hold, "staff", "over")
    assert erasure.pending_erasures() == [owner.pk]


def test_an_erasure_waits_for_running_responses(owner: User) -> None:
    thread = make_thread(owner)
    make_response(thread, 2, thread.messages.get(position=0), status=Status.STREAMING)
    erasure.begin(owner.pk)
    assert erasure.pending_erasures() == []
    assert Response.objects.exclude(stop_requested_at=None).count() == 1


def test_a_suspended_user_gets_in_with_nothing_and_loses_nothing(owner: User) -> None:
    thread = make_thread(owner)
    make_response(thread, 2, thread.messages.get(position=0), status=Status.STREAMING)
    token, session = (
        ApiToken.issue(owner),
        _session_key(client_of(owner)),
    )
    suspension.suspend(owner.pk)
    for credentials in (Credentials(token, None), Credentials(None, session)):
        with pytest.raises(Exception, match=r"Sign in|not valid"):
            identify(credentials)
    assert Response.objects.exclude(stop_requested_at=None).count() == 1
    suspension.restore(owner.pk)
    assert identify(Credentials(token, None)).user == owner.pk
    with pytest.raises(Exception, match="Sign in"):
        identify(Credentials(None, session))


def test_ending_sessions_ends_those_of_one_user_alone(owner: User, guest: User) -> None:
    mine, other = (_session_key(client_of(user)) for user in (owner, User.objects.create()))
    suspension.end_sessions(owner.pk)
    with pytest.raises(Exception, match="Sign in"):
        identify(Credentials(None, mine))
    assert identify(Credentials(None, other))
    again = _session_key(client_of(User.objects.get(pk=owner.pk)))
    assert identify(Credentials(None, again)).user == owner.pk


def test_sessions_are_listed_without_ended_ones_and_within_a_bound(
    owner: User, guest: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_of(owner)
    client_of(guest)
    assert len(sessions.sessions_of(owner).expire) == 1
    suspension.end_sessions(owner.pk)
    client_of(User.objects.get(pk=owner.pk))
    found = sessions.sessions_of(User.objects.get(pk=owner.pk))
    assert (len(found.expire), found.whole) == (1, True)
    monkeypatch.setattr(sessions, "SCANNED", 1)
    assert not sessions.sessions_of(owner).whole


def test_a_user_who_is_being_erased_is_not_let_in_again(owner: User) -> None:
    erasure.begin(owner.pk)
    suspension.restore(owner.pk)
    assert not User.objects.get(pk=owner.pk).is_active
