"""The end of a response, requests to stop it, the renewal of its lease, and the recovery of orphans."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Now

from chat.db.notifications import notify
from chat.exceptions import ModelError
from chat.models import ACTIVE, Response, Status, Thread, UpstreamCall
from chat.responses import finalize, waiting
from chat.responses.claims import turns
from chat.responses.claims.turns import lease_end
from chat.responses.finalize import StoredResponse
from chat.responses.usage import upstream_calls
from chat.responses.usage.upstream_calls import CallRecord
from chat.responses.waiting import Wait
from chat.streams import storage
from chat.streams.storage import Append, LogSegment, StopRequest
from chat.telemetry import observers

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a response, or with `wait` that it begins to wait for a person.

    `calls`: all model calls that it took, `unstored` those whose rows are still to be written. `offset` of a stop: the bytes
    that its reader had seen, None for all of them.
    """

    status: Status
    finish_reason: str | None = None
    error: ModelError | None = None
    calls: Sequence[CallRecord | UpstreamCall] = ()
    unstored: Sequence[CallRecord] = ()
    offset: int | None = None
    wait: Wait | None = None


def finish(rest: Append, outcome: Outcome, known: StoredResponse | None = None) -> Response | None:
    """End a response: write the rest of its log, the stored message and the final status, together or not at all.

    `known`: its stored state, as far as its process knows.

    Return None where the lease's epoch is no longer valid: another process ended the response. Repeating it is harmless.
    """
    stored = known or finalize.load(rest.response)
    while stored:
        if stored.epoch != rest.epoch:
            return None
        if stored.status not in ACTIVE:
            return storage.state(stored.pk)
        missing = storage.beyond(rest, stored.log_length, stored.thinking_length)
        response = _end(stored, missing.pieces, outcome, missing.thoughts, rest.thinking_ms)
        if response is not None:
            if response.thinking_length:
                storage.merge_thoughts(response.pk)
            return response
        stored = finalize.load(rest.response)
    return None


def _end(
    stored: StoredResponse,
    pieces: Sequence[LogSegment],
    outcome: Outcome,
    thoughts: Sequence[LogSegment] = (),
    thinking_ms: int | None = None,
) -> Response | None:
    """End a response with the rest of its log and of its thought, and return it.

    Write nothing and return None where its row has changed since it was loaded.
    """
    log = storage.merge_segments([*stored.log, *pieces])
    offset = stored.stop_offset if outcome.offset is None else outcome.offset
    kept, content = storage.kept_text(log, offset if outcome.status == Status.STOPPED else None)
    ends = {
        "log_length": sum(len(piece.data) for piece in log),
        "kept_offset": kept,
        "text_length": len(content.encode()),
        "thinking_length": stored.thinking_length + sum(len(thought.data) for thought in thoughts),
        "thinking_ms": stored.thinking_ms if thinking_ms is None else thinking_ms,
    }
    notifications = [
        (stored.owner, "end", stored.pk, stored.thread),
        (stored.owner, "thread", stored.owner, stored.thread, "updated"),
    ]
    return finalize.finalize(
        stored, _final(outcome) | ends, log, thoughts, content, outcome.unstored, notifications
    )


