"""The text log in the database: appended in batches, read at an offset, merged at the end.

Only `append` makes a log longer: it moves `log_length` from the writer's expected value, under the writer's epoch, and
inserts the segments of just those responses that moved.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from chat.db import notifications, sql
from chat.models import Chunk, Response, Status
from chat.text import utf8_floor

# Bytes in one row of a finished log: 1 MiB is 16 rows, and a reader's portion stays small.
ROW_BYTES = 65_536

_APPEND = """
WITH head AS (
    SELECT * FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::bigint[]) AS h(id, epoch, start, stop)
), free AS (
    -- A locked row waits for the next batch, so that it does not delay the others of this one.
    SELECT r.id FROM chat_response r JOIN head h ON r.id = h.id FOR NO KEY UPDATE OF r SKIP LOCKED
), moved AS (
    UPDATE chat_response r
    SET log_length = h.stop, first_token_at = COALESCE(r.first_token_at, now())
    FROM head h JOIN free ON free.id = h.id
    WHERE r.id = h.id AND r.lease_epoch = h.epoch AND r.log_length = h.start AND r.status = 'streaming'
    RETURNING r.id, r.stop_requested_at IS NOT NULL AS stopping, r.stop_offset
), put AS (
    INSERT INTO chat_chunk (response_id, start, stop, data, marks, ephemeral)
    SELECT p.id, p.start, p.start + octet_length(p.data), p.data, p.marks, p.ephemeral
    FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[], %s::bool[]) AS p(id, start, data, marks, ephemeral)
    JOIN moved ON moved.id = p.id
)
SELECT id, stopping, stop_offset FROM moved
"""


@dataclass(frozen=True, slots=True)
class LogSegment:
    """Contiguous text of one kind; `timings` as in `Chunk.timings`."""

    data: bytes
    timings: bytes
    ephemeral: bool


@dataclass(frozen=True, slots=True)
class Append:
    """New segments for one response's log, from the byte `start` on."""

    response: int
    epoch: int
    start: int
    pieces: list[LogSegment]

    @property
    def stop(self) -> int:
        return self.start + sum(len(piece.data) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class StopRequest:
    """A stop request found while appending."""

    response: int
    offset: int | None


def append(additions: list[Append]) -> tuple[set[int], list[StopRequest]]:
    """Write a batch. Return the responses that were written, and the stop requests among them."""
    rows = sql.rows(_APPEND, [*_heads(additions), *_pieces(additions)])
    written = [row[0] for row in rows]
    if written:
        notifications.notify_many("log", written)
    return set(written), [StopRequest(row[0], row[2]) for row in rows if row[1]]


def _heads(additions: list[Append]) -> list[list[int]]:
    heads = [(one.response, one.epoch, one.start, one.stop) for one in additions]
    return [list(column) for column in zip(*heads, strict=True)]


def _pieces(additions: list[Append]) -> list[list[object]]:
    rows = [row for one in additions for row in _placed(one)]
    return [list(column) for column in zip(*rows, strict=True)]


def _placed(addition: Append) -> Iterable[tuple[int, int, bytes, bytes, bool]]:
    start = addition.start
    for piece in addition.pieces:
        yield addition.response, start, piece.data, piece.timings, piece.ephemeral
        start += len(piece.data)


def read(response: int, offset: int, limit: int = ROW_BYTES) -> bytes:
    """Return the next bytes of the log from `offset` on, roughly `limit` at most; empty at its end."""
    chunks = Chunk.objects.filter(response_id=response, stop__gt=offset).order_by("start")
    found = bytearray()
    for start, data in chunks.values_list("start", "data")[: 1 + limit // 1024].iterator():
        found += bytes(data)[max(0, offset - start) :]
        if len(found) >= limit:
            break
    return bytes(found)


def pieces_of(response: int) -> list[LogSegment]:
    rows = (
        Chunk.objects.filter(response_id=response)
        .order_by("start")
        .values_list("data", "timings", "ephemeral")
    )
    return [LogSegment(bytes(data), bytes(timings), ephemeral) for data, timings, ephemeral in rows]


def columns(pieces: list[LogSegment]) -> tuple[list[int], list[bytes], list[bytes], list[bool]]:
    """Return starts, data, timings and kinds of the segments of a whole log, as columns."""
    sizes = [len(piece.data) for piece in pieces]
    starts = list(accumulate(sizes, initial=0))[:-1]
    return (
        starts,
        [piece.data for piece in pieces],
        [piece.timings for piece in pieces],
        [piece.ephemeral for piece in pieces],
    )


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


def pack_timing(milliseconds: int, size: int) -> bytes:
    """Encode one arrival for `Chunk.timings`."""
    return struct.pack("<II", milliseconds, size)


def drop_prefix(piece: LogSegment, size: int) -> LogSegment:
    """Return a segment without its first `size` bytes and their arrivals."""
    timings, left = bytearray(), size
    for milliseconds, length in struct.iter_unpack("<II", piece.timings):
        if length > left:
            timings += pack_timing(milliseconds, length - left)
        left = max(0, left - length)
    return LogSegment(piece.data[size:], bytes(timings), piece.ephemeral)


def state(response: int) -> Response | None:
    """Return the response's current row."""
    return Response.objects.filter(pk=response).first()


def length_if_owned(response: int, epoch: int) -> int | None:
    """Return the log's length if the epoch still may write it, else None."""
    mine = Response.objects.filter(pk=response, lease_epoch=epoch, status=Status.STREAMING)
    return mine.values_list("log_length", flat=True).first()
