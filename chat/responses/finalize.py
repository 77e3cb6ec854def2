"""The end of a response in two statements: one reads its state, the other writes its end if the state is unchanged.

A transaction around them would cost three round trips more: the second checks that what the first read still holds. For the
same reason the first is left out where this process knows the state, as of an answer that ends before its first flush.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from typing import Any, Literal, get_args

from django.db import DEFAULT_DB_ALIAS

from chat import text
from chat.db import sql
from chat.db.notifications import NOTIFY_SQL, Notification, execute
from chat.models import RESPONSE_FIELDS, ArtifactLabel, Response, Status
from chat.responses.usage import upstream_calls
from chat.responses.usage.upstream_calls import CallRecord
from chat.streams.storage import LogSegment
from chat.text.search_terms import search_vector
from chat.threads import artifacts

_FOUND = """
SELECT id, owner_id, thread_id, lease_epoch, status, log_length, thinking_length, thinking_ms, stop_offset,
       log.data, log.marks, log.ephemeral
FROM chat_response r, LATERAL (
    SELECT array_agg(data ORDER BY start) AS data, array_agg(marks ORDER BY start) AS marks,
           array_agg(ephemeral ORDER BY start) AS ephemeral
    FROM chat_chunk WHERE response_id = r.id
) log
WHERE id = %s
"""

# Postgres checks a row again that was updated while the statement waited for it, so `mine` never holds a changed row.
_ENDING = """
WITH mine AS (
    SELECT id, thread_id FROM chat_response
    WHERE id = %(id)s AND lease_epoch = %(epoch)s AND log_length = %(stored)s
      AND thinking_length = %(thinking_stored)s AND status IN ('queued', 'streaming', 'waiting')
      AND stop_offset IS NOT DISTINCT FROM %(stop_offset)s::bigint
    FOR NO KEY UPDATE
){without_flushed}, log AS (
    INSERT INTO chat_chunk (response_id, start, stop, data, marks, ephemeral)
    SELECT mine.id, p.start, p.start + octet_length(p.data), p.data, p.marks, p.ephemeral
    FROM mine, {segments} AS p(start, data, marks, ephemeral)
    {over_flushed}
){with_thought}, reply AS (
    UPDATE chat_message m SET content = %(content)s, readable = %(readable)s, terms = %(terms)s::tsvector
    FROM mine WHERE m.response_id = mine.id AND role = 'assistant' AND NOT hidden
    RETURNING m.id, m.owner_id, m.thread_id
){with_artifacts}, thread AS (
    UPDATE chat_thread t SET updated_at = now(), expires_at = now() + (t.expires_at - t.updated_at)
    FROM mine WHERE t.id = mine.thread_id
), spending AS (
    UPDATE chat_spending s SET tokens = %(prompt_tokens)s::bigint + %(completion_tokens)s::bigint, settled = true
    FROM mine WHERE s.response = mine.id
), calls AS (
    {add_calls} FROM mine, {calls} ON CONFLICT DO NOTHING
), ended AS (
    UPDATE chat_response r SET
        status = %(status)s, finish_reason = %(finish_reason)s, error_code = %(error_code)s,
        error_detail = %(error_detail)s, retry_after = %(retry_after)s, prompt_tokens = %(prompt_tokens)s,
        completion_tokens = %(completion_tokens)s, reasoning_tokens = %(reasoning_tokens)s,
        cached_tokens = %(cached_tokens)s, usage_source = %(usage_source)s, lease_until = %(lease_until)s,
        log_length = %(log_length)s, kept_offset = %(kept_offset)s, text_length = %(text_length)s,
        thinking_length = %(thinking_length)s, thinking_ms = %(thinking_ms)s, finished_at = now(),
        first_token_at = CASE WHEN %(log_length)s > 0 THEN coalesce(first_token_at, now()) ELSE first_token_at END
    FROM mine WHERE r.id = mine.id
    RETURNING r.*
)
SELECT {columns}, ({notify}), {made} FROM ended
"""

# The whole log: in one segment as that of most answers, for psycopg makes each array by a dozen calls of Python, or in several.
_SEGMENT = "(VALUES (0::bigint, %(data)s::bytea, %(marks)s::bytea, %(ephemeral)s::bool))"
_SEGMENTS = "unnest(%(starts)s::bigint[], %(data)s::bytea[], %(marks)s::bytea[], %(ephemeral)s::bool[])"

# Rows of flushes, which those of the whole log replace.
_WITHOUT_FLUSHED = """, taken_out AS (
    DELETE FROM chat_chunk c USING mine WHERE c.response_id = mine.id AND c.start <> ALL(%(starts)s::bigint[])
)"""
_OVER_FLUSHED = """
    ON CONFLICT (response_id, start) DO UPDATE
    SET stop = excluded.stop, data = excluded.data, marks = excluded.marks, ephemeral = excluded.ephemeral
