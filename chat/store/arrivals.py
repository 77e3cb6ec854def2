"""When which part of a text log came from the model, as the log's marks tell it."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from chat.models import Chunk
from chat.store import logs
from chat.store.logs import Piece

STEP = 8  # milliseconds: what comes closer together is one for a replay, half a frame of a screen


@dataclass(frozen=True, slots=True)
class Arrival:
    """`size` bytes, so many milliseconds after the response was taken on."""

    milliseconds: int
    size: int
    ephemeral: bool


@dataclass(frozen=True, slots=True)
class Said:
    """The same with the text; `stop` is the log's offset after it."""

    milliseconds: int
    text: str
    ephemeral: bool
    stop: int


def arrivals(response: int) -> list[Arrival]:
    """All of a response's, in order, without a look at the text."""
    rows = Chunk.objects.filter(response_id=response).order_by("start")
    found = rows.values_list("start", "stop", "marks", "ephemeral")
    return [
        Arrival(milliseconds, size, ephemeral)
        for start, stop, marks, ephemeral in found
        for milliseconds, size in _marked(bytes(marks), stop - start)
    ]


def said(response: int, after: int, limit: int) -> Iterator[Said]:
    """The text from the byte `after` on, until `limit` bytes are passed; its moments STEP apart at least."""
    last: Said | None = None
    for one in _pieces(response, after):
        if last and one.milliseconds - last.milliseconds < STEP and one.ephemeral == last.ephemeral:
            last = Said(last.milliseconds, last.text + one.text, last.ephemeral, one.stop)
            continue
        if last:
            yield last
            if last.stop - after >= limit:
                return
        last = one
    if last:
        yield last


def _pieces(response: int, after: int) -> Iterator[Said]:
    rows = Chunk.objects.filter(response_id=response, stop__gt=after).order_by("start")
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for start, data, marks, ephemeral in rows.values_list("start", "data", "marks", "ephemeral").iterator():
        skipped = max(0, after - start)
        piece = logs.rest(Piece(bytes(data), bytes(marks), ephemeral), skipped)
        at = 0
        for milliseconds, size in _marked(piece.marks, len(piece.data)):
            text = decoder.decode(piece.data[at : at + size])
            at += size
            yield Said(milliseconds, text, ephemeral, start + skipped + at)


def _marked(marks: bytes, length: int) -> Iterator[tuple[int, int]]:
    """The marks of `length` bytes. Bytes without one, in rows of an older program, count to the last that has."""
    milliseconds = 0
    for milliseconds, size in struct.iter_unpack("<II", marks):
        yield milliseconds, min(size, length)
        length -= min(size, length)
    if length:
        yield milliseconds, length
