"""Redaction: replace the text of a message, an answer or a thread for good, in every table.

The message's existence, time, author and figures stay, and who redacted it.
"""

from __future__ import annotations

from contextlib import suppress
from uuid import uuid4

from django.db import connection
from django.db.models import Case, CharField, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat, Now

from chat.db import notifications
from chat.exceptions import BY_CODE
from chat.governance import holds
from chat.governance.exceptions import AlreadyDeleted, AlreadyRedacted, StillRunning, UnderLegalHold
from chat.models import (
    ACTIVE,
    Artifact,
    Attachment,
    Chunk,
    FilePassage,
    HeldText,
    Message,
    PersonRequest,
    Response,
    Revision,
    Role,
    ThoughtChunk,
    ThoughtTerms,
    Thread,
    ToolUse,
    raw_delete,
)
from chat.streams import storage
from chat.threads import attachments

# Shown alike to user, model and staff; contains no markup of any format.
TOMBSTONE = "[removed]"
_BYTES = TOMBSTONE.encode()
# Tables whose text the planner's statistics quote. Of thoughts and tool calls they hold nothing (migration 0016).
SAMPLED = (Thread, Message, Response, Chunk, Revision, HeldText, Attachment, FilePassage, Artifact)
# Titles are made from this turn, or from imported messages ahead of it.
FIRST_TURN = 1
# Ids of artifacts that the server has made.
OWN_ID = r"^art_[0-9a-f]{16}$"


def redact_message(row: Message, by: str) -> None:
    """Redact a message; a model's message with its whole response, since the text stands in all of it.

    Raise UnderLegalHold, StillRunning, AlreadyRedacted or AlreadyDeleted.
    """
    response = Response.objects.filter(messages=row.pk).first() if row.role == Role.ASSISTANT else None
    if response is not None:
        redact_response(response, by)
        return
    thread = _locked(row.thread_id)
    _redact(thread, Message.objects.filter(pk=row.pk), Response.objects.none(), by)
    _forget_samples()


def redact_response(row: Response, by: str) -> None:
    """Redact an answer: its reply, thought, tool calls with results, and its log. Raise as `redact_message`."""
    thread = _locked(row.thread_id)
    _redact(thread, Message.objects.filter(response=row.pk), Response.objects.filter(pk=row.pk), by)
    _forget_samples()


def delete_response(row: Response, by: str) -> None:
    """Redact an answer for its owner, and free its id. Raise UnderLegalHold, StillRunning or AlreadyDeleted.

    The planner's statistics are left alone, as by every deletion of an owner's.
    """
    thread = _locked(row.thread_id)
    with suppress(AlreadyRedacted):
        _redact(thread, Message.objects.filter(response=row.pk), Response.objects.filter(pk=row.pk), by)
    fresh = f"deleted-{uuid4().hex}"
    Message.objects.filter(response=row.pk, public_id=row.public_id).update(public_id=fresh)
    Response.objects.filter(pk=row.pk).update(public_id=fresh)


def redact_thread(row: Thread, by: str) -> None:
    """Redact a whole thread with title and system prompt. Raise UnderLegalHold, StillRunning or AlreadyDeleted."""
    thread = _locked(row.pk)
    of_it = Message.objects.filter(thread=row.pk), Response.objects.filter(thread=row.pk)
    _redact(thread, *of_it, by, whole=True)
    _forget_samples()


def _locked(pk: int) -> Thread:
    """Lock the thread so that nothing starts in it. Raise UnderLegalHold, StillRunning or AlreadyDeleted."""
    owner = Thread.objects.filter(pk=pk).values_list("owner_id", flat=True).first()
    if owner is not None:
        holds.lock(owner)
    thread = Thread.objects.select_for_update().filter(pk=pk).first()
    if thread is None:
        raise AlreadyDeleted
    if holds.is_held(thread):
        raise UnderLegalHold
    if Response.objects.filter(thread=thread, status__in=ACTIVE).exists():
        raise StillRunning  # it has the old text in its history, and may quote it
    return thread


def _redact(
    thread: Thread,
    messages: QuerySet[Message],
    responses: QuerySet[Response],
    by: str,
    *,
    whole: bool = False,
) -> None:
    left = messages.filter(redacted_at=None)
    if not whole and not left.exists():
        raise AlreadyRedacted
    if whole or _named_after(thread, left):
        _rename(thread, whole)
    _replace_logs(responses)
    _delete_thoughts(responses)
    _replace_repeated(thread, list(left.values_list("pk", flat=True)), whole)
    _replace_messages(left, by)
    notifications.notify("thread", thread.owner_id, thread.pk, "updated")


