"""Stored bytes are counted where they are written, by user, thread and all guests, and bounded by quotas."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import override_settings

from chat.accounts import accounts
from chat.db import sql
from chat.exceptions import QuotaExceeded
from chat.governance import deletion, holds, redaction
from chat.models import Attachment, Message, PersonRequest, Response, Revision, StoredBytes, Thread, User
from chat.process import process
from chat.responses import waiting
from chat.responses.claims import imports
from chat.responses.claims.claim import Claim
from chat.schemas import Content, Feedback, NewThread, SendRequest, ThreadChange
from chat.schemas.answers import AnswerBody
from chat.schemas.options import Options
from chat.schemas.pictures import Picture
from chat.threads import attachments, messages, revisions, stored_bytes, threads
from tests.integration.conversation_driver import NAME, ConversationDriver
from tests.integration.test_search import say
from tests.integration.thought_rows import converse, write_provider_fields

_COUNTED = """
SELECT coalesce(sum(bytes), 0)::bigint FROM (
    SELECT chat_thread_bytes(t) AS bytes FROM chat_thread t WHERE owner_id = %(owner)s AND withdrawn_at IS NULL
    UNION ALL
    SELECT chat_message_bytes(m) FROM chat_message m JOIN chat_thread t ON t.id = m.thread_id
    WHERE t.owner_id = %(owner)s AND t.withdrawn_at IS NULL
    UNION ALL
    SELECT chat_revision_bytes(r) FROM chat_revision r JOIN chat_thread t ON t.id = r.thread_id
    WHERE t.owner_id = %(owner)s AND t.withdrawn_at IS NULL
    UNION ALL
    SELECT chat_response_bytes(r) FROM chat_response r JOIN chat_thread t ON t.id = r.thread_id
    WHERE t.owner_id = %(owner)s AND t.withdrawn_at IS NULL
    UNION ALL
    SELECT chat_request_bytes(q) FROM chat_personrequest q JOIN chat_response r ON r.id = q.response_id
    JOIN chat_thread t ON t.id = r.thread_id WHERE t.owner_id = %(owner)s AND t.withdrawn_at IS NULL
    UNION ALL
    SELECT chat_attachment_bytes(a) FROM chat_attachment a WHERE owner_id = %(owner)s
) stored
"""


@pytest.fixture(autouse=True, params=[1, 1_000], ids=["merged", "unmerged"])
def merged_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each look at the counts merge all rows of their owner, or none."""
    monkeypatch.setattr(stored_bytes, "MERGED_ROWS", request.param)


@pytest.fixture
def talk(db: None) -> ConversationDriver:
    talk = ConversationDriver(User.objects.create(username="ada"))
    say(talk, "A prompt", "A reply")
    process.part(stored_bytes.GuestsTotal).forget()
    return talk


def stored(user: User) -> int:
    """Return the counted bytes, which are those of the rows."""
    counted = sum(StoredBytes.objects.filter(owner=user).values_list("bytes", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"owner": user.pk})
        assert counted == cursor.fetchone()[0]
    stored_bytes.merge(user.pk)
    assert sum(StoredBytes.objects.filter(owner=user).values_list("bytes", flat=True)) == counted
    return counted


def prompt(talk: ConversationDriver, text: str) -> None:
    claim = Claim(talk.user.pk, talk.process, True, "")
    claim.claim(SendRequest(Content(text), thread_id=NAME, busy="interrupt"))


def instruct(talk: ConversationDriver, text: str) -> None:
    claim = Claim(talk.user.pk, talk.process, True, "")
    options = Options(instructions=text)
    claim.claim(SendRequest(Content("Hi"), thread_id=NAME, busy="interrupt", options=options))


def make_conversation(talk: ConversationDriver, text: str) -> None:
    imports.create_thread(talk.user.pk, "another", "c1", (), text)


def replace(talk: ConversationDriver, content: str) -> None:
    (_, reply), _ = messages.page(talk.user.pk, NAME, messages.MessageRange(10))
    messages.replace(talk.user.pk, NAME, reply.id, content)


def rate(talk: ConversationDriver, comment: str) -> None:
    (_, reply), _ = messages.page(talk.user.pk, NAME, messages.MessageRange(10))
    messages.rate(talk.user.pk, NAME, reply.id, Feedback(1, comment))


def change(talk: ConversationDriver, **fields: Any) -> None:
    wanted = {"title": None, "archived": None, "system_prompt": None, "leaf": None} | fields
    threads.change(talk.user.pk, NAME, ThreadChange(**wanted))


def change_title(talk: ConversationDriver, title: str) -> None:
    change(talk, title=title)


def replace_texts(talk: ConversationDriver, text: str) -> None:
    for write in (replace, rate, change_title):
        write(talk, text)


def create(talk: ConversationDriver, text: str, name: str = "another") -> None:
    threads.create(talk.user.pk, NewThread(name, None, None, None, text), "c1")


