"""Commands that are MCP servers and write too much, too often or what is no message: their own call fails, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chat.tools.mcp.server import McpServer
from chat.tools.mcp.spec import McpSpec
from tests.fixtures.mcp_calls import call, run
from tests.live.harness import ROOT, eventually

COMMAND = McpSpec(
    command=(sys.executable, "-m", "tests.fixtures.mcp_odd_command"), env={"PYTHONPATH": str(ROOT)}
)


@pytest.mark.parametrize("tool", ["endless", "asks", "repeats"])
def test_a_command_that_writes_without_end_is_ended_and_started_anew(tool: str) -> None:
    async def calls(server: McpServer) -> tuple[str, str]:
        former = await call(server, "stub_pid")
        with pytest.raises(Exception, match="closed"):
            await call(server, f"stub_{tool}")
        await server.offered()
        return former, await call(server, "stub_pid")

    former, latter = run(COMMAND, calls)
    assert former != latter
    eventually(lambda: has_ended(int(former)))


def test_an_answer_with_too_many_values_fails_the_call_alone() -> None:
    async def calls(server: McpServer) -> tuple[str, str]:
        former = await call(server, "stub_pid")
        with pytest.raises(Exception, match="too large: more than 60000 values"):
            await call(server, "stub_values")
        return former, await call(server, "stub_pid")

    former, latter = run(COMMAND, calls)
    assert former == latter


def test_lines_that_are_no_messages_are_passed_over() -> None:
    assert run(COMMAND, lambda server: call(server, "stub_noise")) == "after noise"


def test_what_a_command_leaves_behind_ends_with_it() -> None:
    left = int(run(COMMAND, lambda server: call(server, "stub_leaves")))
    eventually(lambda: has_ended(left))


def has_ended(process: int) -> bool:
    """Return whether a process has ended; its parent may be an init that waits for none."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True)
    return listed.stdout.strip()[:1] in ("", "Z")
