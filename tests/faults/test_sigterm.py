"""SIGTERM during streams: all text is stored, every reader gets the end, the process exits."""

from __future__ import annotations

import time
from typing import Any

from chat.testing import Call, ScriptedModel, tool_round
from chat.testing.script import Stall, broken
from tests.contract.expect import APPLE, pieces_of
from tests.faults.fault_server import row, start_fault_server
from tests.live.checks import assert_valid_log
from tests.live.client import Client, new_id
from tests.live.harness import LiveServers
from tests.live.transports import C1, SOCKET, SSE, HttpReader

# Seconds from SIGTERM to the exit: the contract's five, three times over, for a machine on which all takes so much longer.
LIMIT_SECONDS = 15.0


def test_sigterm_ends_everything_in_time_and_every_reader_gets_the_end(
    model: ScriptedModel, servers: LiveServers, alice: Client
) -> None:
    model.script(broken(*pieces_of(APPLE), Stall()))
    thread, running, waiting = new_id("t"), new_id("r"), new_id("r")
    with start_fault_server(servers, "hanging_tool") as server:
        dying = alice.at(server)
        raw = C1.send(dying, thread=thread, response=running).until(APPLE)
        framed = [transport.follow(dying, running).until(APPLE) for transport in (SSE, SOCKET)]
        framed.append(SSE.follow(alice, running).until(APPLE))
        queued = [
            transport.send(dying, "Second", thread=thread, response=waiting, busy="queue").until("")
            for transport in (SSE, SOCKET)
        ]
        alice.wait_until(waiting, "queued")
        before = time.monotonic()
        assert server.sigterm() == 0
        assert time.monotonic() - before < LIMIT_SECONDS
        assert HttpReader.rest(raw).text.decode() == APPLE
        assert [reader.rest().text.decode() for reader in framed] == [APPLE] * 3
        ends = [*(reader.received.end for reader in framed), *(reader.rest().end for reader in queued)]
        assert [end["status"] for end in ends] == ["interrupted"] * 5
    check_written(alice, thread, running)
    assert alice.response(waiting)["status"] == "interrupted"


def check_written(client: Client, thread: str, response: str) -> None:
    state = client.response(response)
    assert state["offset"] == state["keptOffset"] == len(APPLE.encode())
    assert client.messages(thread)[1]["content"] == APPLE
    assert_valid_log(row(client, response))


def test_sigterm_while_a_tool_runs_leaves_a_valid_history(
    model: ScriptedModel, servers: LiveServers, alice: Client
) -> None:
    thread, response = new_id("t"), new_id("r")
    model.script(tool_round(Call("wait_for_ever", "{}"), text="Wait. "))
    with start_fault_server(servers, "hanging_tool", CHAT_TOOLS="wait_for_ever") as server:
        reader: Any = SSE.send(alice.at(server), "First", thread=thread, response=response).until(
            "</thinkitem>"
        )
        assert server.sigterm() == 0
        assert reader.rest().end["status"] == "interrupted"
    assert alice.chat("Second", thread=thread).text == "Hello from the script."
    said = [(message["role"], message["content"]) for message in model.requests[-1].messages]
    assert said == [("user", "First"), ("assistant", "Wait. "), ("user", "Second")]


def test_sigterm_before_the_first_token_leaves_an_empty_reply_and_closes_upstream(
    model: ScriptedModel, servers: LiveServers, alice: Client
) -> None:
    response = new_id("r")
    model.script(broken(Stall()))
    with start_fault_server(servers, "hanging_tool") as server:
        reader = SSE.send(alice.at(server), response=response).until("")
        (asked,) = model.wait_for_requests(1)
        assert server.sigterm() == 0
        heard = reader.rest()
    assert (heard.text, heard.end["status"], heard.end["keptOffset"]) == (b"", "interrupted", 0)
    assert asked.wait_until_left()
