"""Quirks of models' servers: each answer is read as its server meant it, at every split of the bytes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from chat.llm.sse import ChunkDecoder, StreamError, StreamUpdate
from chat.llm.sse.accumulator import CallAccumulator
from tests.unit.quirk_forms import Quirk
from tests.unit.splits import in_steps
from tests.unit.stream_quirks import QUIRKS


def read(pieces: Iterable[bytes]) -> tuple[list[StreamUpdate], bool]:
    """Return all updates, and whether the answer failed."""
    decoder, updates = ChunkDecoder(), list[StreamUpdate]()
    try:
        for piece in pieces:
            updates.append(decoder.feed(piece))
        updates.append(decoder.flush())
    except StreamError as error:
        return [*updates, error.piece], True
    return updates, False


def assert_reading(quirk: Quirk, pieces: Iterable[bytes]) -> None:
    updates, failed = read(pieces)
    calls = CallAccumulator()
    for update in updates:
        calls.feed(update.calls)
    counts = [(u.usage.prompt_tokens, u.usage.completion_tokens) for u in updates if u.usage]
    assert failed == quirk.error
    assert "".join(update.text for update in updates) == quirk.text
    assert tuple((call.name, call.arguments) for call in calls.calls()) == quirk.calls
    assert counts[-1:] == ([quirk.usage] if quirk.usage else [])


@pytest.mark.parametrize("name", QUIRKS)
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_a_quirk_is_read_as_it_is_meant(name: str, size: int) -> None:
    assert_reading(QUIRKS[name], in_steps(QUIRKS[name].body, size))


def test_every_quirk_has_its_source() -> None:
    assert all(quirk.source for quirk in QUIRKS.values())
