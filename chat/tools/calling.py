"""The calls of one round: run at once, results in the calls' order, every failure a result that the model can read."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import msgspec
import pydantic

from chat.llm.sse.accumulator import ToolCall
from chat.telemetry import observers
from chat.text import storable
from chat.tools.available import permitted
from chat.tools.context import AnswerNeeded, ToolContext
from chat.tools.registry import Tool
from chat.tools.schema import BadArguments
from chat.tools.worker_threads import in_thread

logger = logging.getLogger(__name__)

# Of a tool's own message about its failure; a traceback in it helps no model.
ERROR_CHARACTERS = 500

# Takes a call and its state: `started`, `done` or `failed`.
Report = Callable[[ToolCall, str], None]


class ToolResult(msgspec.Struct, frozen=True):
    """The result of a call, as the text that the model gets. `pictures`: keys of those that were kept of it.

    `files`: keys of those that the user gets with the answer.
    """

    result: str
    failed: bool = False
    pictures: tuple[int, ...] = ()
    files: tuple[int, ...] = ()


class Question(msgspec.Struct, frozen=True):
    """A call's request to a person, in place of its result; `schema` is JSON text."""

    message: str
    schema: str


async def run_all(
    calls: Sequence[ToolCall],
    tools: Mapping[str, Tool],
    context_of: Callable[[ToolCall], ToolContext],
    report: Report,
) -> list[ToolResult | Question]:
    """Run the calls and return their results, in the order of the calls. Raises nothing except CancelledError."""
    results: list[ToolResult | Question] = []
    for together in _groups(calls, tools):
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_run(call, tools.get(call.name), context_of(call), report))
                for call in together
            ]
        results += [task.result() for task in tasks]
    return results


def _groups(calls: Sequence[ToolCall], tools: Mapping[str, Tool]) -> Iterator[list[ToolCall]]:
    """Yield the calls in their order, in groups that may run at once."""

    def runs_alone(call: ToolCall) -> bool:
        return call.name in tools and tools[call.name].alone

    for alone, group in groupby(calls, key=runs_alone):
        together = list(group)
        yield from ([call] for call in together) if alone else [together]


async def _run(
    call: ToolCall, tool: Tool | None, context: ToolContext, report: Report
) -> ToolResult | Question:
    report(call, "started")
    began = time.monotonic()
    if tool is None:
        result: ToolResult | Question = failed("There is no tool of that name.")
    else:
        result = await _call(call, tool, context)
    if isinstance(result, ToolResult):
        report(call, "failed" if result.failed else "done")
        name = tool.name if tool else "unknown"
        for observer in observers():
            observer.tool_ended(name, result.failed, time.monotonic() - began)
    return result


async def _call(call: ToolCall, tool: Tool, context: ToolContext) -> ToolResult | Question:
    try:
        values = tool.parse(call.arguments)
        async with asyncio.timeout(tool.deadline):
            if not await permitted({tool.name: tool}, context.user):
                return failed("The user has not the permission that this tool needs.")
            return ToolResult(_text(await _result(tool, values, context), tool.result_bytes))
    except AnswerNeeded as question:
        return Question(storable(question.message), question.schema)
    except BadArguments as problem:
        return failed(f"The arguments do not fit: {problem}")
    except TimeoutError:
        return failed(f"The tool took longer than {tool.deadline:g} s.")
    except asyncio.CancelledError:
        if _being_cancelled():
            raise
        return failed("The tool was cancelled.")
    except (Exception, SystemExit) as problem:
        # A tool is foreign code: the answer survives any exception. Its message goes to the model, never to the log.
        logger.warning("action=tool_failed tool=%s reason=%s", tool.name, type(problem).__name__)
        return failed(f"The tool failed: {problem}"[:ERROR_CHARACTERS])
    finally:
        context.cancelled.set()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _result(tool: Tool, values: dict[str, Any], context: ToolContext) -> object:
    if tool.context is not None:
        values[tool.context] = context
    function = tool.function.func if isinstance(tool.function, partial) else tool.function
    if inspect.iscoroutinefunction(function):
        return await tool.function(**values)
    return await in_thread(partial(tool.function, **values))


def failed(reason: str) -> ToolResult:
    """Return the result of a call that failed, in words for the model."""
    return ToolResult(msgspec.json.encode({"error": storable(reason)}).decode(), failed=True)


def _text(result: object, limit: int) -> str:
    """Return a result as text of at most `limit` bytes, and a mark if it was cut."""
    text = result if isinstance(result, str) else pydantic.TypeAdapter(object).dump_json(result).decode()
    # Cut once before the work on each character, for a character is a byte at least, and once after it.
    data = storable(text[: limit + 1]).encode()
    return data.decode() if len(data) <= limit else data[:limit].decode(errors="ignore") + "… (cut)"
