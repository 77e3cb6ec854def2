"""Calls of tools: results, failures, deadlines and order."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from typing import Any

import pytest

from chat.llm.sse.accumulator import ToolCall
from chat.tools import Tool, ToolContext, ToolResult, run_all
from chat.tools.worker_threads import in_thread
from tests.fixtures.calling import no_search, own_tools, register, result, results  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("own_tools")


def boom(kind: str) -> str:
    """Fails."""
    kinds = {"error": ValueError("of its own"), "exit": SystemExit(3), "stop": StopIteration("x")}
    raise kinds[kind]


async def boom_async(kind: str) -> str:
    """Fails."""
    kinds = {"error": ValueError("of its own"), "exit": SystemExit(3), "cancel": asyncio.CancelledError()}
    raise kinds[kind]


@pytest.mark.parametrize("kind", ["error", "exit", "stop", "other"])
def test_any_exception_of_a_sync_tool_becomes_a_result(kind: str) -> None:
    called = result(json.dumps({"kind": kind}), register(boom))
    assert called.failed
    assert json.loads(called.result)["error"]


@pytest.mark.parametrize("kind", ["error", "exit", "cancel", "other"])
def test_any_exception_of_an_async_tool_becomes_a_result(kind: str) -> None:
    called = result(json.dumps({"kind": kind}), register(boom_async))
    assert called.failed
    assert json.loads(called.result)["error"]


def test_the_message_of_a_failing_tool_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        called = result('{"kind": "error"}', register(boom))
    assert "of its own" in called.result
    assert "of its own" not in caplog.text


def big(kind: str) -> Any:
    """Says a lot."""
    values = {"ascii": "x" * 5_242_880, "wide": "ñ" * 5_000, "list": ["x"] * 5_000, "nul": "a\0b\ud800c"}
    return values[kind]


@pytest.mark.parametrize("kind", ["ascii", "wide", "list"])
def test_a_result_is_cut_at_its_cap_and_says_so(kind: str) -> None:
    cut = result(json.dumps({"kind": kind}), register(big, result_bytes=1_001)).result
    text, mark = cut[: -len("… (cut)")], cut[-len("… (cut)") :]
    assert mark == "… (cut)"
    assert 999 <= len(text.encode()) <= 1_001


def test_a_result_holds_nothing_that_cannot_be_stored() -> None:
    assert result('{"kind": "nul"}', register(big)) == ToolResult("a\ufffdb\ufffdc")


def test_a_short_result_is_what_the_tool_gave() -> None:
    def pair() -> dict[str, Any]:
        """Gives two."""
        return {"a": 1, "ñ": [None, 1.5]}

    assert result("", register(pair)) == ToolResult('{"a":1,"ñ":[null,1.5]}')


def test_a_sync_tool_does_not_block_the_loop_and_is_cancelled_at_its_deadline() -> None:
    cancelled = threading.Event()

    def wait(context: ToolContext) -> str:
        """Waits."""
        if context.cancelled.wait(10):
            cancelled.set()
        return "late"

    async def pass_by() -> str:
        """Goes on meanwhile."""
        return "passed"

    reports: list[tuple[str, str]] = []

    def report(call: ToolCall, state: str) -> None:
        reports.append((call.name, state))

    tools = register(wait, seconds=0.1), register(pass_by)
    hung, passed = results([("wait", ""), ("pass_by", "")], *tools, report=report)
    assert ("longer than 0.1 s" in hung.result, passed) == (True, ToolResult("passed"))
    assert reports.index(("pass_by", "done")) < reports.index(("wait", "failed"))
    assert cancelled.wait(5)


def test_a_stop_ends_the_calls_and_cancels_their_tools() -> None:
    begun, cancelled = threading.Event(), threading.Event()

    def wait(context: ToolContext) -> None:
        """Waits."""
        begun.set()
        if context.cancelled.wait(10):
            cancelled.set()

    async def stop_it(one: Tool) -> None:
        calling = asyncio.create_task(
            run_all(
                [ToolCall("c", "wait", "")],
                {"wait": one},
                lambda _: ToolContext(1, 2, no_search),
                lambda *_: None,
            )
        )
        await asyncio.to_thread(begun.wait, 5)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling

    asyncio.run(stop_it(register(wait)))
    assert cancelled.wait(5)


def test_a_sync_tool_that_never_returns_leaves_a_daemon() -> None:
    async def name() -> bool:
        return bool(await in_thread(lambda: threading.current_thread().daemon))

    assert asyncio.run(name())


def test_a_tool_that_must_be_alone_runs_alone_and_in_order() -> None:
    running: set[str] = set()
    overlaps: list[set[str]] = []

    async def shared(name: str) -> str:
        """Runs beside others."""
        running.add(name)
        overlaps.append(set(running))
        await asyncio.sleep(0)
        running.discard(name)
        return name

    async def alone(name: str) -> str:
        """Runs alone."""
        return str(await shared(name))

    order = ["shared", "shared", "alone", "alone", "shared"]
    calls = [(name, json.dumps({"name": f"{name}{number}"})) for number, name in enumerate(order)]
    called = results(calls, register(shared), register(alone, alone=True))
    assert [one.result for one in called] == ["shared0", "shared1", "alone2", "alone3", "shared4"]
    assert {"shared0", "shared1"} in overlaps
    assert [names for names in overlaps if any(name.startswith("alone") for name in names)] == [
        {"alone2"},
        {"alone3"},
    ]


def test_the_model_gets_an_error_for_an_unknown_tool() -> None:
    reports: list[str] = []
    (called,) = results([("canary", "{}")], report=lambda _, state: reports.append(state))
    assert called.failed
    assert reports == ["started", "failed"]