def _final(outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    return {
        "status": outcome.status.value,
        "finish_reason": outcome.finish_reason,
        "error_code": error.code if error else None,
        "error_detail": error.detail if error else None,
        "retry_after": error.retry_after if error else None,
        **upstream_calls.total(outcome.calls),
        "lease_until": None,
    }


def log_end(response: Response) -> None:
    """Report an ended response, and log a line: ids, model, status, error code, tokens, durations; never content."""
    first_token = _seconds_until(response.first_token_at, response)
    whole = _seconds_until(response.finished_at, response)
    _report_end(response, first_token, whole)
    logger.info(
        "action=response_ended response=%d thread=%d user=%d model=%s status=%s code=%s first_token_s=%s whole_s=%s bytes=%d "
        "prompt_tokens=%d completion_tokens=%d",
        response.pk,
        response.thread_id,
        response.owner_id,
        response.model,
        response.status,
        response.error_code or "-",
        "-" if first_token is None else f"{first_token:.3f}",
        "-" if whole is None else f"{whole:.3f}",
        response.log_length,
        response.prompt_tokens or 0,
        response.completion_tokens or 0,
    )


def _seconds_until(moment: datetime | None, response: Response) -> float | None:
    return None if moment is None else (moment - response.created_at).total_seconds()


def _report_end(response: Response, first_token: float | None, whole: float | None) -> None:
    counted = {"reasoning": response.reasoning_tokens, "cached": response.cached_tokens}
    tokens = {"prompt": response.prompt_tokens or 0, "completion": response.completion_tokens or 0}
    tokens |= {kind: count for kind, count in counted.items() if count is not None}
    for observer in observers():
        observer.response_ended(
            response.pk,
            response.model,
            response.status,
            response.error_code,
            first_token=first_token,
            whole=whole,
            tokens=tokens,
        )


def request_stop(response: int, offset: int | None) -> bool:
    """Ask the owner of a response to stop it; return False where it has ended. The first request's offset counts."""
    active = Response.objects.filter(pk=response, status__in=ACTIVE)
    active.filter(stop_requested_at=None).update(stop_requested_at=Now(), stop_offset=offset)
    owner = active.values_list("owner_id", flat=True).first()
    if owner is None:
        return False
    notify("stop", response, offset, owner=owner)
    return True


def finish_orphan(response: int, *, expired: bool, lease: datetime | None = None) -> Response | None:
    """End a response in place of its owner; return None where it has ended or is being ended.

    `expired`: only if its lease has run out, or it waits for a person and has none; `lease`: only if it has not been renewed
    since. The epoch is raised first: the owner, if it still runs, writes nothing more.
    """
    # A locked row of an expired response is about to be ended, and must not keep the others from being reaped.
    rows = Response.objects.select_for_update(no_key=True, skip_locked=expired)
    rows = rows.filter(pk=response, status__in=ACTIVE)
    if expired:
        rows = rows.filter(Q(lease_until__lt=Now()) | Q(status=Status.WAITING))
    if lease is not None:
        rows = rows.filter(lease_until=lease)
    row = rows.first()
    if row is None:
        return None
    Response.objects.filter(pk=response).update(lease_epoch=F("lease_epoch") + 1)
    status = Status.STOPPED if row.stop_requested_at else Status.INTERRUPTED
    if row.status == Status.WAITING:
        waiting.cancel(row)
    if row.status == Status.QUEUED and status == Status.INTERRUPTED:
        # A prompt that waited when its process died joins the history: its text must not be lost.
        turns.assign_turn(row, Thread.objects.select_for_update(no_key=True).get(pk=row.thread_id))
    calls = upstream_calls.store_lost_call(row)
    stored = finalize.load(response)
    return _end(stored, (), Outcome(status, calls=calls)) if stored else None


def leases() -> dict[int, datetime]:
    """Return the leases of all active responses."""
    rows = Response.objects.filter(status__in=ACTIVE, lease_until__isnull=False)
    return {pk: lease for pk, lease in rows.values_list("pk", "lease_until") if lease}


def heartbeat(process: UUID, responses: list[int]) -> tuple[set[int], list[StopRequest]]:
    """Renew the leases. Return the responses that this process still owns, and the requests to stop some of them."""
    mine = Response.objects.filter(pk__in=responses, lease_owner=process, status__in=ACTIVE)
    # A locked row is renewed next time: it must keep neither the other leases nor the log's thread waiting.
    free = mine.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)
    Response.objects.filter(pk__in=list(free)).update(lease_until=lease_end())
    rows = list(mine.values_list("pk", "stop_requested_at", "stop_offset"))
    return {row[0] for row in rows}, [StopRequest(pk, offset) for pk, requested, offset in rows if requested]
