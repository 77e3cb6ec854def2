"""A legal hold keeps threads from every deletion; to their owner a deleted thread is gone all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from chat.accounts import guests
from chat.exceptions import NotFound
from chat.governance import deletion, holds, retention
from chat.governance.exceptions import AlreadyDeleted
from chat.models import HeldText, Hold, Message, Response, Revision, Thread, User, raw_delete
from chat.schemas import Feedback, NewThread, ThreadChange
from chat.threads import messages, revisions, stored_bytes, threads
from chat.threads.search import search
from chat.threads.threads import Listing
from tests.integration.admin_rows import make_thread

pytestmark = pytest.mark.django_db

LISTING = Listing(10, None, "", None)


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture
def thread(owner: User) -> Thread:
    return make_thread(owner, "whales")


def of_thread(thread: Thread) -> Hold:
    return holds.place_hold(thread, "staff", "a case")


def of_owner(thread: Thread) -> Hold:
    return holds.place_hold(thread.owner, "staff", "a case")


EITHER = pytest.mark.parametrize("hold", [of_thread, of_owner])
Make = Callable[[Thread], Hold]


@EITHER
def test_a_held_thread_that_its_owner_deletes_is_kept_whole(thread: Thread, hold: Make) -> None:
    hold(thread)
    deletion.delete_thread(thread.owner_id, thread.pk, thread.public_id)
    kept = Thread.objects.get(pk=thread.pk)
    assert (kept.title, kept.messages.count(), kept.responses.count()) == ("whales", 4, 1)
    assert kept.soft_deleted_at is not None
    assert kept.public_id == f"~{thread.pk}~{thread.public_id}"


@EITHER
def test_a_held_thread_is_hidden_from_its_owner_everywhere(thread: Thread, hold: Make) -> None:
    hold(thread)
    owner, response = thread.owner_id, thread.responses.get()
    deletion.delete_thread(owner, thread.pk, thread.public_id)
    assert threads.page(owner, LISTING) == ([], None)
    for words in ("whales", "reply"):
        assert search.search(owner, Listing(10, None, words, None)) == ([], None)
    withdrawn = Thread.objects.get(pk=thread.pk).public_id
    for public_id in (thread.public_id, withdrawn):
        with pytest.raises(NotFound):
            threads.find(owner, public_id)
    for public_id in (response.public_id, Response.objects.get(pk=response.pk).public_id):
        with pytest.raises(NotFound):
            threads.response(owner, public_id)
    assert threads.by_pk(thread.pk) is None


def test_a_withdrawn_thread_takes_no_place_among_the_hits_of_a_search(thread: Thread) -> None:
    of_thread(thread)
    other = make_thread(thread.owner, "something about whales and more")
    deletion.delete_thread(thread.owner_id, thread.pk, thread.public_id)
    hits, cursor = search.search(thread.owner_id, Listing(1, None, "whales", None))
    assert ([row.pk for row, _ in hits], cursor) == ([other.pk], None)


def test_its_ids_are_free_again_and_it_can_be_deleted_again(thread: Thread) -> None:
    of_thread(thread)
    for _ in range(2):
        ids = thread.public_id, list(thread.messages.values_list("public_id", flat=True))
        deletion.delete_thread(thread.owner_id, thread.pk, thread.public_id)
        wanted = NewThread(ids[0], None, None, None, None)
        again, new = threads.create(thread.owner_id, wanted, "c1")
        assert new
        assert not Message.objects.filter(owner=thread.owner_id, public_id__in=ids[1]).exists()
        holds.place_hold(again, "staff", "a case")
        thread = again
    assert Thread.objects.exclude(soft_deleted_at=None).count() == 2


def test_ids_as_long_as_they_may_be_stay_apart(owner: User) -> None:
    row = Thread.objects.create(owner=owner, public_id="x" * 128, model="c1")
    deletion.soft_delete(row)
    assert Thread.objects.get().public_id == f"~{row.pk}~{'x' * 128}"[:128]


def test_the_last_hold_lifted_lets_it_go(thread: Thread) -> None:
    first, second = of_thread(thread), of_owner(thread)
    deletion.delete_thread(thread.owner_id, thread.pk, thread.public_id)
    holds.lift_hold(first, "staff", "over")
    assert retention.delete_expired_threads() == 0
    holds.lift_hold(second, "staff", "over")
    assert retention.delete_expired_threads() == 1
    assert not Thread.objects.exists()


def test_a_hold_stays_on_record_after_its_thread_is_deleted(thread: Thread) -> None:
    hold = of_thread(thread)
    holds.lift_hold(hold, "other", "over")
    deletion.delete_thread(thread.owner_id, thread.pk, thread.public_id)
    row = Hold.objects.get()
    assert (row.kind, row.object_pk, row.public_id) == ("thread", thread.pk, thread.public_id)
    assert (row.made_by, row.reason, row.lifted_by, row.lift_reason) == ("staff", "a case", "other", "over")


def test_a_hold_is_lifted_once(thread: Thread) -> None:
    hold = of_thread(thread)
    holds.lift_hold(hold, "first", "over")
    holds.lift_hold(hold, "second", "again")
    assert Hold.objects.get().lifted_by == "first"


def test_the_database_refuses_to_delete_held_rows(thread: Thread) -> None:
    of_thread(thread)
    raw_delete(Message.objects.filter(thread=thread))
    raw_delete(Response.objects.filter(thread=thread))
    raw_delete(Thread.objects.filter(pk=thread.pk))
    with pytest.raises(IntegrityError, match="chat_hold"):
        connection.check_constraints()


def test_a_thread_without_a_hold_is_deleted_whole(thread: Thread) -> None:
    of_thread(make_thread(thread.owner, "another"))
    deletion.delete_thread(thread.owner_id, thread.pk, thread.public_id)
    assert not Thread.objects.filter(pk=thread.pk).exists()
    assert not Message.objects.filter(thread=thread.pk).exists()


def test_an_idle_guest_under_hold_stays() -> None:
    guest, other = guests.create(), guests.create()
    User.objects.update(date_joined=timezone.now() - timedelta(days=2))
    empty = Thread.objects.create(owner=other, public_id="empty", model="c1")
    holds.place_hold(guest, "staff", "a case")
    holds.place_hold(empty, "staff", "a case")
    assert guests.delete_idle() == 0


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let few former texts be kept without a hold; return a number of replacements beyond that."""
    monkeypatch.setattr(revisions, "KEPT", 10)
    return 21


