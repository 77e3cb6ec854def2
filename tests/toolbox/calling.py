"""Registering tools for one test, and calling them as a model would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chat.accumulator import ToolCall
from chat.tools import ToolResult, Tool, ToolContext, registry, run_all, tool


async def no_search(_: str) -> list[dict[str, str]]:
    return []


@pytest.fixture
def own_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_tools", {})


def register(function: Callable[..., Any], **options: Any) -> Tool:
    tool(**options)(function)
    return registry._tools[function.__name__]


def results(
    calls: list[tuple[str, str]], *tools: Tool, report: Callable[[str, str], None] | None = None
) -> list[ToolResult]:
    wanted = [ToolCall(f"c{number}", name, arguments) for number, (name, arguments) in enumerate(calls)]
    context = ToolContext(1, 2, no_search)
    known = {one.name: one for one in tools}
    return asyncio.run(run_all(wanted, known, context, report or (lambda *_: None)))


def result(arguments: str, one: Tool) -> ToolResult:
    return results([(one.name, arguments)], one)[0]
