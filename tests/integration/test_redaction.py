"""A redaction removes the text from the whole database, keeps it consistent, and cannot be undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from chat.exceptions import BadRequest
from chat.governance import deletion, holds, redaction
from chat.governance.exceptions import AlreadyDeleted, AlreadyRedacted, StillRunning, UnderLegalHold
from chat.models import (
    Attachment,
    AttachmentUse,
    Message,
    Response,
    Revision,
    Role,
    Status,
    ThoughtChunk,
    ThoughtTerms,
    Thread,
    ToolUse,
    User,
)
from chat.responses import title_storage
from chat.responses.title_storage import TitleCandidate
from chat.schemas import Feedback, ThreadChange
from chat.schemas.options import Options
from chat.threads import messages, threads
from chat.threads.history import history_for_model
from chat.threads.search import index as search_index
from tests.integration.admin_rows import make_response, make_thread, write_log
from tests.integration.thought_rows import write_provider_fields, write_request, write_thought, write_tool_use
from tests.live.checks import assert_valid_log

pytestmark = pytest.mark.django_db

# A word in every message text, and in no name or id.
WORD = "canaryword"

_COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public' AND (data_type IN ('text', 'bytea', 'character varying', 'tsvector', 'jsonb', 'json', 'ARRAY'))
"""


def traces(word: str) -> list[str]:
    """Return the columns of all tables that contain the word."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, column, kind in cursor.fetchall():
            where = (
                f"position(convert_to(%s, 'UTF8') in \"{column}\") > 0"
                if kind == "bytea"
                else f'position(%s in lower("{column}"::text)) > 0'
            )
            cursor.execute(f'SELECT 1 FROM "{table}" WHERE {where} LIMIT 1', [word])
            if cursor.fetchone():
                found.append(f"{table}.{column}")
    return found


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture
def thread(owner: User) -> Thread:
    """Return a thread of one turn with the word in all its texts; the reply is its log without a think item."""
    thread = make_thread(owner, "x")
    response = thread.responses.get()
    call = f'[{{"id": "call-1", "type": "function", "function": {{"name": "t", "arguments": "{WORD}"}}}}]'
    thread.messages.filter(position=0).update(content=f"prompt {WORD}", plain_text=f"prompt {WORD}")
    thread.messages.filter(position=1).update(tool_calls=call, content=f"first {WORD}", log_offset=5)
    thread.messages.filter(position=2).update(content=f"result {WORD}", plain_text="")
    reply = f"first {WORD} then {WORD}"
    thread.messages.filter(position=3).update(content=reply, plain_text=reply, feedback_comment=f"bad {WORD}")
    write_log(response, (b"first ", False), (f"<think {WORD}>".encode(), True), (reply[6:].encode(), False))
    Response.objects.filter(pk=response.pk).update(
        kept_offset=Response.objects.get(pk=response.pk).log_length,
        error_code="model_failed",
        error_detail=WORD,
        options=Options(instructions=WORD).encode(),
    )
    Thread.objects.filter(pk=thread.pk).update(
        title=f"About {WORD}", system_prompt=f"You know {WORD}", metadata=f'{{"about": "{WORD}"}}'
    )
    write_thought(response, (0, [(10, f"They ask for {WORD}")]), (6, [(20, f", so {WORD}")]))
    write_tool_use(response, f"tool-{WORD}")
    write_request(response, WORD)
    write_provider_fields(thread.messages.get(position=1), WORD)
    search_index.index_messages()
    search_index.index_titles()
    search_index.index_thoughts()
    with connection.cursor() as cursor:  # as of an older program
        cursor.execute("UPDATE chat_thread SET search = to_tsvector('simple', title)")
        cursor.execute("UPDATE chat_message SET search = to_tsvector('simple', readable)")
    return Thread.objects.get(pk=thread.pk)


def test_the_scan_finds_the_word_in_every_column_that_holds_it(thread: Thread) -> None:
    wanted = {
        "chat_thread.title",
        "chat_thread.search",
        "chat_thread.terms",
        "chat_thread.system_prompt",
        "chat_thread.metadata",
        "chat_message.content",
        "chat_message.readable",
        "chat_message.search",
        "chat_message.terms",
        "chat_message.tool_calls",
        "chat_message.feedback_comment",
        "chat_chunk.data",
        "chat_response.error_detail",
        "chat_response.options",
        "chat_message.provider_fields",
        "chat_thoughtchunk.data",
        "chat_thoughtterms.terms",
        "chat_tooluse.call_id",
        "chat_tooluse.name",
        "chat_personrequest.tool",
        "chat_personrequest.call_id",
        "chat_personrequest.arguments",
        "chat_personrequest.schema",
        "chat_personrequest.message",
        "chat_personrequest.answer",
    }
    assert set(traces(WORD)) == wanted


def test_of_a_redacted_thread_no_trace_is_left(thread: Thread) -> None:
    redaction.redact_thread(thread, "staff")
    assert traces(WORD) == []


def test_a_picture_goes_with_the_message_that_shows_it(thread: Thread) -> None:
    for position in (0, 3):
        data = f"{WORD}{position}".encode()
        row = Attachment.objects.create(
            owner=thread.owner, content_type="image/png", size=len(data), data=data
        )
        AttachmentUse.objects.create(attachment=row, message=thread.messages.get(position=position))
    redaction.redact_message(thread.messages.get(position=0), "staff")
    assert traces(f"{WORD}0") == []
    assert traces(f"{WORD}3") == ["chat_attachment.data"]


def quoted(word: str) -> list[str]:
    """Return the columns whose statistics quote the word."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename || '.' || attname FROM pg_stats WHERE schemaname = 'public' AND position(%s in "
            "concat(most_common_vals, histogram_bounds, most_common_elems)) > 0",
            [word],
        )
        return [row[0] for row in cursor.fetchall()]


