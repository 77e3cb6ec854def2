"""One MCP server: names, schemas and results of its tools, changes of its list, its loss, and deadlines."""

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
from chat.tools.registry import Tool, tool_schema
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


# Schemas

EMPTY = {"type": "object", "properties": {}}
PATH = {"properties": {"path": {"type": "string"}}, "required": ["path"]}


def parameters(schema: Any, **more: Any) -> dict[str, Any]:
    """Return the schema of one parameter, and what else stands at its top."""
    return {"type": "object", "properties": {"a": schema}, **more}


SCHEMAS: list[tuple[Any, dict[str, Any]]] = [
    ({"type": "object"}, EMPTY),
    ({}, EMPTY),
    ({"type": ["object", "null"]}, EMPTY),
    ({"type": "object", "properties": None, "required": None}, EMPTY),
    (
        {"type": "object", "properties": {"a": {"type": "array"}}},
        {**EMPTY, "properties": {"a": {"type": "array", "items": {}}}},
    ),
    (
        {"type": "object", "properties": {"a": {"type": ["array", "null"], "items": [{"type": "string"}]}}},
        {**EMPTY, "properties": {"a": {"type": "array", "items": {"type": "string"}, "nullable": True}}},
    ),
    (
        {
            "type": "object",
            "properties": {"a": {"type": "object", "properties": {"b": {"type": "array"}}, "required": True}},
        },
        {
            **EMPTY,
            "properties": {"a": {"type": "object", "properties": {"b": {"type": "array", "items": {}}}}},
        },
    ),
    (
        {"anyOf": [PATH, {"properties": {"url": {}}}]},
        {**EMPTY, "properties": {"path": {"type": "string"}, "url": {}}},
    ),
    ({"type": "object", "oneOf": [{"required": ["a"]}], "not": {}, "enum": [1]}, EMPTY),
    ({"type": "object", **PATH}, {"type": "object", **PATH}),
    # google-gemini/gemini-cli#13326, anomalyco/opencode#12295, DEEIX-AI/DEEIX-Chat#546
    *(
        (
            parameters(schema, **{"$schema": "https://json-schema.org/draft/2020-12/schema", **more}),
            parameters(sent),
        )
        for schema, more, sent in (
            ({"$ref": "#/$defs/A"}, {"$defs": {"A": {"type": "string"}}}, {"type": "string"}),
            ({"$ref": "#/$defs/a~1b"}, {"$defs": {"a/b": {"$ref": "#/definitions/A%20"}}}, {}),
            (
                {"$ref": "#/$defs/A", "description": "d"},
                {"$defs": {"A": {"type": "string", "description": "no"}}},
                {"type": "string", "description": "d"},
            ),
            (
                {"type": "array", "items": {"$ref": "#/$defs/A"}},
                {"$defs": {"A": {"properties": {"b": {"$ref": "#"}}}}},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "b": {"type": "object", "properties": {"a": {"type": "array", "items": {}}}}
                        },
                    },
                },
            ),
            ({"allOf": [{"$ref": "#/$defs/A"}]}, {"$defs": {"A": {"type": "integer"}}}, {"type": "integer"}),
        )
    ),
    # github/copilot-cli#4623, sbroenne/mcp-server-excel#672
    (
        parameters({"type": ["object", "null"], **PATH}),
        parameters({"type": "object", **PATH, "nullable": True}),
    ),
    (
        parameters({"type": ["string", "integer"], "description": "d"}),
        parameters({"anyOf": [{"type": "string", "description": "d"}, {"type": "integer"}]}),
    ),
    (
        parameters({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}),
        parameters({"type": "string", "nullable": True}),
    ),
    (
        parameters({"type": ["string", "integer", "null"]}),
        parameters({"anyOf": [{"type": "string", "nullable": True}, {"type": "integer", "nullable": True}]}),
    ),
    (
        parameters({"type": "string", "anyOf": [{"pattern": "a"}, {"pattern": "b"}]}),
        parameters({"type": "string"}),
    ),
    # PostHog/mcp#141
    (
        parameters({"type": "string", "enum": ["a", "b", "a"]}),
        parameters({"type": "string", "enum": ["a", "b"]}),
    ),
    ({**parameters({}), "required": ["a", "a"]}, {**parameters({}), "required": ["a"]}),
    # containers/kubernetes-mcp-server#758, NousResearch/hermes-agent#18530
    (parameters({"type": "string", "pattern": "[a-z]+"}), parameters({"type": "string"})),
    (parameters({"type": "string", "pattern": r"^\d{4}$"}), parameters({"type": "string"})),
    (
        parameters({"type": "string", "pattern": "^(a|b)[0-9]+$"}),
        parameters({"type": "string", "pattern": "^(a|b)[0-9]+$"}),
    ),
    # ggml-org/llama.cpp#17574
    (parameters({"not": {}}), parameters({})),
    (parameters(True), parameters({})),
    (parameters({"type": "any"}), parameters({})),
    (
        parameters({"type": "integer", "minimum": 0, "exclusiveMinimum": True}),
        parameters({"type": "integer", "minimum": 0}),
    ),
    (parameters({"type": "string", "enum": ["", "a", None]}), parameters({"type": "string", "enum": ["a"]})),
    (
        parameters({"type": "integer", "enum": [1, 2]}),
        parameters({"type": "integer", "description": "One of 1, 2."}),
    ),
    (parameters({"const": "a"}), parameters({"type": "string", "enum": ["a"]})),
    (parameters({"type": "string", "format": "uri", "description": None}), parameters({"type": "string"})),
    ({**parameters({}), "required": ["a", "b"]}, {**parameters({}), "required": ["a"]}),
]


