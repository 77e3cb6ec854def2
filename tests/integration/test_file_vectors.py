"""Vectors of files' passages: claimed in batches, stored once, counted, gone with their file, and found by its owner alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from chat.accounts import erasure
from chat.files import storage, vectors
from chat.files.extraction import FileText, ReadPassage
from chat.files.kinds import KINDS
from chat.governance import files, holds, redaction
from chat.llm.vectors import QueryVector, pack
from chat.models import Attachment, AttachmentUse, FileVector, Thread, User
from chat.testing.embeddings import vector_of
from chat.text import search_terms
from chat.threads import attachments, stored_bytes
from chat.threads.search.files import RESULTS, search_files
from chat.threads.search.meaning import FUSION_K, fused
from tests.integration.admin_rows import make_thread

pytestmark = pytest.mark.django_db

MODEL = "small@256"
SECONDS = 60


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture
def thread(owner: User) -> Thread:
    return make_thread(owner, "whales")


def unshown_file(owner: User, *texts: str, name: str = "cars.txt") -> Attachment:
    """Make a file that has been read into these passages."""
    row = attachments.create_file(owner.pk, KINDS["text"], b"words", name)
    claimed = storage.claim(SECONDS)
    assert claimed is not None
    passages = [
        ReadPassage(f"page {at}", text, search_terms.search_vector(text)) for at, text in enumerate(texts, 1)
    ]
    storage.store(claimed, FileText(passages, len(passages)))
    return row


def new_file(thread: Thread, *texts: str, name: str = "cars.txt") -> Attachment:
    row = unshown_file(thread.owner, *texts, name=name)
    AttachmentUse.objects.create(attachment=row, message=thread.messages.get(position=0))
    return row


def vectors_of(texts: list[str]) -> list[bytes | None]:
    return [pack(vector_of(text)) for text in texts]


def embed_all(model: str = MODEL) -> list[list[str]]:
    """Give all files their vectors. Return the texts of each batch."""
    batches = []
    while (claimed := vectors.claim(model, SECONDS)) is not None:
        vectors.store(claimed, vectors_of(claimed.texts))
        batches.append(claimed.texts)
    return batches


def meant(owner: User, thread: Thread, words: str, model: str = MODEL, name: str = "") -> list[str]:
    """Return the texts that a search finds by words and meaning."""
    data = pack(vector_of(words))
    assert data is not None
    found = search_files(owner.pk, thread.pk, words, name, QueryVector(model, data))
    return [one["text"] for one in found]


def test_a_passage_is_found_by_another_word_of_its_meaning(owner: User, thread: Thread) -> None:
    new_file(thread, "An automobile.", "Whales sing.")
    assert meant(owner, thread, "car") == []
    embed_all()
    assert search_files(owner.pk, thread.pk, "car", "") == []
    data = pack(vector_of("car"))
    assert data is not None
    found = search_files(owner.pk, thread.pk, "car", "", QueryVector(MODEL, data))
    assert found == [{"file": "cars.txt", "place": "page 1", "text": "An automobile."}]


def test_both_rankings_together_put_a_passage_first(owner: User, thread: Thread) -> None:
    new_file(thread, "car park park park park park", "an automobile", "car")
    embed_all()
    assert meant(owner, thread, "car")[0] == "car"
    assert set(meant(owner, thread, "car")) == {"car", "an automobile", "car park park park park park"}


def test_reciprocal_ranks_are_added() -> None:
    one, two, three = (1, 1), (1, 2), (2, 1)
    assert fused([one, two], [two, three]) == [two, one, three]
    assert fused([one], [two]) == [one, two]
    assert 1 / (FUSION_K + 1) < 2 / (FUSION_K + 20)


def test_files_of_the_chat_come_first_and_leave_room_for_others(owner: User, thread: Thread) -> None:
    new_file(make_thread(owner), "another automobile", name="other.txt")
    new_file(thread, *(f"automobile {at}" for at in range(RESULTS + 4)))
    embed_all()
    found = meant(owner, thread, "car")
    assert len(found) == RESULTS
    assert found[-1] == "another automobile"
    assert meant(owner, thread, "car", name="OTHER.txt") == ["another automobile"]


def test_a_file_is_claimed_in_batches_until_it_has_all(thread: Thread) -> None:
    row = new_file(thread, *(f"car {at}" for at in range(2 * vectors.BATCH + 1)))
    assert [len(batch) for batch in embed_all()] == [vectors.BATCH, vectors.BATCH, 1]
    row.refresh_from_db()
    assert row.vector_model == MODEL
    assert row.embedded_at is not None
    positions = FileVector.objects.order_by("position").values_list("position", flat=True)
    assert list(positions) == list(range(2 * vectors.BATCH + 1))


def test_a_batch_whose_process_died_is_claimed_again_after_its_lease(thread: Thread) -> None:
    row = new_file(thread, "car", "whale")
    first = vectors.claim(MODEL, SECONDS)
    assert first is not None
    assert vectors.claim(MODEL, SECONDS) is None
    Attachment.objects.filter(pk=row.pk).update(embedding_until=Now() - timedelta(seconds=1))
    second = vectors.claim(MODEL, SECONDS)
    assert second == first
    assert vectors.store(second, vectors_of(second.texts))
    assert not vectors.store(first, vectors_of(first.texts))
    assert FileVector.objects.count() == 2


def test_a_batch_that_two_processes_made_is_stored_once(thread: Thread) -> None:
    row = new_file(thread, *(f"car {at}" for at in range(vectors.BATCH + 1)))
    claimed = []
    for _ in range(2):
        claimed.append(vectors.claim(MODEL, SECONDS))
        Attachment.objects.filter(pk=row.pk).update(embedding_until=None)
    for each in claimed:
        assert each is not None
        assert not vectors.store(each, vectors_of(each.texts))
    assert FileVector.objects.count() == vectors.BATCH


def test_a_batch_that_failed_lets_others_go_first(thread: Thread) -> None:
    older, newer = new_file(thread, "car"), new_file(thread, "whale")
    first = vectors.claim(MODEL, SECONDS)
    assert first is not None
    assert first.key == newer.pk
    vectors.delay(first.key, 60)
    second = vectors.claim(MODEL, SECONDS)
    assert second is not None
    assert second.key == older.pk


def test_a_file_that_no_message_shows_gets_no_vectors(owner: User, thread: Thread) -> None:
    unshown_file(owner, "car")
    assert vectors.claim(MODEL, SECONDS) is None
    withdrawn = make_thread(owner)
    new_file(withdrawn, "car")
    Thread.objects.filter(pk=withdrawn.pk).update(soft_deleted_at=Now())
    assert vectors.claim(MODEL, SECONDS) is None


def test_another_model_begins_anew_and_is_never_mixed(owner: User, thread: Thread) -> None:
    row = new_file(thread, "An automobile.")
    embed_all()
    assert meant(owner, thread, "car", model="large@256") == []
    assert [vectors.renew_former(model) for model in (MODEL, "large@256", "tiny@256")] == [0, 0, 0]
    for model, count in ((MODEL, 0), ("tiny@256", 1), ("large@256", 1)):
        Attachment.objects.update(embedded_at=Now() - timedelta(hours=vectors.KEPT_HOURS, seconds=1))
        assert vectors.renew_former(model) == count
    claimed = vectors.claim("large@256", SECONDS)
    assert claimed is not None
    assert not FileVector.objects.exists()
    late = vectors.UnembeddedPassages(row.pk, MODEL, [0], ["An automobile."])
    assert not vectors.store(late, vectors_of(late.texts))
    assert not FileVector.objects.exists()
    assert vectors.store(claimed, vectors_of(claimed.texts))
    assert meant(owner, thread, "car", model="large@256") == ["An automobile."]
    assert meant(owner, thread, "car") == []


def test_a_passage_without_a_direction_is_found_by_words_alone(owner: User, thread: Thread) -> None:
    new_file(thread, "...", "car")
    claimed = vectors.claim(MODEL, SECONDS)
    assert claimed is not None
    assert vectors.store(claimed, [None, pack(vector_of("car"))])
    assert vectors.claim(MODEL, SECONDS) is None
    assert meant(owner, thread, "vehicle") == ["car"]


def test_vectors_count_until_their_file_is_deleted(owner: User, thread: Thread) -> None:
    row = new_file(thread, "car", "...")
    before = stored_bytes.left(owner.pk)
    claimed = vectors.claim(MODEL, SECONDS)
    assert claimed is not None
    vectors.store(claimed, [pack(vector_of("car")), None])
    assert before - stored_bytes.left(owner.pk) == 256 + 2 * vectors.ROW_BYTES
    files.delete(owner.pk, row.public_id)
    assert not FileVector.objects.exists()
    assert stored_bytes.left(owner.pk) > before


def test_a_file_that_is_deleted_meanwhile_leaves_no_vector(owner: User, thread: Thread) -> None:
    row = new_file(thread, "car")
    claimed = vectors.claim(MODEL, SECONDS)
    assert claimed is not None
    files.delete(owner.pk, row.public_id)
    assert not vectors.store(claimed, vectors_of(claimed.texts))
    assert not FileVector.objects.exists()


def test_redaction_and_erasure_take_vectors_along(owner: User, thread: Thread) -> None:
    new_file(thread, "An automobile.")
    embed_all()
    redaction.redact_message(thread.messages.get(position=0), "staff")
    assert not FileVector.objects.exists()
    assert meant(owner, thread, "car") == []
    other = make_thread(owner)
    new_file(other, "An automobile.")
    embed_all()
    assert FileVector.objects.count() == 1
    erasure.begin(owner.pk)
    while not erasure.erase_batch(owner.pk):
        pass
    assert not FileVector.objects.exists()


def test_a_held_file_that_its_owner_deletes_is_not_found_by_meaning(owner: User, thread: Thread) -> None:
    row = new_file(thread, "An automobile.")
    embed_all()
    holds.place_hold(thread, "staff", "a case")
    files.delete(owner.pk, row.public_id)
    assert FileVector.objects.count() == 1
    assert meant(owner, thread, "car") == []


def test_nothing_of_others_and_of_temporary_chats_is_found_by_meaning(owner: User, thread: Thread) -> None:
    passing = make_thread(owner)
    Thread.objects.filter(pk=passing.pk).update(expires_at=Now() + timedelta(hours=1))
    new_file(passing, "A passing automobile.")
    stranger = User.objects.create(username="sam")
    new_file(make_thread(stranger), "A strange automobile.")
    new_file(thread, "My automobile.")
    embed_all()
    assert meant(owner, thread, "car") == ["My automobile."]
    assert meant(owner, passing, "car") == ["A passing automobile."]
    assert meant(stranger, thread, "car") == ["A strange automobile."]
    Thread.objects.filter(pk=thread.pk).update(soft_deleted_at=Now())
    assert meant(owner, make_thread(owner), "car") == []


def test_a_search_among_thousands_of_passages_finds_the_one(owner: User, thread: Thread) -> None:
    new_file(thread, *(f"whale {at} sings" for at in range(1_300)), "one automobile", name="book.txt")
    embed_all()
    assert meant(owner, thread, "car")[0] == "one automobile"
