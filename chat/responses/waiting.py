"""Responses that wait for a person: how they begin to wait, and how an answer or a deadline lets them go on.

A response that waits runs in no process: it has neither lease nor task. Whoever takes the last answer takes the lease under
a new epoch, and goes on with the same logs where they end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Now

from chat.conf import settings
from chat.db.notifications import notify
from chat.exceptions import BadRequest, NotFound, NotWaiting, Unavailable
from chat.models import PersonRequest, RequestOutcome, Response, Status, UpstreamCall
from chat.permissions import rights
from chat.permissions import threads as permissions
from chat.responses import notices
from chat.responses.answers import checked
from chat.responses.claims.turns import Job, Resumed, lease_end
from chat.schemas.answers import AnswerBody
from chat.schemas.options import options_of
from chat.schemas.validation import is_id
from chat.streams import storage
from chat.streams.storage import Append
from chat.threads import stored_bytes

# Requests whose deadline has passed that one look ends; the next look ends more.
EXPIRY_BATCH = 100


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request that is yet to be stored; the fields as in `PersonRequest`."""

    kind: str
    tool: str
    call_id: str
    arguments: str | None = None
    schema: str | None = None
    message: str = ""
    editable: bool = False
    by_staff: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """The requests of the round `round`, which stand behind the ends of its first `ends_before` calls."""

    requests: Sequence[NewRequest]
    round: int
    ends_before: int
    text_offset: int
    thinking_offset: int


def begin(rest: Append, wait: Wait, active_ms: int) -> bool:
    """Let a response wait: write the rest of its logs and its requests, and give up its lease, together or not at all.

    Return False where the lease is lost or a stop was requested: then it ends instead. Repeating it is harmless.
    """
    row = Response.objects.select_for_update(no_key=True).filter(pk=rest.response).first()
    if row is None or row.lease_epoch != rest.epoch:
        return False
    if row.status == Status.WAITING:
        return True
    if row.status != Status.STREAMING or row.stop_requested_at is not None:
        return False
    missing = storage.beyond(rest, row.log_length, row.thinking_length)
    if missing.pieces or missing.thoughts:
        storage.append([missing])
    _add_requests(row, wait)
    Response.objects.filter(pk=row.pk).update(
        status=Status.WAITING,
        lease_owner=None,
        lease_until=None,
        active_ms=active_ms,
        tool_changes=F("tool_changes") + 1,
    )
    _notify(row)
    return True


def _add_requests(row: Response, wait: Wait) -> None:
    number = PersonRequest.objects.filter(response=row).count()
    deadline = Now() + timedelta(seconds=settings.answer_seconds)
    requests = PersonRequest.objects.bulk_create(
        PersonRequest(
            response=row,
            public_id=str(uuid4()),
            number=number + at,
            kind=new.kind,
            tool=new.tool,
            call_id=new.call_id,
            arguments=new.arguments,
            schema=new.schema,
            message=new.message,
            editable=new.editable,
            by_staff=new.by_staff,
            text_offset=wait.text_offset,
            thinking_offset=wait.thinking_offset,
            round=wait.round,
            ends_before=wait.ends_before,
            deadline=deadline,
        )
        for at, new in enumerate(wait.requests)
    )
    notices.enqueue(row.owner_id, requests)


def answer(
    user: int, public_id: str, given: AnswerBody, process: UUID, has_room: bool
) -> tuple[Status, Job | None]:
    """Take an answer; return the response's status, and the job of going on where it was the last one that lacked.

    The same answer again changes nothing. Raise NotFound, BadRequest, NotWaiting, and Unavailable where the process
    `has_room` for no more responses.
    """
    rows = permissions.changeable(Response.objects.select_for_update(no_key=True), user)
    row = rows.filter(public_id=public_id).first() if is_id(public_id) else None
    request = PersonRequest.objects.filter(response=row, public_id=given.requestId).first() if row else None
    if row is None or request is None:
        raise NotFound
    if request.by_staff:
        raise BadRequest("Staff decide on this call.")
    text = checked(request, given)
    if request.outcome is None and text is not None:
        stored_bytes.check(row.owner_id, row.thread_id, len(text.encode()))
    return _take(row, request, _Answer(given.outcome, text, given.forThread, user), process, has_room)


@dataclass(frozen=True, slots=True)
class StaffDecision:
    """A decision of staff on a request (primary keys of both). `words`: for the model. `record` writes the audit entry."""

    staff: int
    request: int
    outcome: str
    words: str
    record: Callable[[], object]


