"""`kill -9` at every point of a stream: the text stays, the response ends clearly, the thread goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chat.testing import Call, Gate, Script, ScriptedModel, answer, tool_round
from chat.testing.script import Delta, Finish, Raw, Stall, Text, broken
from tests.contract.expect import APPLE, pieces_of
from tests.faults.fault_server import (
    LEASE,
    MAX_ACTIVE,
    is_lock_awaited,
    locked,
    row,
    start_fault_server,
    wait_until_stored,
)
from tests.live.checks import assert_valid_log
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, LiveServers, eventually
from tests.live.transports import SSE, Reader

HALF_A_CHARACTER = b'data: {"choices":[{"index":0,"delta":{"content":"\xf0\x9f'
BURST = "é" * 20_000  # 40 kB: several flushes' worth at once
SUM = Call("calculate", '{"expression": "1 + 1"}')
TOOLS = "wait_for_ever,calculate"


@dataclass(frozen=True)
class Point:
    """Where a response is when its process dies: what the model has said, and what its reader has seen by then."""

    scripts: tuple[Script, ...]
    said: str = "Hello"
    certain: bool = True  # the text is in the table before the kill; else a flush of it may be lost


POINTS = {
    "before-the-first-token": Point((broken(Stall()),), ""),
    "after-a-delta-without-text": Point((broken(Delta({"role": "assistant"}), Stall()),), ""),
    "after-a-flush": Point((broken("Hello", Stall()),)),
    "between-two-flushes": Point((broken(*pieces_of(APPLE), Stall()),), APPLE, certain=False),
    "in-a-burst": Point((broken(BURST, Stall()),), BURST, certain=False),
    "inside-a-character": Point((broken("Hello", Raw(HALF_A_CHARACTER), Stall()),)),
    "while-a-tool-runs": Point((tool_round(Call("wait_for_ever", "{}"), text="Hello"),)),
    "between-two-rounds": Point((tool_round(SUM, text="Hello"), broken(Stall()))),
    "in-the-round-after": Point((tool_round(SUM), broken("Hello", Stall()))),
    "before-DONE": Point((Script([Text("Hello"), Finish("stop"), Stall()]),)),
}


@pytest.fixture
def survivor(live: None, servers: LiveServers) -> Any:
    """The process that lives on, with a short lease."""
    return servers.keep(CHAT_LEASE_SECONDS=LEASE, CHAT_ACTIVE_PER_USER=MAX_ACTIVE)


@pytest.fixture
def victim(survivor: LiveServer, servers: LiveServers) -> Iterator[LiveServer]:
    """The process that dies."""
    with start_fault_server(servers, "hanging_tool", CHAT_LEASE_SECONDS=LEASE, CHAT_TOOLS=TOOLS) as server:
        yield server


@pytest.fixture
def there(make_client: Any, survivor: LiveServer) -> Client:
    made: Client = make_client(survivor)
    return made


def bring(model: ScriptedModel, client: Client, point: Point, name: str) -> Reader:
    """A response at its point, and its reader; ids are made of the point's name."""
    model.script(*point.scripts)
    asked = len(model.requests) + len(point.scripts)
    reader = SSE.send(client, "First", thread=f"t-{name}", response=f"r-{name}").until(point.said)
    model.wait_for_requests(asked)
    if point.certain:
        wait_until_stored(client, f"r-{name}", len(point.said.encode()))
    return reader


def check_kept(client: Client, name: str, point: Point, sure: int) -> None:
    """`sure` bytes were in the table before the kill."""
    told = client.response(f"r-{name}")
    *_, reply = client.messages(f"t-{name}")
    assert told["keptOffset"] == told["offset"] >= sure, name
    assert point.said.startswith(reply["content"]), name
    assert reply["content"] == point.said or not point.certain, name
    assert_valid_log(row(client, f"r-{name}"))


def check_goes_on(model: ScriptedModel, client: Client, name: str) -> None:
    """The thread takes the next prompt, and the model gets a valid history."""
    assert client.chat("Second", thread=f"t-{name}").text == "Hello from the script.", name
    messages = model.requests[-1].messages
    asked = [call["id"] for message in messages for call in message.get("tool_calls") or []]
    answered = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    assert asked == answered, name
    assert (messages[0]["content"], messages[-1]["content"]) == ("First", "Second"), name


def test_kill_9_at_ten_points_loses_at_most_a_flush_and_no_thread(
    model: ScriptedModel, victim: LiveServer, there: Client
) -> None:
    dying = there.at(victim)
    readers = [bring(model, dying, point, name) for name, point in POINTS.items()]
    sure = {name: row(there, f"r-{name}").log_length for name in POINTS}
    victim.kill9()
    for reader in readers:
        reader.close()
    for name, point in POINTS.items():
        there.wait_until(f"r-{name}", "interrupted")
        check_kept(there, name, point, sure[name])
        check_goes_on(model, there, name)


def test_kill_9_while_the_end_is_being_written_leaves_one_end(
    model: ScriptedModel, victim: LiveServer, there: Client
) -> None:
    gate, thread, response = Gate(), new_id("t"), new_id("r")
    model.script(answer("Hel", gate, "lo"))
    reader = SSE.send(there.at(victim), thread=thread, response=response).until("Hel")
    wait_until_stored(there, response, 3)
    with locked("chat_thread", row(there, response).thread_id):
        gate.open()
        reader.until("Hello")
        eventually(is_lock_awaited, says="nobody waits for the lock")
        victim.kill9()
    reader.close()
    # One statement, which the database carries out though nobody hears of it.
    assert there.wait_until(response, "done")["keptOffset"] == 5
    assert SSE.follow(there, response).rest().text == b"Hello"
    assert there.chat("Second", thread=thread).text == "Hello from the script."


def test_a_queued_prompt_whose_process_dies_is_interrupted_and_stays_in_the_history(
    model: ScriptedModel, victim: LiveServer, there: Client
) -> None:
    dying, thread, waiting = there.at(victim), new_id("t"), new_id("r")
    model.script(broken("Hello", Stall()))
    first = SSE.send(dying, "First", thread=thread).until("Hello")
    second = SSE.send(dying, "Second", thread=thread, response=waiting, busy="queue").until("")
    victim.kill9()
    with contextlib.closing(first), contextlib.closing(second):
        there.wait_until(waiting, "interrupted")
    there.chat("Third", thread=thread)
    said = [message["content"] for message in model.requests[-1].messages if message["role"] == "user"]
    assert said == ["First", "Second", "Third"]


def test_readers_in_another_process_get_the_end_of_a_dead_ones_response(
    model: ScriptedModel, victim: LiveServer, there: Client, survivor: LiveServer
) -> None:
    response = new_id("r")
    model.script(broken("Größe", Stall()))
    with contextlib.closing(SSE.send(there.at(victim), response=response).until("Größe")):
        reader = SSE.follow(there, response).until("Größe")
        victim.kill9()
        heard = reader.rest()
    assert (heard.text.decode(), heard.end["status"], heard.end["keptOffset"]) == ("Größe", "interrupted", 7)


def test_a_client_that_saw_more_than_the_log_kept_is_told_where_it_stops(
    model: ScriptedModel, victim: LiveServer, there: Client
) -> None:
    response = new_id("r")
    model.script(broken(*pieces_of(APPLE), Stall()))
    reader = SSE.send(there.at(victim), response=response).until(APPLE)
    victim.kill9()
    reader.close()
    told = there.wait_until(response, "interrupted")
    again = SSE.follow(there, response, len(reader.heard.text)).rest()
    assert (again.text, again.start["offset"], again.end["offset"]) == (b"", told["offset"], told["offset"])