def used_in(thread: Thread) -> int:
    """Return the bytes in a thread by which its quota is checked."""
    used = stored_bytes.USED_SQL.format(owner="%(owner)s", thread="%(thread)s")
    _, in_thread, _ = sql.value(f"SELECT {used}", {"owner": thread.owner_id, "thread": thread.pk})
    return int(in_thread)


def attach(talk: ConversationDriver, data: str) -> None:
    attachments.create(talk.user.pk, Picture("image/png", data.encode()))


WRITES: dict[str, Callable[[ConversationDriver, str], Any]] = {
    "prompt": prompt,
    "replacement": replace,
    "comment": rate,
    "title": change_title,
    "system prompt": lambda talk, text: change(talk, system_prompt=text),
    "new thread": create,
    "picture": attach,
    "instructions": instruct,
    "metadata": make_conversation,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_write_is_counted_and_refused_beyond_the_quota(
    talk: ConversationDriver, write: Callable[[ConversationDriver, str], Any]
) -> None:
    before = stored(talk.user)
    write(talk, "x" * 1_000)
    after = stored(talk.user)
    assert 900 <= after - before <= 3_000
    with override_settings(CHAT_STORED_BYTES=after + 500), pytest.raises(QuotaExceeded) as refused:
        write(talk, "y" * 1_000)
    assert refused.value.fields["quota"] == "stored_bytes"
    assert stored(talk.user) == after


@pytest.mark.parametrize("kind", ["prompt", "replacement", "comment", "title", "system prompt"])
def test_a_thread_has_a_quota_of_its_own(talk: ConversationDriver, kind: str) -> None:
    with override_settings(CHAT_THREAD_BYTES=2_500), pytest.raises(QuotaExceeded) as refused:
        WRITES[kind](talk, "x" * 1_500)
    assert refused.value.fields["quota"] == "thread_bytes"
    create(talk, "x" * 1_500)


def test_all_guests_share_a_quota(talk: ConversationDriver) -> None:
    User.objects.filter(pk=talk.user.pk).update(is_guest=True)
    other = ConversationDriver(User.objects.create(username="guest-2", is_guest=True))
    process.part(stored_bytes.GuestsTotal).forget()
    with override_settings(CHAT_GUESTS_STORED_BYTES=stored(talk.user) + 500):
        assert stored_bytes.left(other.user.pk) == 500
        with pytest.raises(QuotaExceeded) as refused:
            create(other, "x" * 1_000)
    assert refused.value.fields["quota"] == "guests_stored_bytes"


def test_what_is_left_shrinks_and_grows_again(talk: ConversationDriver) -> None:
    left = stored_bytes.left(talk.user.pk)
    create(talk, "x" * 1_000)
    assert left - 2_000 < stored_bytes.left(talk.user.pk) <= left - 1_000
    deletion.delete_thread(talk.user.pk, Thread.objects.get(public_id="another").pk, "another")
    assert stored_bytes.left(talk.user.pk) == left


def test_every_deletion_is_counted(talk: ConversationDriver) -> None:
    for text in ("One", "Two", "Three"):
        replace(talk, text)
    attach(talk, "picture")
    change(talk, system_prompt="Be brief")
    redaction.redact_message(Message.objects.get(content="Three"), "staff")
    assert stored(talk.user) > 0
    Revision.objects.all().delete()
    assert stored(talk.user) > 0
    Attachment.objects.all().delete()
    Message.objects.filter(thread=talk.thread).update(parent=None)
    deletion.delete_threads([talk.thread.pk])
    assert stored(talk.user) == 0


def test_a_message_or_an_answer_that_is_deleted_alone_counts_no_more(talk: ConversationDriver) -> None:
    before = stored(talk.user)
    response = converse(talk, "Think" + "y" * 2_000, "x" * 10_000, "Thought")
    Message.objects.filter(response=response).delete()
    assert stored(talk.user) - before > 12_000
    response.delete()
    assert 2_000 < stored(talk.user) - before < 3_000
    Message.objects.filter(content__startswith="Think").delete()
    assert stored(talk.user) == before


def test_what_only_a_legal_hold_keeps_counts_for_no_quota(
    talk: ConversationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "KEPT", 1)
    holds.place_hold(talk.user, "staff", "a case")
    for letter in "abc":
        replace_texts(talk, letter * 1_000)
    with override_settings(CHAT_STORED_BYTES=stored(talk.user) + 1_500):
        for letter in "defgh":
            replace_texts(talk, letter * 1_000)
        deletion.delete_thread(talk.user.pk, talk.thread.pk, NAME)
        assert Thread.objects.exclude(soft_deleted_at=None).exists()
        assert stored(talk.user) == 0


def test_a_thought_counts_once_its_answer_has_ended_and_until_it_is_redacted(
    talk: ConversationDriver,
) -> None:
    before = stored(talk.user)
    response = converse(talk, "Think", "x" * 10_000, "Thought")
    assert 10_000 < stored(talk.user) - before < 12_500
    redaction.redact_response(response, "staff")
    assert stored(talk.user) - before < 2_500
    converse(talk, "Think", "x" * 10_000, "Again")
    deletion.delete_threads([talk.thread.pk])
    assert stored(talk.user) == 0


def ask(response: Response, **fields: str) -> PersonRequest:
    """Let a response wait for an answer to a form."""
    places = dict.fromkeys(("number", "round", "ends_before", "text_offset", "thinking_offset"), 0)
    Response.objects.filter(pk=response.pk).update(status="waiting", kept_offset=None, finished_at=None)
    named = {"kind": "ask", "tool": "book", "call_id": "c", "public_id": "request", **places, **fields}
    return PersonRequest.objects.create(response=response, deadline=Now() + timedelta(days=1), **named)


def give(talk: ConversationDriver, response: Response, text: str) -> None:
    given = AnswerBody(requestId="request", outcome="answered", content={"text": text})
    waiting.answer(talk.user.pk, response.public_id, given, talk.process, True)


def test_forms_and_answers_count_until_they_are_redacted(talk: ConversationDriver) -> None:
    response = converse(talk, "Ask", "Thought", "Asked")
    before = stored(talk.user)
    ask(response, schema=json.dumps({"title": "x" * 5_000}))
    give(talk, response, "y" * 3_000)
    assert 8_500 < stored(talk.user) - before < 9_000
    ended = {"status": "done", "kept_offset": 0, "finished_at": Now()}
    Response.objects.filter(pk=response.pk).update(**ended)
    redaction.redact_response(response, "staff")
    assert stored(talk.user) < before + 100


def test_an_answer_beyond_the_quota_is_refused_and_the_request_stays_open(talk: ConversationDriver) -> None:
    response = converse(talk, "Ask", "Thought", "Asked")
    request = ask(response)
    with override_settings(CHAT_STORED_BYTES=stored(talk.user) + 500):
        with pytest.raises(QuotaExceeded):
            give(talk, response, "y" * 3_000)
        give(talk, response, "y")
    request.refresh_from_db()
    assert request.outcome == "answered"


def test_provider_fields_count(talk: ConversationDriver) -> None:
    before, reply = stored(talk.user), Message.objects.get(content="A reply")
    write_provider_fields(reply, "s" * 5_000)
    assert 5_000 < stored(talk.user) - before < 5_200
    redaction.redact_message(reply, "staff")
    assert stored(talk.user) <= before + 10


def test_a_merged_guests_bytes_move_to_the_account(talk: ConversationDriver) -> None:
    guest = ConversationDriver(User.objects.create(username="guest-2", is_guest=True))
    converse(guest, "A prompt of a guest", "A thought", "A reply")
    attach(guest, "picture")
    before, moved = stored(talk.user), stored(guest.user)
    accounts.merge(guest.user.pk, talk.user.pk)
    assert (stored(guest.user), stored(talk.user)) == (0, before + moved)


def test_merging_leaves_one_row_of_a_user_and_changes_no_sum(
    talk: ConversationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        create(talk, "x" * number, f"thread-{number}")
    attach(talk, "picture")
    before, in_thread = stored(talk.user), used_in(talk.thread)
    monkeypatch.setattr(stored_bytes, "MERGED_ROWS", 1)
    stored_bytes.merge(talk.user.pk)
    assert StoredBytes.objects.filter(owner=talk.user).count() == 1
    assert (stored(talk.user), used_in(talk.thread)) == (before, in_thread)
    assert stored_bytes.merge(talk.user.pk) == 0


def test_a_round_merges_the_rows_of_all_users_who_have_some(
    talk: ConversationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = ConversationDriver(User.objects.create(username="guest-2", is_guest=True))
    for owner in (talk, guest):
        for number in range(stored_bytes.ROUND_ROWS):
            create(owner, "x" * number, f"thread-{number}")
    monkeypatch.setattr(stored_bytes, "MERGED_ROWS", 1_000)
    before = [stored(talk.user), stored(guest.user)]
    assert stored_bytes.merge() > 0
    assert StoredBytes.objects.count() == 2
    assert ([stored(talk.user), stored(guest.user)], stored_bytes.merge()) == (before, 0)


def test_a_prompt_that_adds_up_many_rows_has_them_merged(
    talk: ConversationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_bytes, "MERGED_ROWS", 4)
    for number in range(5):
        create(talk, "x", f"thread-{number}")
    stored_bytes.take_crowded()
    prompt(talk, "Another")
    assert stored_bytes.take_crowded() == {talk.user.pk}
    assert stored_bytes.merge(talk.user.pk) > 0
    prompt(talk, "One more")
    assert stored_bytes.take_crowded() == set()


def test_revisions_of_a_text_are_bounded_in_bytes(
    talk: ConversationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "KEPT_BYTES", 2_500)
    for number in range(10):
        replace(talk, f"{number}" * 1_000)
    kept = list(Revision.objects.order_by("number").values_list("number", flat=True))
    assert kept == [0, 8, 9]


def test_an_erased_user_leaves_no_count(talk: ConversationDriver) -> None:
    attach(talk, "picture")
    deletion.delete_threads([talk.thread.pk])
    User.objects.filter(pk=talk.user.pk).delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not StoredBytes.objects.exists()
