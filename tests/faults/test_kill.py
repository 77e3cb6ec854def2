"""`kill -9` at every point of a stream: the text stays, the response ends clearly, the thread continues."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chat.testing import Call, Gate, Script, ScriptedModel, answer, tool_round
from chat.testing.script import Delta, Finish, Raw, Stall, Text, Thought, broken
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
# Seconds: its heartbeats are so rare that a process with short leases sees none.
LONG_LEASE = "3600"
# 40 kB: several flushes' worth at once.
BURST = "é" * 20_000
SUM = Call("calculate", '{"expression": "1 + 1"}')
TOOLS = "wait_for_ever,write_and_wait,calculate"


@dataclass(frozen=True)
class Point:
    """A point of a stream at which its process dies: the text sent by the model, and the text seen by its reader."""

    scripts: tuple[Script, ...]
    text: str = "Hello"
    certain: bool = True  # the text is stored before the kill; else a flush may be lost


POINTS = {
    "before-the-first-token": Point((broken(Stall()),), ""),
    "after-a-delta-without-text": Point((broken(Delta({"role": "assistant"}), Stall()),), ""),
    "after-a-flush": Point((broken("Hello", Stall()),)),
    "between-two-flushes": Point((broken(*pieces_of(APPLE), Stall()),), APPLE, certain=False),
    "in-a-burst": Point((broken(BURST, Stall()),), BURST, certain=False),
    "inside-a-character": Point((broken("Hello", Raw(HALF_A_CHARACTER), Stall()),)),
    "while-a-tool-runs": Point((tool_round(Call("wait_for_ever", "{}"), text="Hello"),)),
    "while-a-tool-writes": Point((tool_round(Call("write_and_wait", "{}")),)),
    "between-two-rounds": Point((tool_round(SUM, text="Hello"), broken(Stall()))),
    "in-the-round-after": Point((tool_round(SUM), broken("Hello", Stall()))),
    "in-a-thought": Point((broken(Thought("Let me see"), Stall()),), "", certain=False),
    "before-DONE": Point((Script([Text("Hello"), Finish("stop"), Stall()]),)),
}


@pytest.fixture
def survivor(live: None, servers: LiveServers) -> Any:
    """Provide the process that survives, with a short lease."""
    return servers.keep(CHAT_LEASE_SECONDS=LEASE, CHAT_ACTIVE_PER_USER=MAX_ACTIVE)


@pytest.fixture
def victim(survivor: LiveServer, servers: LiveServers) -> Iterator[LiveServer]:
    """Provide the process that is killed."""
    with start_fault_server(servers, "hanging_tool", CHAT_LEASE_SECONDS=LEASE, CHAT_TOOLS=TOOLS) as server:
        yield server


@pytest.fixture
def observer(make_client: Any, survivor: LiveServer) -> Client:
    made: Client = make_client(survivor)
    return made


def bring(model: ScriptedModel, client: Client, point: Point, name: str) -> Reader:
    """Return the reader of a response at its point; ids are made of the name of the point."""
    model.script(*point.scripts)
    expected = len(model.requests) + len(point.scripts)
    reader = SSE.send(client, "First", thread=f"t-{name}", response=f"r-{name}").until(point.text)
    model.wait_for_requests(expected)
    if point.certain:
        wait_until_stored(client, f"r-{name}", len(point.text.encode()))
    return reader


def check_kept(client: Client, name: str, point: Point, sure: int) -> None:
    """Assert that the table keeps at least the `sure` bytes stored before the kill."""
    state = client.response(f"r-{name}")
    *_, reply = client.messages(f"t-{name}")
    assert state["keptOffset"] == state["offset"] >= sure, name
    assert point.text.startswith(reply["content"]), name
    assert reply["content"] == point.text or not point.certain, name
    assert_valid_log(row(client, f"r-{name}"))


def check_goes_on(model: ScriptedModel, client: Client, name: str) -> None:
    """Assert that the thread takes the next prompt, and the model gets a valid history."""
    assert client.chat("Second", thread=f"t-{name}").text == "Hello from the script.", name
    messages = model.requests[-1].messages
    called = [call["id"] for message in messages for call in message.get("tool_calls") or []]
    answered = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    assert called == answered, name
    assert (messages[0]["content"], messages[-1]["content"]) == ("First", "Second"), name


def test_kill_9_at_every_point_loses_at_most_a_flush_and_no_thread(
    model: ScriptedModel, victim: LiveServer, observer: Client
) -> None:
    dying = observer.at(victim)
    readers = [bring(model, dying, point, name) for name, point in POINTS.items()]
    sure = {name: row(observer, f"r-{name}").log_length for name in POINTS}
    victim.kill9()
    for reader in readers:
        reader.close()
    for name, point in POINTS.items():
        observer.wait_until(f"r-{name}", "interrupted")
        check_kept(observer, name, point, sure[name])
        check_goes_on(model, observer, name)


def test_after_kill_9_in_a_thought_its_reader_goes_on_elsewhere_exactly(
    model: ScriptedModel, victim: LiveServer, observer: Client
) -> None:
    thread, response = new_id("t"), new_id("r")
    model.script(broken(Thought("Größe"), Stall()))
    reader = SSE.send(observer.at(victim), thread=thread, response=response).until("")
    eventually(lambda: row(observer, response).thinking_length == len("Größe".encode()))
    victim.kill9()
    reader.close()
    observer.wait_until(response, "interrupted")
    seen = len("Grö".encode())
    assert SSE.follow(observer, response, 0, seen).rest().thought == "ße".encode()
    assert SSE.follow(observer, response, 0).rest().thought == "Größe".encode()
    # A reader may have seen a last moment that the log lost.
    assert SSE.follow(observer, response, 0, 99).rest().end["status"] == "interrupted"
    assert observer.messages(thread)[-1]["thinking"]["text"] == "Größe"
    assert_valid_log(row(observer, response))


def test_kill_9_while_the_end_is_being_written_leaves_one_end(
    model: ScriptedModel, victim: LiveServer, observer: Client
) -> None:
    gate, thread, response = Gate(), new_id("t"), new_id("r")
    model.script(answer("Hel", gate, "lo"))
    reader = SSE.send(observer.at(victim), thread=thread, response=response).until("Hel")
    wait_until_stored(observer, response, 3)
    with locked("chat_thread", row(observer, response).thread_id):
        gate.open()
        reader.until("Hello")
        eventually(is_lock_awaited, says="nobody waits for the lock")
        victim.kill9()
    reader.close()
    # One statement, which the database carries out though its client is gone.
    assert observer.wait_until(response, "done")["keptOffset"] == 5
    assert SSE.follow(observer, response).rest().text == b"Hello"
    assert observer.chat("Second", thread=thread).text == "Hello from the script."


def test_a_queued_prompt_whose_process_dies_is_interrupted_and_stays_in_the_history(
    model: ScriptedModel, victim: LiveServer, observer: Client
) -> None:
    dying, thread, waiting = observer.at(victim), new_id("t"), new_id("r")
    model.script(broken("Hello", Stall()))
    first = SSE.send(dying, "First", thread=thread).until("Hello")
    second = SSE.send(dying, "Second", thread=thread, response=waiting, busy="queue").until("")
    victim.kill9()
    with contextlib.closing(first), contextlib.closing(second):
        observer.wait_until(waiting, "interrupted")
    observer.chat("Third", thread=thread)
    prompts = [message["content"] for message in model.requests[-1].messages if message["role"] == "user"]
    assert prompts == ["First", "Second", "Third"]


def test_readers_in_another_process_get_the_end_of_an_orphaned_response(
    model: ScriptedModel, victim: LiveServer, observer: Client, survivor: LiveServer
) -> None:
    response = new_id("r")
    model.script(broken("Größe", Stall()))
    with contextlib.closing(SSE.send(observer.at(victim), response=response).until("Größe")):
        reader = SSE.follow(observer, response).until("Größe")
        victim.kill9()
        received = reader.rest()
    assert (received.text.decode(), received.end["status"], received.end["keptOffset"]) == (
        "Größe",
        "interrupted",
        7,
    )


def test_a_client_that_saw_more_than_the_log_kept_gets_the_end_of_the_log(
    model: ScriptedModel, victim: LiveServer, observer: Client
) -> None:
    response = new_id("r")
    model.script(broken(*pieces_of(APPLE), Stall()))
    reader = SSE.send(observer.at(victim), response=response).until(APPLE)
    victim.kill9()
    reader.close()
    state = observer.wait_until(response, "interrupted")
    again = SSE.follow(observer, response, len(reader.received.text)).rest()
    assert (again.text, again.start["offset"], again.end["offset"]) == (b"", state["offset"], state["offset"])


def test_a_process_with_shorter_leases_ends_no_running_response_of_another(
    model: ScriptedModel, victim: LiveServer, observer: Client, servers: LiveServers
) -> None:
    running, orphan, gate = new_id("r"), new_id("r"), Gate()
    model.script(answer("Hel", gate, "lo"), broken("Hel", Stall()))
    with servers.own(CHAT_LEASE_SECONDS=LONG_LEASE) as patient:
        reader = SSE.send(observer.at(patient), response=running).until("Hel")
        with contextlib.closing(SSE.send(observer.at(victim), response=orphan).until("Hel")):
            victim.kill9()
            observer.wait_until(orphan, "interrupted")
        gate.open()
        assert reader.rest().end["status"] == "done"
