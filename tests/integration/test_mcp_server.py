"""One MCP server: names and results of its tools, changes of its list, its loss, and deadlines."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from chat.llm.http import request_head
from chat.tools import available
from chat.tools.mcp import connection as mcp_connection
from chat.tools.mcp import server as mcp_server
from chat.tools.mcp.connection import MAX_TOOLS
from chat.tools.mcp.server import McpServer
from chat.tools.mcp.spec import McpSpec
from chat.tools.registry import Tool
from tests.fixtures.mcp_calls import CONTEXT, call, run, stdio, until
from tests.fixtures.mcp_http import serving
from tests.fixtures.mcp_sessions import SessionServer, session_server
from tests.live.harness import eventually

LONG = "repository_contents_and_history_of_every_branch_and_tag_by_date_"


def names_of(spec: McpSpec, reserved: tuple[str, ...] = ()) -> list[str]:
    return list(run(spec, McpServer.offered, reserved))


# Results

RESULTS = {
    "file": "Found.\nprint(1)",
    "blob": "[resource repo://a.bin a/b not kept: there is no place for files here]",
    "link": "[resource_link main.py repo://main.py]",
    "image": "[image image/png not kept: there is no place for pictures here]",
    "empty": "",
}


def test_the_model_gets_texts_and_a_note_for_every_other_block() -> None:
    async def results(server: McpServer) -> dict[str, str]:
        return {name: await call(server, f"stub_{name}") for name in RESULTS}

    assert run(stdio(*RESULTS), results) == RESULTS


def test_no_pattern_of_a_server_holds_this_process() -> None:
    async def checked(server: McpServer) -> str:
        return await call(server, "stub_checked")

    assert run(stdio("checked"), checked).endswith('aaa!"}')


# Names


@pytest.mark.parametrize("order", [1, -1])
def test_tools_that_are_alike_up_to_the_64th_character_are_all_offered(order: int) -> None:
    names = names_of(
        stdio(*[f"{LONG}one", f"{LONG}two", "a.b", "a_b", "a b", "current"][::order]), ("stub_current",)
    )
    assert len(names) == 6
    assert all(len(name) <= 64 for name in names)
    assert "stub_a_b" in names
    assert "stub_current" not in names
    assert sorted(names) == sorted(
        names_of(stdio(f"{LONG}two", "a b", "a_b", "current", "a.b", f"{LONG}one"), ("stub_current",))
    )


def test_a_call_of_a_renamed_tool_reaches_its_own() -> None:
    async def both(server: McpServer) -> list[str]:
        return sorted([await call(server, name) for name in server.tools])

    assert run(stdio("echo", "pid"), both, ("stub_echo",))[-1] == "None from None"


@pytest.mark.parametrize(("count", "offered"), [(80, 80), (MAX_TOOLS, MAX_TOOLS), (MAX_TOOLS + 1, MAX_TOOLS)])
def test_many_tools_are_offered_and_a_surplus_is_logged_and_shown(
    count: int, offered: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def state(server: McpServer) -> tuple[int, str]:
        return len(await server.offered()), server.state

    number, words = run(stdio(*(f"tool{number}" for number in range(count))), state)
    surplus = count > offered
    assert (number, "mcp_tools_left_out" in caplog.text) == (offered, surplus)
    assert words == (f"connected; only {MAX_TOOLS} of its tools are offered" if surplus else "connected")


def test_a_request_holds_no_more_tools_than_a_provider_takes(caplog: pytest.LogCaptureFixture) -> None:
    tools = {f"t{number}": Tool(f"t{number}", print, json.loads, {}) for number in range(200)}
    assert list(available.within_limit(tools)) == [f"t{number}" for number in range(available.MAX_TOOLS)]
    assert "action=tools_left_out" in caplog.text


def test_one_odd_tool_does_not_cost_the_others() -> None:
    odd = {"name": "odd", "inputSchema": {"type": "object", "properties": {"a": True}, "required": None}}
    tools = [odd, {"name": "echo", "inputSchema": {"type": "object"}}, {"name": None}]
    spec = stdio()
    listed = msgspec.structs.replace(spec, env=spec.env | {"MCP_TOOLS": json.dumps(tools)})
    assert names_of(listed) == ["stub_odd", "stub_echo"]


def grows(spec: McpSpec) -> None:
    async def grown(server: McpServer) -> dict[str, Tool]:
        assert "stub_grown" not in server.tools
        await call(server, "stub_grow")
        await until(lambda: "stub_grown" in server.tools, server)
        return await server.offered()

    assert "stub_grow" in run(spec, grown)


def test_a_changed_list_is_fetched_anew() -> None:
    grows(stdio("grow"))


def test_a_changed_list_is_fetched_anew_over_http() -> None:
    with serving("grows") as url:
        grows(McpSpec(url=url))


# Start


@pytest.mark.parametrize(("needed", "offered"), [((), []), (("stub_pid",), ["stub_pid"])])
def test_a_call_that_goes_on_waits_longer_for_its_server(
    monkeypatch: pytest.MonkeyPatch, needed: tuple[str, ...], offered: list[str]
) -> None:
    monkeypatch.setattr(mcp_server, "RECONNECT_WAIT_SECONDS", 0.0)

    async def first() -> list[str]:
        server = McpServer("stub", stdio("pid"))
        try:
            return list(await server.offered(needed))
        finally:
            await server.close()

    assert asyncio.run(first()) == offered


# Loss


async def kill(server: McpServer) -> None:
    os.kill(int(await call(server, "stub_pid")), signal.SIGKILL)
    await asyncio.to_thread(eventually, lambda: server.state == "away")


def test_the_first_prompt_after_a_servers_death_has_its_tools() -> None:
    async def calls(server: McpServer) -> str:
        await kill(server)
        assert "stub_pid" in await server.offered()
        return await call(server, "stub_pid")

    assert run(stdio("pid"), calls).isdigit()


def test_a_call_after_a_servers_death_starts_it_again() -> None:
    async def calls(server: McpServer) -> str:
        tool = server.tools["stub_pid"]
        await kill(server)
        return str(await tool.function(arguments={}, context=CONTEXT))

    assert run(stdio("pid"), calls).isdigit()


def test_a_call_that_ends_its_server_is_not_repeated() -> None:
    async def calls(server: McpServer) -> str:
        with pytest.raises(Exception, match="Connection closed"):
            await call(server, "stub_die")
        await server.offered()
        return await call(server, "stub_pid")

    assert run(stdio("die", "pid"), calls).isdigit()


@pytest.fixture
def over_http() -> Iterator[SessionServer]:
    with session_server() as server:
        yield server


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_call_in_a_lost_session_is_repeated_in_a_new_one(over_http: SessionServer, status: int) -> None:
    over_http.unknown_status = status

    async def calls(server: McpServer) -> str:
        over_http.sessions.clear()
        return await call(server, "stub_echo")

    assert run(McpSpec(url=over_http.url), calls) == "echo done"
    assert over_http.calls == ["echo"]


def test_a_call_whose_stream_breaks_is_not_repeated(over_http: SessionServer) -> None:
    async def calls(server: McpServer) -> str:
        with pytest.raises(Exception, match=r".+"):
            await call(server, "stub_breaks")
        await server.offered()
        return await call(server, "stub_echo")

    assert run(McpSpec(url=over_http.url), calls) == "echo done"
    assert over_http.calls == ["breaks", "echo"]


def test_other_calls_end_in_the_session_that_one_call_has_lost(over_http: SessionServer) -> None:
    async def calls(server: McpServer) -> list[str]:
        slow = asyncio.create_task(call(server, "stub_slow"))
        await asyncio.to_thread(eventually, lambda: over_http.calls == ["slow"])
        over_http.sessions.clear()
        return [await call(server, "stub_echo"), await slow]

    assert run(McpSpec(url=over_http.url), calls) == ["echo done", "slow done"]
    assert over_http.calls == ["slow", "echo"]


def test_an_answer_that_is_too_large_fails_the_call_alone(over_http: SessionServer) -> None:
    async def calls(server: McpServer) -> str:
        with pytest.raises(Exception, match="too large"):
            await call(server, "stub_large")
        return await call(server, "stub_echo")

    assert run(McpSpec(url=over_http.url), calls) == "echo done"
    assert len(over_http.sessions) == 1


def test_no_proxy_is_asked_for_a_server_on_this_machine(
    over_http: SessionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert run(McpSpec(url=over_http.url), lambda it: call(it, "stub_echo")) == "echo done"


def test_the_certificates_are_read_in_a_thread(
    over_http: SessionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[threading.Thread] = []

    def read() -> Any:
        readers.append(threading.current_thread())
        return request_head.trusted_certificates()

    monkeypatch.setattr(mcp_connection, "trusted_certificates", read)
    assert run(McpSpec(url=over_http.url), lambda it: call(it, "stub_echo")) == "echo done"
    assert readers
    assert threading.main_thread() not in readers


def test_a_call_over_http_may_take_longer_than_a_connection(
    over_http: SessionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def calls(server: McpServer) -> str:
        return await call(server, "stub_slow")

    monkeypatch.setattr(mcp_connection, "CONNECT_SECONDS", 1.0)
    assert run(McpSpec(url=over_http.url), calls) == "slow done"


def test_a_call_has_the_deadline_of_its_server_or_of_the_setting() -> None:
    async def deadlines(server: McpServer) -> float:
        return server.tools["stub_pid"].deadline

    assert run(stdio("pid", seconds=25.0), deadlines) == 25
    assert run(stdio("pid"), deadlines) == 10
