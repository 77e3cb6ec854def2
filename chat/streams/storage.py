"""The logs of text and of thought in the database: appended in batches, read at an offset, merged at the end.

Only `append` makes them longer: it moves `log_length` and `thinking_length` from the writer's expected values, under the
writer's epoch, and inserts the segments of just those responses that moved. A row of a response is therefore a consistent
snapshot of both: all thought before its `thinking_length` stands at or before its `log_length`.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from chat.db import notifications, sql
from chat.models import Artifact, ArtifactLabel, Chunk, PersonRequest, Response, Status, ThoughtChunk, ToolUse
from chat.text import utf8_floor

# Bytes in one row of a finished log: 1 MiB is 16 rows, and a reader's portion stays small.
ROW_BYTES = 65_536

# Encodes one arrival for `Chunk.timings`: its milliseconds and its size.
pack_timing = struct.Struct("<II").pack

# The bytes [offset, offset + limit), row by row: rows of a log that still grows may be small and many, or large. The first
# of them is found by its start, which alone is indexed. One byte more tells whether the last character is whole.
_READ = """
SELECT substring(data FROM greatest(%(offset)s - start, 0)::int + 1 FOR %(limit)s::int + 1)
FROM chat_chunk
WHERE response_id = %(response)s AND start < %(offset)s + %(limit)s AND stop > %(offset)s
  AND start >= (SELECT coalesce(max(start), 0) FROM chat_chunk
                WHERE response_id = %(response)s AND start <= %(offset)s)
ORDER BY start
"""
_READ_THOUGHT = """
SELECT text_offset, substring(data FROM greatest(%(offset)s - start, 0)::int + 1 FOR %(limit)s::int + 1)
FROM chat_thoughtchunk
WHERE response_id = %(response)s AND start < %(offset)s + %(limit)s AND stop > %(offset)s
  AND start >= (SELECT coalesce(max(start), 0) FROM chat_thoughtchunk
                WHERE response_id = %(response)s AND start <= %(offset)s)
ORDER BY start
"""

_APPEND = """
WITH head AS (
    SELECT * FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[])
         AS h(id, epoch, start, stop, thinking_start, thinking_stop, thinking_ms)
), free AS (
    -- A locked row waits for the next batch, so that it does not delay the others of this one.
    SELECT r.id FROM chat_response r JOIN head h ON r.id = h.id FOR NO KEY UPDATE OF r SKIP LOCKED
), moved AS (
    UPDATE chat_response r
    SET log_length = h.stop, thinking_length = h.thinking_stop, thinking_ms = h.thinking_ms,
        first_token_at = CASE WHEN h.stop > 0 THEN COALESCE(r.first_token_at, now()) ELSE r.first_token_at END
    FROM head h JOIN free ON free.id = h.id
    WHERE r.id = h.id AND r.lease_epoch = h.epoch AND r.log_length = h.start AND r.thinking_length = h.thinking_start
      AND r.status = 'streaming'
    RETURNING r.id, r.stop_requested_at IS NOT NULL AS stopping, r.stop_offset, r.owner_id
), put AS (
    INSERT INTO chat_chunk (response_id, start, stop, data, marks, ephemeral)
    SELECT p.id, p.start, p.start + octet_length(p.data), p.data, p.marks, p.ephemeral
    FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[], %s::bool[]) AS p(id, start, data, marks, ephemeral)
    JOIN moved ON moved.id = p.id
), thought AS (
    INSERT INTO chat_thoughtchunk (response_id, start, stop, data, timings, text_offset)
    SELECT p.id, p.start, p.start + octet_length(p.data), p.data, p.timings, p.text_offset
    FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[], %s::bigint[]) AS p(id, start, data, timings, text_offset)
    JOIN moved ON moved.id = p.id
)
SELECT id, stopping, stop_offset, owner_id FROM moved
"""

_MERGE_THOUGHTS = """
WITH taken_out AS (
    DELETE FROM chat_thoughtchunk WHERE response_id = %(response)s RETURNING *
), grouped AS (
    SELECT *, sum(stop - start) OVER (PARTITION BY text_offset ORDER BY start)::bigint / %(row_bytes)s AS part
    FROM taken_out
)
INSERT INTO chat_thoughtchunk (response_id, start, stop, text_offset, data, timings)
SELECT response_id, min(start), max(stop), text_offset, string_agg(data, ''::bytea ORDER BY start),
       string_agg(timings, ''::bytea ORDER BY start)
