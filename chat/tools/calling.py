"""Running the calls of one round: several at once, results in the calls' order, every failure a result the model can read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

import msgspec
import pydantic

from chat.accumulator import ToolCall
from chat.text import storable
from chat.tools.registry import Tool, ToolContext, call

logger = logging.getLogger(__name__)

Report = Callable[[str, str], None]
"""Told the name of a tool and its state: `started`, `done` or `failed`."""


class Called(msgspec.Struct, frozen=True):
    """What came of a call: the text that the model gets."""

    result: str
    failed: bool = False


async def run_all(
    calls: list[ToolCall], tools: Mapping[str, Tool], context: ToolContext, report: Report
) -> list[Called]:
    """The results, in the order of the calls. Never raises but for cancellation."""
    alone = asyncio.Lock()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run(one, tools.get(one.name), context, report, alone)) for one in calls]
    return [task.result() for task in tasks]


async def _run(
    wanted: ToolCall, tool: Tool | None, context: ToolContext, report: Report, alone: asyncio.Lock
) -> Called:
    report(_known(wanted.name, tool), "started")
    if tool is None:
        called = Called(_error("There is no tool of that name."), failed=True)
    elif tool.alone:
        async with alone:
            called = await _call(wanted, tool, context)
    else:
        called = await _call(wanted, tool, context)
    report(_known(wanted.name, tool), "failed" if called.failed else "done")
    return called


def _known(name: str, tool: Tool | None) -> str:
    """The name that readers are told: a model's own invention may hold anything."""
    return tool.name if tool else "unknown"


async def _call(wanted: ToolCall, tool: Tool, context: ToolContext) -> Called:
    try:
        arguments = tool.arguments.model_validate_json(wanted.arguments or "{}")
        async with asyncio.timeout(tool.seconds):
            return Called(_text(await call(tool, arguments, context), tool.result_bytes))
    except pydantic.ValidationError as problem:
        return Called(_error(f"The arguments do not fit: {_first(problem)}"), failed=True)
    except TimeoutError:
        return Called(_error(f"The tool took longer than {tool.seconds:g} s."), failed=True)
    except Exception as problem:
        # A tool is foreign code: whatever it raises, the answer goes on. Its words stay with the model, out of the log.
        logger.warning("action=tool_failed tool=%s reason=%s", tool.name, type(problem).__name__)
        return Called(_error(f"The tool failed: {problem}"[:500]), failed=True)


def _first(problem: pydantic.ValidationError) -> str:
    first = problem.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'JSON'}: {first['msg']}"


def _error(reason: str) -> str:
    return msgspec.json.encode({"error": storable(reason)}).decode()


def _text(result: object, limit: int) -> str:
    text = result if isinstance(result, str) else pydantic.TypeAdapter(object).dump_json(result).decode()
    data = storable(text).encode()
    return data.decode() if len(data) <= limit else data[:limit].decode(errors="ignore") + "… (cut)"


async def offered(tools: dict[str, Tool], context: ToolContext) -> dict[str, Tool]:
    return tools
