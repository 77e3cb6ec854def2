"""MCP servers that flood, page for ever, or answer in odd forms: their own call fails, and nothing else."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chat.tools.mcp import connection as mcp_connection
from chat.tools.mcp import http as mcp_http
from chat.tools.mcp import incoming
from chat.tools.mcp.connection import LISTS, MAX_TOOLS
from chat.tools.mcp.http import STREAMS
from chat.tools.mcp.incoming import MAX_BLOCKS, TOOL_BYTES, fitted
from chat.tools.mcp.message_bound import MESSAGE_BYTES
from chat.tools.mcp.server import McpServer
from chat.tools.mcp.spec import McpSpec
from tests.fixtures.mcp_calls import call, run
from tests.fixtures.mcp_sessions import SessionHandler, SessionServer, session_server
from tests.live.harness import END_SECONDS, eventually

Override = Callable[[SessionHandler, Any], None]

ECHO = {"name": "echo", "inputSchema": {"type": "object"}}
FINE = {"content": [{"type": "text", "text": "fine"}]}


@pytest.fixture
def hostile() -> Iterator[SessionServer]:
    with session_server() as server:
        yield server


@pytest.fixture
def hang(hostile: SessionServer) -> Iterator[Override]:
    """Provide an answer that does not come during the test."""
    ended = threading.Event()

    def wait(*_: Any) -> None:
        ended.wait()

    yield wait
    ended.set()


def result(**fields: Any) -> Override:
    return lambda handler, number: handler.send_json({"jsonrpc": "2.0", "id": number, "result": fields})


def event(**message: Any) -> str:
    return "data: " + json.dumps({"jsonrpc": "2.0", **message})


def events(*messages: dict[str, Any]) -> Override:
    """Answer with messages; those without a method are results of the request."""

    def respond(handler: SessionHandler, number: Any) -> None:
        handler.stream(event(**({} if "method" in one else {"id": number}), **one) for one in messages)

    return respond


def reconnects(handler: SessionHandler, _: Any) -> None:
    handler.stream(["retry: 0\nid: 1\ndata:"])


CHANGED = {"method": "notifications/tools/list_changed"}
LISTS_OF_TOOLS: dict[str, Override] = {
    "pages that repeat one cursor": result(tools=[ECHO], nextCursor="again"),
    "a cursor that is a number": result(tools=[ECHO], nextCursor=5),
    "a cursor that is an object": result(tools=[ECHO], nextCursor={}),
    "odd metadata": result(tools=[ECHO], _meta=5),
    "a schema of a megabyte": result(
        tools=[
            ECHO,
            {
                "name": "large",
                "inputSchema": {
                    "type": "object",
                    "properties": {f"p{n:060}": {} for n in range(TOOL_BYTES // 60)},
                },
            },
        ]
    ),
    "a name of a megabyte": result(tools=[ECHO, {"name": "x" * 1_000_000}]),
    "ten thousand tools without a name": result(tools=[ECHO, *[{}] * 10_000]),
    "a change with each list": events(CHANGED, {"result": {"tools": [ECHO]}}),
}


@pytest.mark.parametrize("kind", LISTS_OF_TOOLS)
def test_a_list_in_an_odd_form_costs_neither_other_tools_nor_the_log(
    hostile: SessionServer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    hostile.overrides["tools/list"] = LISTS_OF_TOOLS[kind]
    caplog.set_level("INFO", "chat")

    async def calls(server: McpServer) -> str:
        assert list(server.tools) == ["stub_echo"]
        return await call(server, "stub_echo")

    assert run(McpSpec(url=hostile.url), calls) == "echo done"
    assert len([one for one in caplog.records if one.name.startswith("chat.")]) <= 2 * LISTS


def test_a_server_whose_list_changes_all_the_time_has_to_wait(
    hostile: SessionServer, caplog: pytest.LogCaptureFixture
) -> None:
    hostile.overrides["tools/list"] = LISTS_OF_TOOLS["a change with each list"]

    async def calls(server: McpServer) -> list[str]:
        await asyncio.to_thread(eventually, lambda: "action=mcp_lists_too_often" in caplog.text)
        return list(await server.offered())

    assert run(McpSpec(url=hostile.url), calls) == ["stub_echo"]


def test_pages_without_end_are_not_followed(hostile: SessionServer) -> None:
    pages: list[int] = []

    def page(handler: SessionHandler, number: Any) -> None:
        pages.append(number)
        result(tools=[], nextCursor=str(number))(handler, number)

    async def offered(server: McpServer) -> int:
        return len(server.tools)

    hostile.overrides["tools/list"] = page
    assert (run(McpSpec(url=hostile.url), offered), len(pages)) == (0, mcp_connection.MAX_PAGES)


def test_five_thousand_tools_are_not_looked_through(hostile: SessionServer) -> None:
    tools = [{"name": f"t{number}"} for number in range(5_000)]
    hostile.overrides["tools/list"] = result(tools=tools)

    async def offered(server: McpServer) -> int:
        return len(server.tools)

    assert run(McpSpec(url=hostile.url), offered) == MAX_TOOLS


HUGE = {"method": "notifications/progress", "params": {"progressToken": 1, "progress": 10**400}}
ANSWERS: dict[str, tuple[Override, str]] = {
    "many blocks": (result(content=["x"] * (MAX_BLOCKS + 5)), "[5 more blocks, which are left out]"),
    "two answers": (events({"result": FINE}, {"result": {"content": ["second"]}}), "fine"),
    "a progress beyond floats": (
        lambda handler, number: events(
            {**HUGE, "params": {**HUGE["params"], "progressToken": number}},  # type: ignore[dict-item]
            {"result": FINE},
        )(handler, number),
        "fine",
    ),
    "odd metadata": (result(**FINE, _meta=[]), "fine"),
    "no content at all": (result(), "what is no result of a tool"),
    "two hundred megabytes in a few": (
        lambda handler, _: handler.answer(
            200,
            gzip.compress(b"data: " + b"x" * 200_000_000, 1),
            {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"},
        ),
        "SSE|ended|Unexpected",
    ),
    "an answer to another request": (
        lambda handler, _: handler.send_json({"jsonrpc": "2.0", "id": 5, "result": [1]}),
        "parse",
    ),
    "an error that is a text": (events({"error": "canary"}), "parse"),
    "a redirect to a private address": (
        lambda handler, _: handler.answer(307, b"", {"Location": "http://169.254.169.254/"}),
        "not followed",
    ),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_odd_answer_costs_its_call_alone(hostile: SessionServer, kind: str) -> None:
    override, says = ANSWERS[kind]

    async def calls(server: McpServer) -> str:
        hostile.overrides["tools/call"] = override
        try:
            said = await call(server, "stub_echo")
        except Exception as problem:
            said = str(problem)
        assert any(word in said for word in says.split("|")), said[:200]
        del hostile.overrides["tools/call"]
        await server.offered()
        return await call(server, "stub_echo")

    assert run(McpSpec(url=hostile.url), calls) == "echo done"


def test_results_are_looked_through_outside_the_event_loop(
    hostile: SessionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[threading.Thread] = set()

    def observed(item: Any, server: str) -> Any:
        if incoming.has_result(item):
            threads.add(threading.current_thread())
        return fitted(item, server)

    monkeypatch.setattr(incoming, "fitted", observed)
    assert run(McpSpec(url=hostile.url), lambda it: call(it, "stub_echo")) == "echo done"
    assert threads
    assert threading.main_thread() not in threads


def test_a_stream_that_wants_to_be_opened_anew_at_once_has_to_wait(
    hostile: SessionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_http, "STREAMS_SECONDS", 3_600.0)
    opened: list[int] = []

    def stream(handler: SessionHandler, _: Any) -> None:
        opened.append(1)
        reconnects(handler, None)

    hostile.overrides["GET"] = stream

    async def calls(server: McpServer) -> list[str]:
        await asyncio.to_thread(eventually, lambda: len(opened) >= STREAMS)
        return [await call(server, "stub_echo") for _ in range(50)]

    assert set(run(McpSpec(url=hostile.url), calls)) == {"echo done"}
    assert len(opened) == STREAMS


NESTED = "[[[0]]]," * 400_000
LARGE: dict[str, Override] = {
    "a body of nested lists": lambda handler, number: handler.answer(
        200, nested(number).encode(), {"Content-Type": "application/json"}
    ),
    "an event of nested lists": lambda handler, number: handler.stream(["data: " + nested(number)]),
    "many lines of one event": lambda handler, number: handler.stream(
        ["data: " + nested(number).replace(",", ",\ndata: ")]
    ),
    "a body of small strings": result(content=[], structuredContent={"x": ["", "a"] * 50_000}),
    "an event without end": lambda handler, _: handler.stream(["data: " + "x" * (MESSAGE_BYTES + 1)]),
}


def nested(number: Any) -> str:
    return f'{{"jsonrpc": "2.0", "result": {{"content": [], "x": [{NESTED}0]}}, "id": {number}}}'


@pytest.mark.parametrize("kind", LARGE)
def test_an_answer_with_too_many_bytes_or_values_fails_before_it_is_parsed(
    hostile: SessionServer, kind: str
) -> None:
    async def calls(server: McpServer) -> str:
        hostile.overrides["tools/call"] = LARGE[kind]
        with pytest.raises(Exception, match="too large: more than"):
            await call(server, "stub_echo")
        del hostile.overrides["tools/call"]
        await server.offered()
        return await call(server, "stub_echo")

    assert run(McpSpec(url=hostile.url), calls) == "echo done"


def test_events_of_one_stream_are_bounded_each_by_itself(hostile: SessionServer) -> None:
    note = {"method": "notifications/message", "params": {"level": "info", "data": [0] * 15_000}}
    hostile.overrides["tools/call"] = events(*[note] * 5, {"result": FINE})
    assert run(McpSpec(url=hostile.url), lambda server: call(server, "stub_echo")) == "fine"


def test_a_server_that_takes_no_replies_is_left(
    hostile: SessionServer, hang: Override, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(incoming, "MAX_REQUESTS", 3)

    def asks(handler: SessionHandler, number: Any) -> None:
        handler.stream(event(id=f"r{asked}", method="ping") for asked in range(100))

    async def calls(server: McpServer) -> str:
        hostile.overrides |= {"tools/call": asks, "reply": hang}
        with pytest.raises(Exception, match="closed"):
            await call(server, "stub_echo")
        hostile.overrides.clear()
        await server.offered()
        return await call(server, "stub_echo")

    assert run(McpSpec(url=hostile.url), calls) == "echo done"
    assert "action=mcp_replies_not_taken server=stub requests=3" in caplog.text


@pytest.mark.parametrize(
    "between", [[], [{"method": "notifications/cancelled", "params": {"requestId": "r"}}]]
)
def test_requests_that_are_replied_to_or_given_up_are_not_counted(
    hostile: SessionServer, monkeypatch: pytest.MonkeyPatch, between: list[dict[str, Any]]
) -> None:
    """With one number for all of them, as servers without sessions have it."""
    monkeypatch.setattr(incoming, "MAX_REQUESTS", 3)
    replied = threading.Semaphore(0)

    def take(handler: SessionHandler, _: Any) -> None:
        handler.answer(202, b"", {})
        replied.release()

    def messages(number: Any) -> Iterator[str]:
        for _ in range(10):
            yield event(id="r", method="ping")
            yield from (event(**one) for one in between)
            replied.acquire(timeout=0 if between else END_SECONDS)
        yield event(id=number, result=FINE)

    hostile.overrides |= {
        "reply": take,
        "tools/call": lambda handler, number: handler.stream(messages(number)),
    }
    assert run(McpSpec(url=hostile.url), lambda server: call(server, "stub_echo")) == "fine"


def test_a_reply_that_is_not_accepted_ends_the_connection_after_a_while(
    hostile: SessionServer, hang: Override, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_http, "ACCEPTED_SECONDS", 0.2)

    def asks(handler: SessionHandler, number: Any) -> None:
        hostile.overrides["reply"] = hang
        handler.stream([event(id="r", method="ping"), event(id=number, result=FINE)])

    async def calls(server: McpServer) -> str:
        hostile.overrides["tools/call"] = asks
        assert await call(server, "stub_echo") == "fine"
        await asyncio.to_thread(eventually, lambda: not server.is_connected)
        hostile.overrides.clear()
        await server.offered()
        return await call(server, "stub_echo")

    assert run(McpSpec(url=hostile.url), calls) == "echo done"


def test_a_server_that_answers_nothing_any_more_is_left(
    hostile: SessionServer, hang: Override, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.overrides |= {"tools/list": hang, "DELETE": hang}
    monkeypatch.setattr(mcp_connection, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(mcp_http, "END_SECONDS", 0.2)

    async def left() -> None:
        server = McpServer("stub", McpSpec(url=hostile.url))
        await server.offered()
        async with asyncio.timeout(END_SECONDS):
            await asyncio.to_thread(eventually, lambda: server.state == "away")
            await server.close()

    asyncio.run(left())