"""

# Arrays cost more than others, and most answers come without thought.
_THOUGHT = """, thought AS (
    INSERT INTO chat_thoughtchunk (response_id, start, stop, data, timings, text_offset)
    SELECT mine.id, p.start, p.start + octet_length(p.data), p.data, p.timings, p.text_offset
    FROM mine, unnest(%(thinking_starts)s::bigint[], %(thinking_data)s::bytea[], %(thinking_timings)s::bytea[],
                      %(text_offsets)s::bigint[]) AS p(start, data, timings, text_offset)
)"""

_MADE = "(SELECT json_agg(json_build_array(public_id, version, kind, title) ORDER BY place) FROM artifacts)"


# Whether the whole log is one segment, or several, or replaces those that are stored.
_Rows = Literal["one", "several", "replaced"]


def _ending(rows: _Rows, *, thought: bool, made: bool) -> str:
    parts = {"add_calls": upstream_calls.ADD, "calls": upstream_calls.CALLS, "notify": NOTIFY_SQL}
    return _ENDING.format(
        **parts,
        columns=", ".join(RESPONSE_FIELDS),
        segments=_SEGMENT if rows == "one" else _SEGMENTS,
        without_flushed=_WITHOUT_FLUSHED if rows == "replaced" else "",
        over_flushed=_OVER_FLUSHED if rows == "replaced" else "",
        with_thought=_THOUGHT if thought else "",
        with_artifacts=f", artifacts AS ({artifacts.ADD})" if made else "",
        made=_MADE if made else "NULL",
    )


# By that, and by whether the answer has thought that is not stored, and artifacts, as few have: psycopg parses a statement of
# more than 4,096 characters anew each time.
_ENDINGS = {
    (rows, thought, made): _ending(rows, thought=thought, made=made)
    for rows, thought, made in product(get_args(_Rows), (False, True), (False, True))
}


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The columns on which the end of a response depends, and the stored segments of its log."""

    pk: int
    owner: int
    thread: int
    epoch: int
    status: str = Status.STREAMING
    log_length: int = 0
    thinking_length: int = 0
    thinking_ms: int | None = None
    stop_offset: int | None = None
    log: Sequence[LogSegment] = ()


def load(response: int) -> StoredResponse | None:
    """Return the stored state of a response; None if it is gone."""
    row = sql.row(_FOUND, [response])
    if row is None:
        return None
    *columns, data, timings, ephemeral = row
    log = [LogSegment(*segment) for segment in zip(data or (), timings or (), ephemeral or (), strict=True)]
    pk, owner, thread, epoch, status, length, thinking_length, thinking_ms, stop_offset = columns
    return StoredResponse(
        pk, owner, thread, epoch, status, length, thinking_length, thinking_ms, stop_offset, log
    )


def finalize(
    stored: StoredResponse,
    final: dict[str, Any],
    pieces: list[LogSegment],
    thoughts: Sequence[LogSegment],
    content: str,
    calls: Sequence[CallRecord],
    notifications: list[Notification],
) -> Response | None:
    """Write the `final` columns of a response, its whole log, `content` as its reply, and its calls; return the response.

    `thoughts`: the end of its thought, which the table lacks.

    Write nothing and return None where the row no longer matches `stored`.
    """
    readable = text.plain_text(content)
    values = {
        **final,
        "id": stored.pk,
        "epoch": stored.epoch,
        "stored": stored.log_length,
        "thinking_stored": stored.thinking_length,
        "stop_offset": stored.stop_offset,
        "content": content,
        "artifacts": artifacts.encode(content),
        "readable": readable,
        "terms": search_vector(readable),
        "calls": upstream_calls.encode_calls(stored.owner, stored.thread, stored.pk, calls),
    }
    rows: _Rows = "replaced" if stored.log_length else "one" if len(pieces) == 1 else "several"
    if rows == "one":
        (only,) = pieces
        values |= {"data": only.data, "marks": only.timings, "ephemeral": only.ephemeral}
    else:
        values |= _log_columns(pieces)
    if thoughts:
        values |= _thought_columns(stored.thinking_length, thoughts)
    statement = _ENDINGS[rows, bool(thoughts), bool(values["artifacts"])]
    written = execute(statement, values, notifications)
    if not written:
        return None
    *columns, _, made = written[0]
    response = Response.from_db(DEFAULT_DB_ALIAS, RESPONSE_FIELDS, columns)
    response.artifacts = [ArtifactLabel(*one) for one in made or ()]
    return response


def _log_columns(log: list[LogSegment]) -> dict[str, Any]:
    """Return the columns of the segments of a whole log, as arrays."""
    return {
        "starts": list(accumulate((len(segment.data) for segment in log), initial=0))[:-1],
        "data": [segment.data for segment in log],
        "marks": [segment.timings for segment in log],
        "ephemeral": [segment.ephemeral for segment in log],
    }


def _thought_columns(start: int, thoughts: Sequence[LogSegment]) -> dict[str, Any]:
    """Return the columns of the segments of thought that begin at an offset, as arrays."""
    return {
        "thinking_starts": list(accumulate((len(thought.data) for thought in thoughts), initial=start))[:-1],
        "thinking_data": [thought.data for thought in thoughts],
        "thinking_timings": [thought.timings for thought in thoughts],
        "text_offsets": [thought.text_offset for thought in thoughts],
    }
