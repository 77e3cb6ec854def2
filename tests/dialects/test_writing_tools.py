"""Tools that write into the answer, in other clients' protocols: what they write stands before their end, for every reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from tests.dialects import ai_sdk
from tests.dialects.ag_ui import AG_UI
from tests.dialects.dialect import Merged, behind, merged
from tests.dialects.test_openai_marks import RESPONSES, events_of, resume
from tests.fixtures.models import settings
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer

CALLS = (Call("calculate", '{"expression": "6*7"}', "call_1"), Call("recite", "{}", "call_2"))
SAID = "<thinkitem><thinkitemtitle>Chosen</thinkitemtitle><thinkitemcontent>A short one.</thinkitemcontent></thinkitem>"
TEXT = f"Grö{SAID}[Roses are red] Nice?"


@pytest.fixture
def server(live: None, servers: Any, scripted_model: ScriptedModel) -> Any:
    return servers.keep(**settings(scripted_model.base_url))


def whole_marks(events: Sequence[Merged]) -> list[int]:
    """Return the marks of events, one inside of each piece of text, and that before the first event."""
    inside = [one.mark - 1 for one in events if one.piece and len(one.piece.text) > 5]
    return sorted({-1, *inside, *(one.mark for one in events)})


def recited(model: ScriptedModel, *pause: Any) -> None:
    model.script(tool_round(*CALLS, text="Grö"), answer("Roses ", *pause, "are red"), answer(" Nice?"))


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
def test_ag_ui_resumes_exactly_while_a_tool_writes_and_after_it(
    model: ScriptedModel, alice: Client, second: LiveServer, elsewhere: bool
) -> None:
    recited(model, gate := Gate())
    ids = {"thread": new_id("t"), "run": new_id("r")}
    live = AG_UI.send(alice, **ids).until("Roses ")
    so_far = merged(AG_UI, live.marked)
    reader = alice.at(second) if elsewhere else alice
    running = [(mark, AG_UI.resume(reader, ids["run"], mark)) for mark in whole_marks(so_far)]
    gate.open()
    events = merged(AG_UI, live.to_end())
    AG_UI.assert_grammar(live.events)
    assert live.received.text.decode() == TEXT
    replayed = [(mark, AG_UI.resume(reader, ids["run"], mark)) for mark in whole_marks(events)[:-1]]
    for mark, one in [*running, *replayed]:
        assert merged(AG_UI, one.to_end()) == behind(events, mark)


def test_the_ai_sdk_gets_what_a_tool_writes_in_a_part_of_its_own(model: ScriptedModel, alice: Client) -> None:
    recited(model)
    reader = ai_sdk.begin(alice, thread := new_id("t"), ai_sdk.said("user", "Hi"))
    parts = reader.to_end()
    ai_sdk.assert_grammar(parts)
    assert reader.received.text.decode() == TEXT
    assert ai_sdk.merged(ai_sdk.reconnect(alice, thread).to_end()) == ai_sdk.merged(parts)


def test_the_responses_protocol_replays_what_a_tool_wrote_as_it_came(
    model: ScriptedModel, alice: Client
) -> None:
    recited(model)
    answered = alice.http.post("/v1/responses", json={"input": "Hi", "stream": True})
    events = merged(RESPONSES, events_of(answered.text))
    replayed = resume(alice, answered.headers["X-Response-Id"], -1)
    assert merged(RESPONSES, events_of(replayed.text)) == events
    output = events[-1].data["response"]["output"] if events[-1].data else []
    assert [item["type"] for item in output] == ["message", "mcp_call", "mcp_call", "message", "message"]
