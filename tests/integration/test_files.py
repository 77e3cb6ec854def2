"""Rows of files: claimed with a lease, counted, held, redacted, erased; and the admin's page of a message."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from chat.accounts import erasure
from chat.exceptions import NotFound
from chat.files import storage
from chat.files.extraction import FileText, ReadPassage
from chat.files.kinds import KINDS
from chat.files.storage import UnreadFile
from chat.governance import files, holds, redaction
from chat.models import Attachment, AttachmentUse, FilePassage, Hold, ReadingState, Thread, User
from chat.threads import attachments, stored_bytes
from chat.threads.search.files import search_files
from tests.integration.admin_rows import client_of, make_thread, page
from tests.integration.test_erased_names import tables_with

pytestmark = pytest.mark.django_db

WORDS = "Zebras have stripes."
TEXT = FileText([ReadPassage("page 1", WORDS, "'zebras':1 'have':2 'stripes':3")], 1)


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture
def thread(owner: User) -> Thread:
    return make_thread(owner, "whales")


def new_file(owner: User) -> Attachment:
    return attachments.create_file(owner.pk, KINDS["pdf"], b"%PDF-1.7 zebras", "zebras.pdf")


def claimed(seconds: float = 60) -> UnreadFile:
    found = storage.claim(seconds)
    assert found is not None
    return found


@pytest.fixture
def shown(owner: User, thread: Thread) -> Attachment:
    """A file that has been read, in the prompt of the thread."""
    row = new_file(owner)
    storage.store(claimed(), TEXT)
    AttachmentUse.objects.create(attachment=row, message=thread.messages.get(position=0))
    row.refresh_from_db()
    return row


def test_a_file_is_claimed_once_and_again_after_its_lease(owner: User) -> None:
    row = new_file(owner)
    first = claimed(-1)
    second = claimed(60)
    assert (first.key, second.key, second.attempt) == (row.pk, row.pk, first.attempt + 1)
    assert storage.claim(60) is None
    storage.fail(first, "too late")
    row.refresh_from_db()
    assert (row.state, row.detail) == (ReadingState.READING, "")
    storage.store(second, TEXT)
    row.refresh_from_db()
    assert (row.state, row.pages, row.characters) == (ReadingState.READY, 1, len(WORDS))


def test_users_take_turns(owner: User) -> None:
    first, second, other = (new_file(one) for one in (owner, owner, User.objects.create(username="sam")))
    assert [claimed().key for _ in range(3)] == [first.pk, other.pk, second.pk]


def test_a_released_file_is_claimed_at_once_as_if_it_had_not_begun(owner: User) -> None:
    new_file(owner)
    first = claimed()
    storage.release([first.claim])
    assert claimed().attempt == first.attempt


def test_a_lease_is_renewed_by_the_process_that_has_it_alone(owner: User) -> None:
    row = new_file(owner)
    first = claimed(-1)
    second = claimed(-1)
    assert storage.renew([first.claim], 60) == set()
    assert storage.renew([second.claim], 60) == {row.pk}
    assert storage.claim(60) is None
    storage.fail(second, "broken")
    assert storage.renew([second.claim], 60) == set()


def test_text_and_bytes_of_a_file_count_until_it_is_deleted(owner: User) -> None:
    before = stored_bytes.left(owner.pk)
    row = new_file(owner)
    storage.store(claimed(), TEXT)
    taken = before - stored_bytes.left(owner.pk)
    assert taken > row.size + len(WORDS)
    files.delete(owner.pk, row.public_id)
    assert stored_bytes.left(owner.pk) == before
    assert not FilePassage.objects.exists()


def test_a_search_finds_the_passage_by_all_words_or_else_by_any(
    owner: User, thread: Thread, shown: Attachment
) -> None:
    hit = [{"file": "zebras.pdf", "place": "page 1", "text": WORDS}]
    assert search_files(owner.pk, thread.pk, "stripes zebras", "") == hit
    assert search_files(owner.pk, thread.pk, "zebras & lions | 'x", "ZEBRAS.pdf") == hit
    assert search_files(owner.pk, thread.pk, "zebras", "other.pdf") == []
    assert search_files(owner.pk, make_thread(owner).pk, "zebras", "") == [{**hit[0], "chat": thread.title}]
    stranger = User.objects.create(username="sam")
    assert search_files(stranger.pk, thread.pk, "zebras", "") == []


@pytest.mark.parametrize("of", ["thread", "owner"])
def test_a_held_file_that_its_owner_deletes_is_kept_until_the_hold_ends(
    owner: User, thread: Thread, shown: Attachment, of: str
) -> None:
    holds.place_hold(thread if of == "thread" else owner, "staff", "a case")
    files.delete(owner.pk, shown.public_id)
    with pytest.raises(NotFound):
        attachments.find(owner.pk, shown.public_id)
    assert attachments.page(owner.pk, 10, None) == ([], None)
    assert attachments.next_attachment(owner.pk, 0) is None
    assert search_files(owner.pk, thread.pk, "zebras", "") == []
    assert files.delete_released() == 0
    assert FilePassage.objects.get().text == WORDS
    holds.lift_hold(Hold.objects.get(), "staff", "over")
    assert files.delete_released() == 1
    assert not Attachment.objects.exists()


def test_a_redacted_message_takes_its_file_along(owner: User, thread: Thread, shown: Attachment) -> None:
    redaction.redact_message(thread.messages.get(position=0), "staff")
    assert not Attachment.objects.exists()
    assert not FilePassage.objects.exists()


def test_an_erased_user_leaves_no_byte_text_and_name_of_files(owner: User, shown: Attachment) -> None:
    new_file(owner)  # never shown, and still to be read
    failed = new_file(owner)
    storage.fail(claimed(), "A reason about zebras.")
    Attachment.objects.filter(pk=failed.pk).update(soft_deleted_at=Now())  # of a hold that has ended
    everywhere = {"Attachment.name", "Attachment.data", "Attachment.detail", "FilePassage.text"}
    assert everywhere <= tables_with("zebras") | tables_with("Zebras") | tables_with(b"zebras".hex())
    erasure.begin(owner.pk)
    while not erasure.erase_batch(owner.pk):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    left = tables_with("zebras") | tables_with("Zebras") | tables_with(b"zebras".hex())
    assert left | tables_with("stripe") == set()


@pytest.mark.parametrize("held", [True, False])
def test_an_unused_file_goes_after_a_day_unless_its_owner_is_held(owner: User, held: bool) -> None:
    old = Now() - files.LIFE - timedelta(seconds=1)
    row = new_file(owner)
    Attachment.objects.filter(pk=row.pk).update(created_at=old)
    new_file(owner)
    if held:
        holds.place_hold(owner, "staff", "a case")
    assert files.delete_unused() == (0 if held else 1)
    assert Attachment.objects.filter(pk=row.pk).exists() == held
    for hold in Hold.objects.all():
        holds.lift_hold(hold, "staff", "over")
    assert files.delete_unused() == (1 if held else 0)


def test_the_page_of_a_message_shows_its_files_to_staff_who_may_read_content(
    thread: Thread, shown: Attachment
) -> None:
    admin = User.objects.create_superuser("root")
    text = page(client_of(admin), "chat_message_change", thread.messages.get(position=0).pk)
    assert "zebras.pdf" in text
    assert WORDS in text
    plain: Client = client_of(_staff_without_content())
    assert "zebras.pdf" not in page(plain, "chat_message_change", thread.messages.get(position=0).pk)


def _staff_without_content() -> User:
    staff = User.objects.create(username="stan", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_message"))
    return staff
