"""Artifacts in other clients' protocols: sent to every reader alike at the end of a run, once they can be fetched."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.dialects import ai_sdk
from tests.dialects.ag_ui import AG_UI, run_input, user
from tests.dialects.dialect import behind, merged
from tests.live.client import Client, Json, new_id
from tests.live.harness import LiveServer

TEXT = (
    'Two: <artifact type="report" id="q3" version="9"># Third quarter</artifact>'
    ' <artifact type="slides" id="q3"># Slides</artifact> and <artifact type="report" id="x">half'
)


def label(version: int, kind: str, title: str) -> Json:
    return {"artifactId": "q3", "kind": kind, "title": title, "version": version}


LABELS = [label(1, "report", "Third quarter"), label(2, "slides", "Slides")]


def told(events: list[Json]) -> list[Any]:
    return [event["value"] for event in events if event["type"] == "CUSTOM"]


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
def test_ag_ui_tells_the_artifacts_of_a_run_to_every_reader_at_the_same_marks(
    model: ScriptedModel, alice: Client, second: LiveServer, elsewhere: bool
) -> None:
    model.script(answer(TEXT[:60], gate := Gate(), TEXT[60:]))
    ids = {"thread": new_id("t"), "run": new_id("r")}
    live = AG_UI.send(alice, **ids).until("Two")
    reader = alice.at(second) if elsewhere else alice
    following = AG_UI.resume(reader, ids["run"], -1)
    gate.open()
    events = merged(AG_UI, live.to_end())
    AG_UI.assert_grammar(live.events)
    assert told(live.events) == [{**one, "messageId": ids["run"]} for one in LABELS]
    assert merged(AG_UI, following.to_end()) == events
    for mark in [one.mark for one in events][:-1]:
        assert merged(AG_UI, AG_UI.resume(reader, ids["run"], mark).to_end()) == behind(events, mark)


def test_an_artifact_can_be_fetched_as_soon_as_it_is_told(model: ScriptedModel, alice: Client) -> None:
    model.script(answer(TEXT))
    reader = AG_UI.send(alice, thread=(thread := new_id("t")), run=(run := new_id("r")))
    for one in told(reader.events_to_end()):
        query = {"version": one["version"]}
        shown = alice.get(f"/api/artifacts/{one['artifactId']}", **query).json()
        assert {name: shown[name] for name in one} == one
    again = AG_UI.post(alice, run_input(thread, run, user("Hi", f"of-{run}"))).events_to_end()
    assert [event["type"] for event in again[:2]] == ["RUN_STARTED", "MESSAGES_SNAPSHOT"]
    assert [one["version"] for one in told(again)] == [1, 2]


def test_the_same_id_in_another_chat_is_told_by_the_name_that_it_got(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(answer(TEXT), answer(TEXT))
    AG_UI.send(alice, thread=new_id("t"), run=new_id("r")).to_end()
    (one, _) = told(AG_UI.send(alice, thread=(thread := new_id("t")), run=new_id("r")).events_to_end())
    assert one["artifactId"] != "q3"
    (listed,) = alice.get(f"/api/threads/{thread}/artifacts").json()["artifacts"]
    assert listed["artifactId"] == one["artifactId"]


def test_a_stopped_run_tells_the_artifacts_that_are_complete(model: ScriptedModel, alice: Client) -> None:
    model.script(answer(TEXT, gate := Gate()))
    ids = {"thread": new_id("t"), "run": new_id("r")}
    reader = AG_UI.send(alice, **ids).until("half")
    AG_UI.stop(alice, **ids)
    gate.open()
    assert [one["version"] for one in told(reader.events_to_end())] == [1, 2]


def test_the_ai_sdk_gets_artifacts_as_data_parts_live_and_in_its_history(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(answer(TEXT))
    parts = ai_sdk.begin(alice, thread := new_id("t"), ai_sdk.said("user", "Hi")).to_end()
    ai_sdk.assert_grammar(parts)
    made = [part for part in parts if part["type"] == "data-artifact"]
    assert made == [{"type": "data-artifact", "id": f"q3:{one['version']}", "data": one} for one in LABELS]
    assert ai_sdk.merged(ai_sdk.reconnect(alice, thread).to_end()) == ai_sdk.merged(parts)
    kept = ai_sdk.history(alice, thread)["messages"][-1]["parts"]
    assert [part for part in kept if part["type"] == "data-artifact"] == made
