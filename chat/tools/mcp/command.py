"""The transport to an MCP server that is a command, with bounded messages, one a line (MCP 2025-11-25, transports, stdio).

That of the official package reads a line without end into memory. Imported at the first need, like the package.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import anyio
import msgspec
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp.client.stdio import get_default_environment
from mcp.os.posix.utilities import terminate_posix_process_tree
from mcp.shared.message import SessionMessage
from mcp.types import PARSE_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter

from chat.tools.mcp.message_bound import MESSAGE_BYTES, MessageBound, MessageTooLargeError

logger = logging.getLogger(__name__)

# For a command to end by itself once its input is closed, again once it was asked to, and for the rest of its output.
END_SECONDS = 2.0
# Between two looks at whether it has ended: to wait for it is to wait for every process that has its output, too.
LOOK_SECONDS = 0.01
# Errors of a pipe or stream that was closed on either side.
CLOSED = (
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    anyio.IncompleteRead,
    OSError,
)


@contextlib.asynccontextmanager
async def command_client(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Any]:
    """Run a command; yield the streams of its messages and of those to it. Its errors may quote arguments and are dropped.

    At the end its input is closed; a command that goes on, and every process that it leaves behind, is ended.
    """
    process = await anyio.open_process(
        command,
        env={**get_default_environment(), **environment},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    received, messages = anyio.create_memory_object_stream[Any](0)
    requests, sent = anyio.create_memory_object_stream[Any](0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_receive, process, received)
        tasks.start_soon(_send, process, sent, received)
        try:
            yield messages, requests
        finally:
            with anyio.CancelScope(shield=True):
                messages.close()
                requests.close()
                await _end(process)
            tasks.cancel_scope.deadline = anyio.current_time() + END_SECONDS


async def _receive(process: Process, received: Any) -> None:
    """Pass on the messages of a command until one is too long or its output ends. What is no message is an error in between."""
    assert process.stdout is not None
    lines = BufferedByteReceiveStream(process.stdout)
    async with received:
        with contextlib.suppress(*CLOSED):
            try:
                while True:
                    await received.send(_message(await lines.receive_until(b"\n", MESSAGE_BYTES)))
            except anyio.DelimiterNotFound:
                logger.warning("action=mcp_line_too_long bytes=%d", MESSAGE_BYTES)
    # A command that cannot write does not see that its input is closed.
    with contextlib.suppress(*CLOSED):
        async for _ in process.stdout:
            pass


def _message(line: bytes) -> Any:
    """Return the message of a line; in place of one with too many values, an error of the request that it answers."""
    try:
        MessageBound().add(line)
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except MessageTooLargeError as problem:
        return _refusal(line, problem)
    except ValueError as problem:
        return problem


def _refusal(line: bytes, problem: MessageTooLargeError) -> Any:
    try:
        number = msgspec.json.decode(line, type=_Answer).id
    except (msgspec.DecodeError, RecursionError):
        return problem
    error = ErrorData(code=PARSE_ERROR, message=str(problem))
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=number, error=error))


class _Answer(msgspec.Struct):
    """The request that a message answers; msgspec passes over the rest without making objects of it."""

    id: int | str


async def _send(process: Process, sent: Any, received: Any) -> None:
    """Write messages to a command. Once it takes no more, end its messages too: no answer is to be expected."""
    assert process.stdin is not None
    async with sent:
        try:
            async for item in sent:
                line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                await process.stdin.send(f"{line}\n".encode())
        except CLOSED:
            await received.aclose()


async def _end(process: Process) -> None:
    """Close the input of a command, wait until it has ended, and end what it leaves behind; at once where this is cancelled."""
    assert process.stdin is not None
    try:
        with contextlib.suppress(*CLOSED):
            await process.stdin.aclose()
        with anyio.move_on_after(END_SECONDS):
            while process.returncode is None:  # noqa: ASYNC110 - there is no event of the command's end alone
                await anyio.sleep(LOOK_SECONDS)
        await terminate_posix_process_tree(process, END_SECONDS)
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
