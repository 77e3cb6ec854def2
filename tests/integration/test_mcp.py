"""MCP servers: their tools beside registered ones, over both transports, and the loss of a server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chat import conf
from chat.testing import Call, ScriptedModel, answer, tool_round
from chat.tools.mcp import spec as mcp_spec
from tests.fixtures.mcp_http import serving
from tests.live.client import Client
from tests.live.harness import ROOT, eventually
from tests.live.transports import SSE

STDIO = {
    "command": [sys.executable, "-m", "tests.fixtures.mcp_stdio"],
    "env": {"PLACE": "afar", "PYTHONPATH": str(ROOT)},
}
DEAD = {"command": [sys.executable, "-c", "raise SystemExit(3)"]}
MISSING = {"command": ["/no/such/program"]}


@pytest.fixture(scope="module")
def http_url() -> Iterator[str]:
    """A server over HTTP, in a process of its own."""
    with serving() as url:
        yield url


@pytest.fixture
def server(live: None, servers: Any, http_url: str) -> Any:
    named = {"stub": STDIO, "web": {"url": http_url}, "dead": DEAD, "missing": MISSING}
    return servers.keep(
        CHAT_MCP=json.dumps(named),
        CHAT_TOOL_POLICY='{"stub_*": "allow", "web_*": "allow"}',
        CHAT_ACTIVE_PER_USER="20",
    )


def offered(model: ScriptedModel, turn: int) -> dict[str, Any]:
    tools = model.requests[turn].json.get("tools", [])
    return {tool["function"]["name"]: tool["function"] for tool in tools}


def result_of(model: ScriptedModel, alice: Client, name: str, arguments: str) -> str:
    """Return the result that the model gets after calling the tool."""
    model.script(tool_round(Call(name, arguments)), answer("done"))
    stream = SSE.send(alice).rest()
    assert (stream.text.endswith(b"done"), stream.end["status"]) == (True, "done")
    return str(model.requests[-1].messages[-1]["content"])


def test_tools_of_servers_are_offered_and_a_dead_server_costs_only_its_own(
    model: ScriptedModel, alice: Client
) -> None:
    def connected() -> bool:
        alice.chat()
        return {"stub_echo", "web_shout"} <= offered(model, -1).keys()

    eventually(connected)
    registered = {"current_time", "calculate", "search_threads"}
    of_servers = {"stub_echo", "stub_die", "stub_fail_odd_name", "web_shout"}
    assert set(offered(model, -1)) == registered | of_servers
    assert offered(model, -1)["stub_echo"]["parameters"]["required"] == ["text"]


@pytest.mark.parametrize(
    ("name", "says"),
    [("stub_echo", "hello from afar"), ("web_shout", "HELLO"), ("stub_fail_odd_name", "it never works")],
)
def test_a_call_reaches_its_server_and_returns_its_result(
    model: ScriptedModel, alice: Client, name: str, says: str
) -> None:
    eventually(lambda: alice.chat() and name in offered(model, -1))
    assert says in result_of(model, alice, name, '{"text": "hello"}')


def test_arguments_that_are_no_object_are_not_sent(model: ScriptedModel, alice: Client) -> None:
    eventually(lambda: alice.chat() and "stub_echo" in offered(model, -1))
    assert "do not fit" in result_of(model, alice, "stub_echo", "[1]")


def test_a_server_that_dies_fails_the_call_and_is_started_again(model: ScriptedModel, alice: Client) -> None:
    eventually(lambda: alice.chat() and "stub_die" in offered(model, -1))
    assert "error" in result_of(model, alice, "stub_die", "{}")
    eventually(lambda: alice.chat() and "stub_echo" in offered(model, -1))
    assert "again from afar" in result_of(model, alice, "stub_echo", '{"text": "again"}')


def test_a_process_ends_in_time_and_ends_its_servers(
    live: None, servers: Any, make_client: Any, model: ScriptedModel
) -> None:
    with servers.own(CHAT_MCP=json.dumps({"stub": STDIO})) as own:
        eventually(lambda: make_client(own).chat() and "stub_echo" in offered(model, -1))
        children = children_of(own.pid)
        assert children
        assert own.sigterm() == 0
        eventually(lambda: not any(map(runs, children)), says="the command outlived the server")


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def runs(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.startswith("Z")


MISTAKES: dict[str, tuple[Any, str]] = {
    "no JSON": ("{oops", "CHAT_MCP: "),
    "no file": ("/no/such/file", "neither a JSON object nor a readable file"),
    "neither": ({"a": {}}, "CHAT_MCP: a: it needs either"),
    "both": ({"a": {"url": "http://h", "command": ["x"]}}, "CHAT_MCP: a: it needs either"),
    "a bad name": ({"a b": {"url": "http://h"}}, "a server's name"),
    "a bad URL": ({"a": {"url": "ftp://h"}}, "its `url` must start with"),
    "an unknown field": ({"a": {"url": "http://h", "key": "sk-canary"}}, "unknown field `key`"),
    "OAuth over http": ({"a": {"url": "http://h", "auth": "oauth"}}, "needs an https `url`"),
    "a client without OAuth": ({"a": {"url": "http://h", "clientId": "x"}}, 'need `"auth": "oauth"`'),
    "a secret that is not set": (
        {"a": {"url": "https://h", "auth": "oauth", "clientId": "x", "clientSecretEnv": "NO_SUCH"}},
        "`clientSecretEnv` needs",
    ),
    "a token that is not set": ({"a": {"url": "http://h", "apiKeyEnv": "NO_SUCH"}}, "`apiKeyEnv`"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_that_repeats_no_value(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value, says = MISTAKES[name]
    text = value if isinstance(value, str) else json.dumps(value)
    monkeypatch.setattr(mcp_spec, "settings", replace(conf.settings, mcp=text))
    with pytest.raises(ImproperlyConfigured) as caught:
        mcp_spec.configured_servers()
    assert says in str(caught.value)
    assert "sk-canary" not in str(caught.value)