def test_the_planners_statistics_quote_a_redacted_text_no_more(thread: Thread) -> None:
    other = make_thread(
        thread.owner, WORD
    )  # a value that stands there once is in no statistics of a single row
    write_tool_use(other.responses.get(), f"tool-{WORD}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert {"chat_message.content", "chat_thread.title"} <= set(quoted(WORD))
    assert not [column for column in quoted(WORD) if "thought" in column or "tooluse" in column]
    for row in Thread.objects.all():
        redaction.redact_thread(row, "staff")
    assert quoted(WORD) == []


def test_of_a_redacted_answer_and_its_prompt_no_trace_is_left(thread: Thread) -> None:
    Thread.objects.filter(pk=thread.pk).update(system_prompt="", metadata=None)
    redaction.redact_message(thread.messages.get(position=3), "staff")
    redaction.redact_message(thread.messages.get(position=0), "staff")
    assert traces(WORD) == []


@pytest.mark.parametrize("position", [1, 3])
def test_a_reply_and_a_call_go_with_their_whole_answer_and_its_log(thread: Thread, position: int) -> None:
    redaction.redact_message(thread.messages.get(position=position), "staff")
    left = thread.messages.filter(redacted_at=None)
    assert [row.position for row in left] == [0]
    assert thread.messages.get(position=1).log_offset == 0  # within the log, which is shorter now
    response = thread.responses.get()
    assert_valid_log(response)
    assert bytes(response.chunks.get().data).decode() == redaction.TOMBSTONE


@pytest.mark.parametrize("position", [1, 3])
def test_a_thought_and_provider_fields_go_with_their_answer(thread: Thread, position: int) -> None:
    redaction.redact_message(thread.messages.get(position=position), "staff")
    assert not ThoughtChunk.objects.exists()
    assert not ThoughtTerms.objects.exists()
    assert not ToolUse.objects.exists()
    response = thread.responses.get()
    assert (response.thinking_length, response.thinking_ms, response.tool_changes) == (0, None, 0)
    assert thread.messages.get(position=1).provider_fields is None


def test_a_thought_stays_while_its_prompt_alone_is_redacted(thread: Thread) -> None:
    redaction.redact_message(thread.messages.get(position=0), "staff")
    assert ThoughtChunk.objects.count() == 2
    assert thread.responses.get().thinking_ms == 2_500


def test_a_result_of_a_tool_goes_alone(thread: Thread) -> None:
    redaction.redact_message(thread.messages.get(position=2), "staff")
    assert [row.position for row in thread.messages.exclude(redacted_at=None)] == [2]
    assert thread.messages.get(position=2).content == redaction.TOMBSTONE


def test_a_redaction_records_its_author_and_time(thread: Thread) -> None:
    redaction.redact_message(thread.messages.get(position=0), "staff")
    row = thread.messages.get(position=0)
    assert (row.content, row.plain_text, row.redacted_by) == (*[redaction.TOMBSTONE] * 2, "staff")
    assert row.redacted_at is not None


def test_the_model_gets_the_tombstone_and_a_valid_history(thread: Thread) -> None:
    reply = thread.messages.get(position=3)
    for row in (thread.messages.filter(position=place) for place in (1, 2, 3)):
        row.update(parent=thread.messages.get(position=row.get().position - 1))
    redaction.redact_message(reply, "staff")
    told = history_for_model(reply.pk, 10_000)
    assert told == [
        {"role": "user", "content": f"prompt {WORD}"},
        {"role": "assistant", "content": redaction.TOMBSTONE},
    ]


def test_a_title_that_a_person_chose_stays_unless_the_text_holds_it(thread: Thread) -> None:
    Thread.objects.filter(pk=thread.pk).update(title="Holidays", has_custom_title=True)
    redaction.redact_message(thread.messages.get(position=0), "staff")
    assert Thread.objects.get(pk=thread.pk).title == "Holidays"
    Thread.objects.filter(pk=thread.pk).update(title=WORD, has_custom_title=True)
    redaction.redact_message(thread.messages.get(position=3), "staff")
    assert Thread.objects.get(pk=thread.pk).title == redaction.TOMBSTONE


def test_a_better_title_that_is_on_its_way_comes_too_late(thread: Thread) -> None:
    redaction.redact_message(thread.messages.get(position=0), "staff")
    title_storage.set_title(TitleCandidate(thread.pk, thread.owner_id, "", ""), f"About {WORD}")
    assert Thread.objects.get(pk=thread.pk).title == redaction.TOMBSTONE


def test_the_owner_cannot_put_the_text_back(thread: Thread) -> None:
    reply = thread.messages.get(position=3)
    redaction.redact_message(reply, "staff")
    with pytest.raises(BadRequest, match="removed"):
        messages.replace(thread.owner_id, thread.public_id, reply.public_id, WORD)
    assert thread.messages.get(position=3).content == redaction.TOMBSTONE


def test_a_score_survives_the_comment_that_came_with_it(thread: Thread) -> None:
    reply = thread.messages.get(position=3)
    messages.rate(thread.owner_id, thread.public_id, reply.public_id, Feedback(-1, WORD))
    redaction.redact_message(reply, "staff")
    row = thread.messages.get(position=3)
    assert (row.feedback_score, row.feedback_comment) == (-1, "")


def test_nothing_is_redacted_twice(thread: Thread) -> None:
    redaction.redact_message(thread.messages.get(position=0), "first")
    with pytest.raises(AlreadyRedacted):
        redaction.redact_message(thread.messages.get(position=0), "second")
    redaction.redact_thread(thread, "third")
    assert thread.messages.get(position=0).redacted_by == "first"


def hold_thread(thread: Thread) -> None:
    holds.place_hold(thread, "staff", "a case")


def hold_owner(thread: Thread) -> None:
    holds.place_hold(thread.owner, "staff", "a case")


@pytest.mark.parametrize("hold", [hold_thread, hold_owner])
def test_a_hold_keeps_everything_from_being_redacted(thread: Thread, hold: Callable[[Thread], None]) -> None:
    hold(thread)
    with pytest.raises(UnderLegalHold):
        redaction.redact_message(thread.messages.get(position=0), "staff")
    with pytest.raises(UnderLegalHold):
        redaction.redact_response(thread.responses.get(), "staff")
    with pytest.raises(UnderLegalHold):
        redaction.redact_thread(thread, "staff")
    assert not Message.objects.exclude(redacted_at=None).exists()
    assert (ThoughtChunk.objects.count(), ToolUse.objects.count()) == (2, 1)


@pytest.mark.parametrize("status", [Status.STREAMING, Status.QUEUED])
def test_while_something_runs_in_the_thread_nothing_is_redacted(thread: Thread, status: Status) -> None:
    make_response(thread, 2, thread.messages.get(position=0), status=status)
    with pytest.raises(StillRunning):
        redaction.redact_message(thread.messages.get(position=3), "staff")


def test_an_answer_that_failed_without_text_stays_without(owner: User) -> None:
    thread = make_thread(owner, "x")
    response = thread.responses.get()
    thread.messages.filter(position=3).update(content="", plain_text="")
    redaction.redact_response(response, "staff")
    assert thread.messages.get(position=3).content == ""
    assert_valid_log(Response.objects.get(pk=response.pk))


def test_an_answer_that_was_cut_to_nothing_stays_cut(owner: User) -> None:
    thread = make_thread(owner, "x")
    response = thread.responses.get()
    thread.messages.filter(position=3).update(content="", plain_text="")
    write_log(response, (b"said and cut", False))
    redaction.redact_response(response, "staff")
    row = Response.objects.get(pk=response.pk)
    assert (row.kept_offset, row.text_length) == (0, 0)
    assert_valid_log(row)


def test_parts_become_plain_text(owner: User) -> None:
    thread = make_thread(owner, "x")
    thread.messages.filter(position=0).update(content='[{"type": "text", "text": "x"}]', parts=True)
    redaction.redact_message(thread.messages.get(position=0), "staff")
    row = thread.messages.get(position=0)
    assert (row.content, row.parts, row.role) == (redaction.TOMBSTONE, False, Role.USER)


def test_revisions_are_redacted_too(thread: Thread) -> None:
    Response.objects.update(error_code=None, error_detail=None)
    reply = thread.messages.get(position=3)
    messages.replace(thread.owner_id, thread.public_id, reply.public_id, "harmless")
    threads.change(thread.owner_id, thread.public_id, ThreadChange(None, None, "nothing", None))
    assert {"chat_revision.content"} <= set(traces(WORD))
    redaction.redact_thread(Thread.objects.get(pk=thread.pk), "staff")
    assert traces(WORD) == []


def test_revisions_are_deleted_with_their_message(thread: Thread) -> None:
    reply = thread.messages.get(position=3)
    messages.replace(thread.owner_id, thread.public_id, reply.public_id, "harmless")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("UPDATE chat_thread SET leaf_id = NULL")
        cursor.execute("DELETE FROM chat_message WHERE id = %s", [reply.pk])
    assert not Revision.objects.exists()


def test_texts_kept_for_a_hold_are_redacted_once_it_has_ended(thread: Thread) -> None:
    Response.objects.update(error_code=None, error_detail=None)
    hold = holds.place_hold(thread, "staff", "a case")
    reply = thread.messages.get(position=3)
    threads.change(thread.owner_id, thread.public_id, ThreadChange("harmless", None, None, None))
    messages.rate(thread.owner_id, thread.public_id, reply.public_id, Feedback(0, ""))
    holds.lift_hold(hold, "staff", "over")
    assert {"chat_heldtext.text"} <= set(traces(WORD))
    for position in (0, 3):
        redaction.redact_message(thread.messages.get(position=position), "staff")
    assert not {"chat_heldtext.text"} & set(traces(WORD))


@pytest.mark.parametrize("redact", ["redact_thread", "redact_response", "redact_message"])
def test_redacting_deleted_rows_is_refused_in_words(thread: Thread, redact: str) -> None:
    rows = {
        "redact_thread": thread,
        "redact_response": thread.responses.get(),
        "redact_message": thread.messages.get(position=3),
    }
    deletion.delete_threads([thread.pk])
    with pytest.raises(AlreadyDeleted):
        getattr(redaction, redact)(rows[redact], "staff")