@pytest.mark.parametrize(("given", "sent"), SCHEMAS, ids=[json.dumps(given) for given, _ in SCHEMAS])
def test_a_schema_is_sent_in_the_form_that_every_provider_takes(given: Any, sent: dict[str, Any]) -> None:
    assert tool_schema("a", "b", given)["function"]["parameters"] == sent


def test_a_description_beyond_the_bound_goes_on_above_the_parameters() -> None:
    words = "word " * 300
    sent = tool_schema("a", words, {})["function"]
    assert len(sent["description"]) <= 1024
    assert sent["description"] + sent["parameters"]["description"] == words
    assert len(tool_schema("a", "x" * 3000, {})["function"]["description"]) == 1024


def test_a_parameter_whose_name_a_provider_refuses_has_another_one_for_the_model() -> None:
    named: dict[str, Any] = {"filter[id]": {}, "filter_id_": {}, "größe": {}, "": {}, "a.b": {}}
    listed = {
        "name": "echo",
        "inputSchema": {"type": "object", "properties": named, "required": ["filter[id]"]},
    }
    spec = stdio()
    listing = msgspec.structs.replace(spec, env=spec.env | {"MCP_TOOLS": json.dumps([listed])})

    async def first(server: McpServer) -> Tool:
        return (await server.offered())["stub_echo"]

    tool = run(listing, first)
    sent = tool.schema["function"]["parameters"]
    assert list(sent["properties"]) == ["filter_id__2", "filter_id_", "gr__e", "_", "a.b"]
    assert sent["required"] == ["filter_id__2"]
    assert tool.parse('{"filter_id__2": 1, "gr__e": 2, "a.b": 3, "new": 4}') == {
        "arguments": {"filter[id]": 1, "größe": 2, "a.b": 3, "new": 4}
    }


def test_a_schema_whose_references_multiply_is_sent_in_a_bounded_size() -> None:
    twice = {
        f"A{n}": {"properties": {"a": {"$ref": f"#/$defs/A{n + 1}"}, "b": {"$ref": f"#/$defs/A{n + 1}"}}}
        for n in range(30)
    }
    sent = tool_schema("a", "b", {"properties": {"a": {"$ref": "#/$defs/A0"}}, "$defs": twice})
    assert len(json.dumps(sent)) < 500_000


def test_a_schema_of_any_depth_is_sent() -> None:
    deep: dict[str, Any] = {"type": "array"}
    for _ in range(500):
        deep = {"type": "object", "properties": {"a": deep}}
    assert tool_schema("a", "b", deep)["function"]["parameters"]["type"] == "object"


# Changes


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