FROM grouped GROUP BY response_id, text_offset, part
"""


@dataclass(frozen=True, slots=True)
class LogSegment:
    """Contiguous bytes of one kind; `timings` as in `Chunk.timings`. Thought stands at `text_offset` of the text."""

    data: bytes
    timings: bytes
    ephemeral: bool = False
    text_offset: int = 0


@dataclass(frozen=True, slots=True)
class Append:
    """New segments for one response's logs: of text from the byte `start` on, of thought from `thinking_start` on.

    `thinking_ms`: the time that the thought has taken in all; None without thought.
    """

    response: int
    epoch: int
    start: int
    pieces: list[LogSegment]
    thinking_start: int = 0
    thoughts: Sequence[LogSegment] = ()
    thinking_ms: int | None = None

    @property
    def stop(self) -> int:
        return self.start + sum(len(piece.data) for piece in self.pieces)

    @property
    def thinking_stop(self) -> int:
        return self.thinking_start + sum(len(thought.data) for thought in self.thoughts)


@dataclass(frozen=True, slots=True)
class StopRequest:
    """A stop request found while appending."""

    response: int
    offset: int | None


def append(additions: list[Append]) -> tuple[set[int], list[StopRequest]]:
    """Write a batch. Return the responses that were written, and the stop requests among them."""
    rows = sql.rows(_APPEND, [*_heads(additions), *_pieces(additions), *_thoughts(additions)])
    written = [row[0] for row in rows]
    if written:
        notifications.notify_many("log", written, [row[3] for row in rows])
    return set(written), [StopRequest(row[0], row[2]) for row in rows if row[1]]


def beyond(rest: Append, stored: int, thinking_stored: int) -> Append:
    """Return what is left to append behind the stored bytes: a flush whose answer was lost may have been written."""
    if (rest.start, rest.thinking_start) == (stored, thinking_stored):
        return rest
    return replace(
        rest,
        start=stored,
        pieces=unwritten(rest.start, rest.pieces, stored),
        thinking_start=thinking_stored,
        thoughts=unwritten(rest.thinking_start, rest.thoughts, thinking_stored),
    )


def unwritten(start: int, pieces: Iterable[LogSegment], stored: int) -> list[LogSegment]:
    """Return the part of the pieces from the byte `start` on that is beyond the `stored` bytes."""
    beyond = []
    for piece in pieces:
        if start >= stored:
            beyond.append(piece)
        elif start + len(piece.data) > stored:
            beyond.append(drop_prefix(piece, stored - start))
        start += len(piece.data)
    return beyond


def _heads(additions: list[Append]) -> list[list[int | None]]:
    heads = [
        (
            one.response,
            one.epoch,
            one.start,
            one.stop,
            one.thinking_start,
            one.thinking_stop,
            one.thinking_ms,
        )
        for one in additions
    ]
    return _columns(heads, 7)


def _pieces(additions: list[Append]) -> list[list[Any]]:
    return _columns(
        [
            (one.response, start, piece.data, piece.timings, piece.ephemeral)
            for one in additions
            for start, piece in _placed(one.start, one.pieces)
        ],
        5,
    )


def _thoughts(additions: list[Append]) -> list[list[Any]]:
    return _columns(
        [
            (one.response, start, thought.data, thought.timings, thought.text_offset)
            for one in additions
            for start, thought in _placed(one.thinking_start, one.thoughts)
        ],
        5,
    )


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _placed(start: int, pieces: Iterable[LogSegment]) -> Iterable[tuple[int, LogSegment]]:
    for piece in pieces:
        yield start, piece
        start += len(piece.data)


def read(response: int, offset: int, limit: int = ROW_BYTES) -> bytes:
    """Return the next bytes of the log from `offset` on, at most `limit`, whole characters only; empty at its end."""
    pieces = sql.rows(_READ, {"response": response, "offset": offset, "limit": limit})
    return _portion(b"".join(data for (data,) in pieces), limit)


def read_thought(response: int, offset: int) -> tuple[int, bytes] | None:
    """Return the next bytes of the thought that stand at one text offset, and that offset; None at its end.

    They are at most ROW_BYTES, whole characters only.
    """
    pieces = sql.rows(_READ_THOUGHT, {"response": response, "offset": offset, "limit": ROW_BYTES})
    if not pieces:
        return None
    place = pieces[0][0]
    found = takewhile(lambda piece: piece[0] == place, pieces)
    return place, _portion(b"".join(data for _, data in found), ROW_BYTES)


def _portion(data: bytes, limit: int) -> bytes:
    return data[: utf8_floor(data, limit)]


def thought_from(response: int, text_offset: int) -> int | None:
    """Return the start of the first thought that stands at or behind a text offset; None where none is stored."""
    later = ThoughtChunk.objects.filter(response_id=response, text_offset__gte=text_offset)
    return later.order_by("start").values_list("start", flat=True).first()


def ephemeral_ranges(response: int, start: int = 0) -> list[tuple[int, int]]:
    """Return the ranges of a log from `start` on that its message does not keep: our own think items."""
    items = Chunk.objects.filter(response_id=response, start__gte=start, ephemeral=True).order_by("start")
    return list(items.values_list("start", "stop"))


def thoughts_of(responses: Iterable[int]) -> dict[int, str]:
    """Return the stored thought of each of these responses that has one."""
    chunks = ThoughtChunk.objects.filter(response_id__in=responses).order_by("response_id", "start")
    found: defaultdict[int, bytearray] = defaultdict(bytearray)
    for response, data in chunks.values_list("response_id", "data").iterator():
        found[response] += data
    return {response: thought.decode() for response, thought in found.items()}


def tool_uses_of(responses: Iterable[int]) -> dict[int, list[ToolUse]]:
    """Return the tool calls of each of these responses that has any."""
    found: defaultdict[int, list[ToolUse]] = defaultdict(list)
    for use in ToolUse.objects.filter(response_id__in=responses).order_by("response_id", "number"):
        found[use.response_id].append(use)
    return found


def tool_uses(response: int) -> list[ToolUse]:
    return tool_uses_of([response]).get(response, [])


def steps(response: int) -> tuple[list[ToolUse], list[PersonRequest]]:
    """Return the tool calls of a response, and its requests."""
    return tool_uses(response), requests(response)


def artifacts_of(response: int) -> list[ArtifactLabel]:
    """Return the artifacts of a stored reply, in their order."""
    rows = Artifact.objects.filter(message__response=response).order_by("place")
    return [ArtifactLabel(*row) for row in rows.values_list(*ArtifactLabel._fields)]


def requests(response: int) -> list[PersonRequest]:
    """Return the requests of a response to a person, in their order."""
    return list(PersonRequest.objects.filter(response=response).order_by("number"))


def merge_thoughts(response: int) -> None:
    """Store an ended thought in rows of some ROW_BYTES, at least one for each offset of the text at which it stands."""
    sql.rows(_MERGE_THOUGHTS, {"response": response, "row_bytes": ROW_BYTES})


def pieces_of(response: int) -> list[LogSegment]:
    rows = (
        Chunk.objects.filter(response_id=response)
        .order_by("start")
        .values_list("data", "timings", "ephemeral")
    )
    return [LogSegment(bytes(data), bytes(timings), ephemeral) for data, timings, ephemeral in rows]


def merge_segments(pieces: list[LogSegment]) -> list[LogSegment]:
    """Merge text into segments of ROW_BYTES; each ephemeral segment (one think item) stays separate."""
    return list(_merged(pieces))


def _merged(pieces: list[LogSegment]) -> Iterable[LogSegment]:
    data, timings = bytearray(), bytearray()
    for piece in pieces:
        if data and (piece.ephemeral or len(data) >= ROW_BYTES):
            yield LogSegment(bytes(data), bytes(timings), False)
            data, timings = bytearray(), bytearray()
        if piece.ephemeral:
            yield piece
        else:
            data += piece.data
            timings += piece.timings
    if data:
        yield LogSegment(bytes(data), bytes(timings), False)


def kept_text(pieces: list[LogSegment], offset: int | None) -> tuple[int, str]:
    """Return the end of the stored message in the log, and its text up to a reader's `offset` (None: all).

    A cut never splits a character, and one inside a think item moves to the item's start.
    """
    whole = b"".join(piece.data for piece in pieces)
    end = len(whole) if offset is None else utf8_floor(whole, min(offset, len(whole)))
    start, text = 0, bytearray()
    for piece in pieces:
        stop = start + len(piece.data)
        if piece.ephemeral:
            end = start if start < end < stop else end
        else:
            text += piece.data[: max(0, end - start)]
        start = stop
    return end, bytes(text).decode()


def text_from(response: int, offset: int) -> str:
    """Return the text of a log from an offset on, without ephemeral think items."""
    pieces = pieces_of(response)
    return kept_text(pieces, None)[1][len(kept_text(pieces, offset)[1]) :]


def drop_prefix(piece: LogSegment, size: int) -> LogSegment:
    """Return a segment without its first `size` bytes and their arrivals."""
    timings, left = bytearray(), size
    for milliseconds, length in struct.iter_unpack("<II", piece.timings):
        if length > left:
            timings += pack_timing(milliseconds, length - left)
        left = max(0, left - length)
    return replace(piece, data=piece.data[size:], timings=bytes(timings))


def state(response: int) -> Response | None:
    """Return the response's current row."""
    return Response.objects.filter(pk=response).first()


def lengths_if_owned(response: int, epoch: int) -> tuple[int, int] | None:
    """Return the lengths of text and thought if the epoch still may write them, else None."""
    mine = Response.objects.filter(pk=response, lease_epoch=epoch, status=Status.STREAMING)
    return mine.values_list("log_length", "thinking_length").first()
