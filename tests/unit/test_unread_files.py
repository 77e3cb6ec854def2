"""The wait of an answer for files that are still being read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chat.exceptions import ModelFailed
from chat.llm.clients.base import ModelClient, ModelRequest
from chat.llm.registry import ModelRegistry
from chat.llm.sse import AtOnce, StreamUpdate
from chat.responses import engine as engine_module
from chat.responses.claims.turns import Job
from chat.responses.engine import UNREAD_SECONDS, Engine
from chat.streams import Writer
from tests.unit.test_token_counts_of_calls import PROFILE, EmptyLog, OneAnswer, recorder


class NoAnswer:
    """A model that fails at once."""

    profile = PROFILE

    async def stream(
        self, request: ModelRequest, at_once: AtOnce | None = None
    ) -> AsyncGenerator[StreamUpdate]:
        for update in list[StreamUpdate]():
            yield update
        raise ModelFailed


class NoBudget:
    """A registry that is asked for budgets alone."""

    def budget(self, profile: Any) -> int:
        return 0

    file_budget = budget


async def directly(work: Callable[[], Any]) -> Any:
    return work()


def test_all_calls_of_a_response_wait_for_files_once_together(monkeypatch: pytest.MonkeyPatch) -> None:
    waits, now = list[float](), [0.0]

    async def wait(keys: list[int], seconds: float) -> None:
        waits.append(seconds)
        now[0] += min(60.0, max(0.0, seconds))

    log = EmptyLog()
    log.response = 1  # type: ignore[attr-defined]
    job = Job(response=1, thread=1, owner=1, epoch=1, model="c1", queued=False)
    engine = Engine(
        cast("Writer", log), cast("ModelRegistry", NoBudget()), recorder(), job, wait_for_files=wait
    )
    unread = ModelRequest([], [], unread_files=[7])
    monkeypatch.setattr(engine_module, "build_request", lambda *_, **__: unread)
    monkeypatch.setattr("chat.responses.engine.db.run_async", directly)
    monkeypatch.setattr(engine_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    models = [cast("ModelClient", model) for model in (NoAnswer(), NoAnswer(), OneAnswer(None))]
    asyncio.run(engine.respond(models, {}))
    assert waits[:2] == [UNREAD_SECONDS, UNREAD_SECONDS - 60]
    assert now[0] == UNREAD_SECONDS
