"""Sequence numbers of `/v1/responses` are marks: after each of them, also inside a text, every reader goes on exactly."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from chat.models import Response
from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import Thought
from tests.dialects.dialect import Marked, Merged, Piece, behind, merged
from tests.live.client import Client
from tests.live.harness import LiveServer


class Responses:
    """The events of the Responses API, as the contract compares them."""

    def piece(self, event: dict[str, Any]) -> Piece | None:
        if event["type"] != "response.output_text.delta":
            return None
        return Piece("text", event["delta"].encode())


RESPONSES: Any = Responses()


def events_of(body: str) -> list[Marked]:
    """Return the events of a whole body, read strictly: two lines each, and comments between them."""
    frames = [frame for frame in body.split("\n\n")[:-1] if not frame.startswith(":")]
    events = []
    for frame in frames:
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(Marked(event.pop("sequence_number"), event))
    return events


def send(client: Client) -> tuple[str, list[Merged]]:
    answered = client.http.post("/v1/responses", json={"input": "Hi", "stream": True})
    return answered.headers["X-Response-Id"], merged(RESPONSES, events_of(answered.text))


def resume(client: Client, response: str, mark: int) -> httpx.Response:
    return client.get(f"/v1/responses/{response}", stream="true", starting_after=mark)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
def test_every_mark_of_an_ended_response_resumes_exactly(
    model: ScriptedModel, alice: Client, second: LiveServer, elsewhere: bool
) -> None:
    calls = (Call("calculate", '{"expression": "6*7"}', "a"), Call("calculate", "{}", "b"))
    model.script(tool_round(*calls, text="Grö"), answer(Thought("Hä?"), "ße: ", Thought("Ja."), "🍎", "."))
    name, events = send(alice)
    reader = alice.at(second) if elsewhere else alice
    for mark in range(-1, events[-1].mark):
        expected, resumed = behind(events, mark), resume(reader, name, mark)
        if expected is None:
            assert resumed.status_code == 400
        else:
            assert merged(RESPONSES, events_of(resumed.text)) == expected


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
def test_every_mark_of_a_running_response_resumes_exactly(
    model: ScriptedModel, alice: Client, second: LiveServer, elsewhere: bool
) -> None:
    model.script(answer("Grö", gate := Gate(), "ße"))
    reader = alice.at(second) if elsewhere else alice
    with ExitStack() as opened:
        path, body = "/v1/responses", {"input": "Hi", "background": True}
        name = alice.http.post(path, json=body).json()["id"]
        gate.wait_until_reached()
        bodies = {}
        for mark in (-1, 0, 1, 2, 3, 4, 5, 7):
            asked = {"stream": "true", "starting_after": str(mark)}
            stream = reader.http.stream("GET", f"{path}/{name}", params=asked)
            bodies[mark] = opened.enter_context(stream)
        gate.open()
        texts = {mark: one.read().decode() for mark, one in bodies.items()}
    events = merged(RESPONSES, events_of(texts[-1]))
    for mark, text in texts.items():
        assert merged(RESPONSES, events_of(text)) == behind(events, mark)


def test_a_mark_beyond_the_end_gives_the_end_alone(model: ScriptedModel, alice: Client) -> None:
    name, events = send(alice)
    (last,) = events_of(resume(alice, name, events[-1].mark + 1000).text)
    assert last.data == events[-1].data


def test_a_response_begun_here_is_read_in_other_dialects(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("Größe"))
    name, _ = send(alice)
    assert alice.get(f"/api/responses/{name}/stream").text == "Größe"
    assert "TEXT_MESSAGE_CONTENT" in alice.get("/api/ag-ui", runId=name).text
    alice.chat(response="theirs")
    assert alice.get("/v1/responses/theirs").json()["output"][0]["content"][0]["text"]
    assert Response.objects.filter(public_id=name, status="done").exists()