def _named_after(thread: Thread, messages: QuerySet[Message]) -> bool:
    """Tell if the title may derive from these messages, or is quoted in one of them."""
    derived = Q(turn__lte=FIRST_TURN) | Q(turn=None) if not thread.has_custom_title else Q(pk=None)
    quoted = Q(content__contains=thread.title) | Q(plain_text__contains=thread.title)
    return bool(thread.title) and messages.filter(derived | quoted).exists()


def _rename(thread: Thread, whole: bool) -> None:
    """Replace the title and stop automatic titles, one of which may be on its way from the old text."""
    fields = {
        "title": TOMBSTONE,
        "has_custom_title": True,
        **({"system_prompt": "", "metadata": None} if whole else {}),
    }
    Thread.objects.filter(pk=thread.pk).update(**fields)


def _replace_logs(responses: QuerySet[Response]) -> None:
    """Replace each log by one chunk; the message keeps all of it, or nothing as before."""
    written = list(responses.filter(log_length__gt=0).values_list("pk", flat=True))
    raw_delete(Chunk.objects.filter(response__in=responses.values("pk")))
    Chunk.objects.bulk_create(_chunk(pk) for pk in written)
    said = Message.objects.visible().filter(response=OuterRef("pk"), role=Role.ASSISTANT).exclude(content="")
    Response.objects.filter(pk__in=written).update(
        log_length=len(_BYTES),
        kept_offset=_length_where(Exists(said)),
        text_length=_length_where(Exists(said)),
        stop_offset=None,
    )
    responses.exclude(options=None).update(options=None)
    for code in set(responses.exclude(error_code=None).values_list("error_code", flat=True)):
        usual = BY_CODE[str(code)].__doc__ or ""
        responses.filter(error_code=code).update(error_detail=usual.strip())


def _delete_thoughts(responses: QuerySet[Response]) -> None:
    """Delete thoughts, their search terms, requests to a person, and the tool calls that clients see.

    A model chose the names and ids of those, and the arguments.
    """
    for model in (ThoughtChunk, ThoughtTerms, ToolUse, PersonRequest):
        raw_delete(model.objects.filter(response__in=responses.values("pk")))
    responses.update(thinking_length=0, thinking_ms=None, tool_changes=0)


def _chunk(response: int) -> Chunk:
    length = len(_BYTES)
    return Chunk(
        response_id=response, start=0, stop=length, data=_BYTES, timings=storage.pack_timing(0, length)
    )


def _length_where(condition: Exists) -> Case:
    return Case(When(condition, then=Value(len(_BYTES))), default=Value(0), output_field=IntegerField())


def _replace_messages(messages: QuerySet[Message], by: str) -> None:
    """Replace contents. Empty replies stay empty, and calls lose their text, which is part of the reply."""
    call, empty = Q(hidden=True, role=Role.ASSISTANT), Q(content="")
    messages.filter(call).update(log_offset=0)
    messages.update(
        plain_text=Case(When(plain_text="", then=Value("")), default=Value(TOMBSTONE)),
        content=Case(When(call | empty, then=Value("")), default=Value(TOMBSTONE)),
        parts=False,
        tool_calls=None,
        provider_fields=None,
        feedback_comment="",
        redacted_at=Now(),
        redacted_by=by,
    )


def _replace_repeated(thread: Thread, messages: list[int], whole: bool) -> None:
    """Redact the copies of messages in other tables (`whole`: all copies of the thread).

    Every table that copies message text belongs in this function.
    """
    attachments.delete_exclusive_to(messages)
    _redact_artifacts(
        Artifact.objects.filter(thread=thread) if whole else Artifact.objects.filter(message__in=messages)
    )
    of_it = Revision.objects.filter(thread=thread) if whole else Revision.objects.filter(message__in=messages)
    of_it.exclude(content="").update(content=TOMBSTONE, parts=False)
    # Former titles may quote any message.
    ratings = Q() if whole else Q(message=None) | Q(message__in=messages)
    raw_delete(HeldText.objects.filter(ratings, thread=thread))


def _redact_artifacts(rows: QuerySet[Artifact]) -> None:
    """Replace what a model chose of artifacts: titles, kinds, and ids that are not the server's own."""
    foreign = rows.exclude(public_id__regex=OWN_ID)
    foreign.update(public_id=Concat(Value("removed-"), Cast("pk", CharField())))
    rows.update(title=TOMBSTONE, name="", kind="document")


def _forget_samples() -> None:
    """Renew the planner's statistics, which quote random rows. Takes seconds on a million messages."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in SAMPLED)}")
