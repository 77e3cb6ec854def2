"""Arrival times of the parts of text and thought, decoded from their timings."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Value

from chat.models import Chunk, ThoughtChunk
from chat.streams import storage
from chat.streams.storage import LogSegment

# Milliseconds, half a frame of a screen: closer arrivals are merged in a replay.
STEP = 8


@dataclass(frozen=True, slots=True)
class Arrival:
    """`size` bytes that arrived so many milliseconds after the start of the response."""

    milliseconds: int
    size: int
    ephemeral: bool


@dataclass(frozen=True, slots=True)
class TimedText:
    """Text with its arrival; `stop` is the log offset after it."""

    milliseconds: int
    text: str
    ephemeral: bool
    stop: int


def arrivals(response: int) -> list[Arrival]:
    """Return all arrivals of a response in order, without reading the text."""
    rows = Chunk.objects.filter(response_id=response).order_by("start")
    found = rows.values_list("start", "stop", "timings", "ephemeral")
    return [
        Arrival(milliseconds, size, ephemeral)
        for start, stop, timings, ephemeral in found
        for milliseconds, size in _timings_of(bytes(timings), stop - start)
    ]


def thought_times(responses: Iterable[int]) -> dict[int, list[list[int]]]:
    """Return the milliseconds at which thought arrived, one list for each stretch of it, without reading the thought."""
    rows = ThoughtChunk.objects.filter(response_id__in=responses).order_by("response_id", "start")
    found: dict[int, dict[int, list[int]]] = {}
    for response, text_offset, timings in rows.values_list("response_id", "text_offset", "timings"):
        times = found.setdefault(response, {}).setdefault(text_offset, [])
        times += [milliseconds for milliseconds, _ in struct.iter_unpack("<II", bytes(timings))]
    return {response: list(stretches.values()) for response, stretches in found.items()}


def timed_text(response: int, after: int, limit: int) -> Iterator[TimedText]:
    """Yield the text from the byte `after` on until `limit` bytes are passed, in steps of STEP or more."""
    rows = Chunk.objects.filter(response_id=response)
    return _merged(_pieces(rows.values_list("start", "data", "timings", "ephemeral"), after), after + limit)


def timed_thought(response: int, after: int, limit: int) -> Iterator[TimedText]:
    """Yield the thought as `timed_text` does the text; `stop` is then an offset of the thought."""
    rows = ThoughtChunk.objects.filter(response_id=response)
    return _merged(_pieces(rows.values_list("start", "data", "timings", Value(False)), after), after + limit)


def _merged(pieces: Iterator[TimedText], until: int) -> Iterator[TimedText]:
    last: TimedText | None = None
    for one in pieces:
        if last and one.milliseconds - last.milliseconds < STEP and one.ephemeral == last.ephemeral:
            last = TimedText(last.milliseconds, last.text + one.text, last.ephemeral, one.stop)
            continue
        if last:
            yield last
            if last.stop >= until:
                return
        last = one
    if last:
        yield last


def _pieces(rows: QuerySet[Any, Any], after: int) -> Iterator[TimedText]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for start, data, timings, ephemeral in rows.filter(stop__gt=after).order_by("start").iterator():
        skipped = max(0, after - start)
        piece = storage.drop_prefix(LogSegment(bytes(data), bytes(timings), ephemeral), skipped)
        at = 0
        for milliseconds, size in _timings_of(piece.timings, len(piece.data)):
            text = decoder.decode(piece.data[at : at + size])
            at += size
            yield TimedText(milliseconds, text, ephemeral, start + skipped + at)


def _timings_of(timings: bytes, length: int) -> Iterator[tuple[int, int]]:
    """Yield the timings of `length` bytes.

    Bytes without one, in rows of an older program, count towards the last timing.
    """
    milliseconds = 0
    for milliseconds, size in struct.iter_unpack("<II", timings):
        yield milliseconds, min(size, length)
        length -= min(size, length)
    if length:
        yield milliseconds, length