def answer_as_staff(given: StaffDecision, process: UUID, has_room: bool) -> tuple[Status, Job | None]:
    """Take the decision of staff, and record it in the same transaction. Return and raise as `answer`.

    The same decision of somebody else, a moment before, ended the request: NotWaiting.
    """
    request = PersonRequest.objects.filter(pk=given.request, by_staff=True).first()
    if request is None:
        raise NotFound
    row = Response.objects.select_for_update(no_key=True).filter(pk=request.response_id).first()
    request = PersonRequest.objects.filter(pk=given.request).first()
    if row is None or request is None:
        raise NotFound
    if request.outcome is None:
        given.record()
    elif request.answered_by_id != given.staff:
        raise NotWaiting
    text = msgspec.json.encode(given.words).decode() if given.words else None
    return _take(row, request, _Answer(given.outcome, text, False, given.staff), process, has_room)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A checked answer; `by` is the user who gave it."""

    outcome: str
    text: str | None
    for_thread: bool
    by: int


def _take(
    row: Response, request: PersonRequest, given: _Answer, process: UUID, has_room: bool
) -> tuple[Status, Job | None]:
    """Store an answer to a request of a locked response."""
    if request.outcome is not None:
        if (request.outcome, request.answer, request.for_thread) != (
            given.outcome,
            given.text,
            given.for_thread,
        ):
            raise NotWaiting
        return Status(row.status), _lost_job(row, process)
    if row.status != Status.WAITING or row.stop_requested_at is not None:
        raise NotWaiting
    if not has_room:
        raise Unavailable("This server is answering as many prompts as it can. The answer was not taken.")
    # One whose deadline has passed, and which `expire` has not met yet, takes no answer any more.
    own = PersonRequest.objects.filter(pk=request.pk, deadline__gte=Now())
    if not own.exists():
        raise NotWaiting
    _end(own, row, given.outcome, given.text, given.by)
    own.update(for_thread=given.for_thread)
    job = _go_on(row, process)
    return Status(row.status), job


def _lost_job(row: Response, process: UUID) -> Job | None:
    """Return the job again where an earlier attempt took the lease, and the answer to its commit was lost."""
    mine = row.status == Status.STREAMING and row.lease_owner == process
    return _job(row) if mine else None


def allowed_tools(thread: int, names: Collection[str]) -> set[str]:
    """Return those of the tools that the user has allowed for the rest of a thread."""
    given = PersonRequest.objects.filter(response__thread=thread, for_thread=True, tool__in=names)
    return set(given.values_list("tool", flat=True))


def count() -> int:
    """Return the number of responses that wait for a person."""
    return Response.objects.filter(status=Status.WAITING).count()


def expire(process: UUID) -> list[Job]:
    """End the requests whose deadline has passed; return the jobs of the responses that go on for it."""
    due = PersonRequest.objects.filter(outcome=None, deadline__lt=Now())
    jobs = []
    for response in set(due.values_list("response_id", flat=True)[:EXPIRY_BATCH]):
        rows = Response.objects.select_for_update(no_key=True, skip_locked=True)
        row = rows.filter(pk=response, status=Status.WAITING, stop_requested_at=None).first()
        if row is not None:
            _end(due.filter(response=row), row, RequestOutcome.EXPIRED)
            job = _go_on(row, process)
            jobs += [job] if job else []
    return jobs


def cancel(row: Response) -> None:
    """End the open requests of a response that ends. The caller has locked its row."""
    _end(PersonRequest.objects.filter(response=row, outcome=None), row, RequestOutcome.CANCELLED)
    Response.objects.filter(pk=row.pk).update(tool_changes=F("tool_changes") + 1)


def _end(
    requests: QuerySet[PersonRequest],
    row: Response,
    outcome: str,
    text: str | None = None,
    by: int | None = None,
) -> None:
    ended = PersonRequest.objects.filter(response=row).aggregate(ended=Count("answer_number"))["ended"]
    for at, pk in enumerate(requests.order_by("number").values_list("pk", flat=True)):
        PersonRequest.objects.filter(pk=pk).update(
            outcome=outcome, answer=text, answer_number=ended + at, answered_at=Now(), answered_by=by
        )


def _go_on(row: Response, process: UUID) -> Job | None:
    """Take the lease if no request is open any more; tell the readers in any case."""
    changes: dict[str, Any] = {"tool_changes": F("tool_changes") + 1}
    goes_on = not PersonRequest.objects.filter(response=row, outcome=None).exists()
    if goes_on:
        row.status, row.lease_epoch = Status.STREAMING, row.lease_epoch + 1
        changes |= {
            "status": row.status,
            "lease_epoch": row.lease_epoch,
            "lease_owner": process,
            "lease_until": lease_end(),
        }
    Response.objects.filter(pk=row.pk).update(**changes)
    _notify(row)
    return _job(row) if goes_on else None


def _job(row: Response) -> Job:
    uses, requests = storage.steps(row.pk)
    calls = list(UpstreamCall.objects.filter(response=row.pk).order_by("round", "attempt"))
    return Job(
        row.pk,
        row.thread_id,
        row.owner_id,
        row.lease_epoch,
        row.model,
        queued=False,
        effort=row.effort,
        options=options_of(row.options) if row.options else None,
        resumed=Resumed(row, uses, requests, calls),
        rights=rights.of_user(row.owner_id),
    )


def _notify(row: Response) -> None:
    notify("log", row.pk, owner=row.owner_id)
    notify("thread", row.owner_id, row.thread_id, "updated")
