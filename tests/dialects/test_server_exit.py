"""The end of a server in the middle of a run: asked to stop it tells the end, killed it breaks off what another resumes."""

from __future__ import annotations

from typing import Any

from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from tests.dialects.dialect import Dialect, merged
from tests.faults.fault_server import LEASE, MAX_ACTIVE, start_fault_server, wait_until_stored
from tests.live.client import Client, new_id
from tests.live.harness import LiveServers


def test_a_server_that_is_asked_to_stop_ends_the_body(
    model: ScriptedModel, servers: LiveServers, alice: Client, dialect: Dialect
) -> None:
    model.script(answer("Half", Gate()))
    ids = {"thread": new_id("t"), "run": new_id("r")}
    with servers.own() as server:
        reader = dialect.send(alice.at(server), **ids).until("Half")
        assert server.sigterm() == 0
        events = reader.to_end()
    dialect.assert_grammar(reader.events)
    assert dialect.outcome(events[-1].data) == "interrupted"
    assert merged(dialect, dialect.resume(alice, ids["run"], -1).to_end()) == merged(dialect, events)


def test_a_killed_one_breaks_off_and_another_tells_its_calls_as_ended(
    model: ScriptedModel, servers: LiveServers, make_client: Any, dialect: Dialect
) -> None:
    model.script(tool_round(Call("wait_for_ever", "{}", "call_1"), text="Half"))
    ids = {"thread": new_id("t"), "run": new_id("r")}
    survivor = make_client(servers.keep(CHAT_LEASE_SECONDS=LEASE, CHAT_ACTIVE_PER_USER=MAX_ACTIVE))
    settings = {"CHAT_LEASE_SECONDS": LEASE, "CHAT_TOOLS": "wait_for_ever"}
    with start_fault_server(servers, "hanging_tool", **settings) as victim:
        reader = dialect.send(survivor.at(victim), **ids).until("Half")
        wait_until_stored(survivor, ids["run"], 4)
        victim.kill9()
        reader.rest()
    assert reader.cut
    rest = dialect.resume(survivor, ids["run"], reader.marked[-1].mark)
    rest.to_end()
    dialect.assert_grammar([*reader.events, *rest.events])
    assert dialect.outcome(rest.events[-1]) == "interrupted"