def replaced(thread: Thread, number: int) -> None:
    """Replace the reply, the title and the rating of a thread that often."""
    reply = thread.messages.get(role="assistant", hidden=False)
    for turn in range(number):
        messages.replace(thread.owner_id, thread.public_id, reply.public_id, f"reply {turn}")
        threads.change(thread.owner_id, thread.public_id, ThreadChange(f"title {turn}", None, None, None))
        messages.rate(thread.owner_id, thread.public_id, reply.public_id, Feedback(1, f"comment {turn}"))


@EITHER
def test_every_former_text_of_a_held_thread_is_kept(thread: Thread, hold: Make, few: int) -> None:
    hold(thread)
    replaced(thread, few)
    left = stored_bytes.left(thread.owner_id)
    replaced(thread, 1)
    for kind in ("reply", "title", "comment"):
        kept = {
            *Revision.objects.values_list("content", flat=True),
            *HeldText.objects.values_list("text", flat=True),
        }
        assert {f"{kind} {turn}" for turn in range(few)} <= kept
    assert left - stored_bytes.left(thread.owner_id) < 500


def test_without_a_hold_replaced_titles_and_ratings_are_not_kept(thread: Thread, few: int) -> None:
    replaced(thread, few)
    assert not HeldText.objects.exists()
    assert Revision.objects.count() == revisions.KEPT + 1


def test_former_texts_go_when_the_last_hold_ends(thread: Thread, few: int) -> None:
    first, second = of_thread(thread), of_owner(thread)
    replaced(thread, few)
    holds.lift_hold(first, "staff", "over")
    assert retention.delete_released_texts() == 0
    holds.lift_hold(second, "staff", "over")
    assert retention.delete_released_texts() > 2 * (few - 1)
    assert (HeldText.objects.count(), Revision.objects.count()) == (0, revisions.KEPT + 1)


def test_a_hold_on_a_deleted_thread_is_refused_in_words(thread: Thread) -> None:
    deletion.delete_thread(thread.owner_id, thread.pk, thread.public_id)
    with pytest.raises(AlreadyDeleted):
        of_thread(thread)
