"""Stored thoughts, read by stretches: each stands at one offset of the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import BinaryField, F, Func, IntegerField, Value
from django.db.models.functions import Cast

from chat.models import ThoughtChunk


@dataclass(frozen=True, slots=True)
class ThoughtStretch:
    """Thought that stands at one offset of the text."""

    text_offset: int
    text: str


def stretches_of(responses: Iterable[int], limit: int) -> dict[int, list[ThoughtStretch]]:
    """Return the first `limit` bytes of each of these responses' thoughts; those without one are left out."""
    rows = ThoughtChunk.objects.filter(response_id__in=responses, start__lt=limit)
    # Cut in the database: a chunk may have ROW_BYTES.
    length = Cast(Value(limit) - F("start"), IntegerField())
    part = Func(F("data"), Value(1), length, function="substr", output_field=BinaryField())
    ordered = rows.annotate(part=part).order_by("response_id", "start")
    found = ordered.values_list("response_id", "text_offset", "part").iterator()
    return {response: list(_stretches(chunks)) for response, chunks in groupby(found, key=lambda row: row[0])}


def _stretches(chunks: Iterable[tuple[int, int, Any]]) -> Iterator[ThoughtStretch]:
    """Yield the stretches of one response. The last one may be cut inside a character, which is left out."""
    for text_offset, group in groupby(chunks, key=lambda row: row[1]):
        data = b"".join(bytes(chunk[2]) for chunk in group)
        yield ThoughtStretch(text_offset, data.decode(errors="ignore"))


def beginnings_of(responses: Iterable[int], limit: int) -> dict[int, str]:
    """Return the first `limit` bytes of each of these responses' thoughts as text."""
    found = stretches_of(responses, limit)
    return {response: "".join(one.text for one in stretches) for response, stretches in found.items()}
