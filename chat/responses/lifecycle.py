"""How a response ends, who may still write it, and how others ask it to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from chat.conf import settings
from chat.db.notifications import notify
from chat.exceptions import ModelError
from chat.models import ACTIVE, Response, Status, Thread
from chat.responses import finalize
from chat.responses.claims import turns
from chat.responses.claims.turns import lease_end
from chat.responses.finalize import StoredResponse
from chat.responses.usage import blobs, upstream_calls
from chat.responses.usage.upstream_calls import ResponseUsage
from chat.streams import storage
from chat.streams.storage import Append, LogSegment, StopRequest


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a response ended. `offset` of a stop: what its reader had seen, null for all of it."""

    status: Status
    finish_reason: str | None = None
    error: ModelError | None = None
    usage: ResponseUsage | None = None
    offset: int | None = None


def finish(rest: Append, outcome: Outcome) -> Response | None:
    """End a response: the rest of its log, the stored message and the final status, together or not at all.

    The result is None where the epoch has lost its right: somebody else ended the response. Repeating it is harmless.
    """
    while (found := finalize.load(rest.response)) and found.response.lease_epoch == rest.epoch:
        response = found.response
        if response.ended:
            return response
        missing = rest if rest.start == response.log_length else _unwritten(rest, response.log_length)
        if _end(found, missing.pieces, outcome):
            return response
    return None


def _unwritten(rest: Append, stored: int) -> Append:
    """What is left of `rest` when a flush whose answer never came had been written after all."""
    pieces, start = [], rest.start
    for piece in rest.pieces:
        if start >= stored:
            pieces.append(piece)
        elif start + len(piece.data) > stored:
            pieces.append(storage.drop_prefix(piece, stored - start))
        start += len(piece.data)
    return Append(rest.response, rest.epoch, stored, pieces)


def _end(found: StoredResponse, rest: list[LogSegment], outcome: Outcome) -> bool:
    """End a response with the `rest` of its log. False, and nothing is written, where it has moved since it was found."""
    response = found.response
    pieces = storage.merge_segments(found.pieces + rest)
    offset = response.stop_offset if outcome.offset is None else outcome.offset
    kept, content = storage.kept_text(pieces, offset if outcome.status == Status.STOPPED else None)
    ends = {
        "log_length": sum(len(piece.data) for piece in pieces),
        "kept_offset": kept,
        "text_length": len(content.encode()),
    }
    blobs.flush()
    calls = outcome.usage.unstored if outcome.usage else ()
    updated = ("thread", response.owner_id, response.thread_id, "updated")
    notifications = [("end", response.pk, response.thread_id), updated]
    return finalize.finalize(response, _final(outcome) | ends, pieces, content, calls, notifications)


def _final(outcome: Outcome) -> dict[str, Any]:
    error, used = outcome.error, outcome.usage
    return {
        "status": outcome.status.value,
        "finish_reason": outcome.finish_reason,
        "error_code": error.code if error else None,
        "error_detail": error.detail if error else None,
        "retry_after": error.retry_after if error else None,
        "prompt_tokens": used.prompt_tokens if used else 0,
        "completion_tokens": used.completion_tokens if used else 0,
        "usage_source": used.source if used else "estimated",
        "lease_until": None,
    }


def request_stop(response: int, offset: int | None) -> bool:
    """Ask whoever runs the response to stop it; False where it has ended. The first reader's offset counts."""
    asked = Response.objects.filter(pk=response, status__in=ACTIVE)
    asked.filter(stop_requested_at=None).update(stop_requested_at=Now(), stop_offset=offset)
    if not asked.exists():
        return False
    notify("stop", response, offset)
    return True


def finish_orphan(response: int, *, expired: bool) -> Response | None:
    """End a response in its owner's place; None where there is nothing to do (any more).

    `expired`: only if its lease has run out. The epoch is raised first: the owner, should it live, writes nothing more.
    """
    # Whoever holds the row of an expired one is about to end it, and must not keep the others from being reaped.
    rows = Response.objects.select_for_update(no_key=True, skip_locked=expired)
    rows = rows.filter(pk=response, status__in=ACTIVE)
    if expired:
        rows = rows.filter(lease_until__lt=Now())
    row = rows.first()
    if row is None:
        return None
    Response.objects.filter(pk=response).update(lease_epoch=F("lease_epoch") + 1)
    status = Status.STOPPED if row.stop_requested_at else Status.INTERRUPTED
    if row.status == Status.QUEUED and status == Status.INTERRUPTED:
        # A prompt that waited when its process died joins the history: its words must not be lost.
        turns.assign_turn(row, Thread.objects.select_for_update(no_key=True).get(pk=row.thread_id))
    used = upstream_calls.usage_of_lost_call(row)
    found = finalize.load(response)
    return found.response if found and _end(found, [], Outcome(status, usage=used)) else None


def expired_leases() -> list[int]:
    """Responses whose process has not been heard of for a lease; none in the first lease of a database that came back."""
    uptime = "SELECT now() - pg_postmaster_start_time() > make_interval(secs => %s)"
    with connection.cursor() as cursor:
        cursor.execute(uptime, [settings.lease_seconds])
        settled = cursor.fetchone()[0]
    if not settled:
        return []
    dead = Response.objects.filter(status__in=ACTIVE, lease_until__lt=Now())
    return list(dead.values_list("pk", flat=True)[:100])


def heartbeat(process: UUID, responses: list[int]) -> tuple[set[int], list[StopRequest]]:
    """Renew the leases. The result names those that are still this process's, and those of them that are to stop."""
    mine = Response.objects.filter(pk__in=responses, lease_owner=process, status__in=ACTIVE)
    # A row that somebody holds is renewed next time: it must keep neither the other leases nor the log's thread waiting.
    free = mine.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)
    Response.objects.filter(pk__in=list(free)).update(lease_until=lease_end())
    rows = list(mine.values_list("pk", "stop_requested_at", "stop_offset"))
    return {row[0] for row in rows}, [StopRequest(pk, offset) for pk, asked, offset in rows if asked]
