"""The recovery of orphans: each by itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from chat.responses.leases import Leases

LEASE = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_orphan_that_cannot_be_ended_keeps_no_other_from_its_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[int] = []

    async def found(_: Any) -> dict[int, datetime]:
        return {1: LEASE, 2: LEASE}

    async def end(_: Any, response: int, **__: Any) -> None:
        tried.append(response)
        if response == 1:
            raise RecursionError

    monkeypatch.setattr("chat.responses.leases.db.run_async", found)
    monkeypatch.setattr("chat.responses.leases.db.atomic_async", end)
    kept = Leases(uuid4(), list, lambda _: None, lambda _: None)
    monkeypatch.setattr(kept._watch, "expired", dict)
    asyncio.run(kept._reap())
    assert tried == [1, 2]
    assert "action=reap_failed response=1 reason=RecursionError" in caplog.text
