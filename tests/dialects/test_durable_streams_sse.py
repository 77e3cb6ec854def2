"""Durable Streams' `live=sse`: data and control events on the text of a response."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from chat.testing import Gate, ScriptedModel
from tests.dialects.test_durable_streams import BOUNDARIES, DATA, finished, running, token
from tests.live.client import Client, Json


def events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield the kind and the data of each server-sent event, as browsers read them."""
    kind, data = "", list[str]()
    for line in lines:
        name, _, value = line.partition(":")
        if name == "event":
            kind = value.removeprefix(" ")
        elif name == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield kind, "\n".join(data)
            kind, data = "", []


def followed(client: Client, response: str, **query: Any) -> tuple[str, list[Json]]:
    """Return the text and the control events of `live=sse`."""
    url = f"/v1/streams/{response}"
    with client.http.stream("GET", url, params={"live": "sse", **query}) as body:
        assert body.headers["content-type"].startswith("text/event-stream"), body.status_code
        both = list(events(body.iter_lines()))
    return "".join(data for kind, data in both if kind == "data"), [
        json.loads(data) for kind, data in both if kind == "control"
    ]


def test_events_give_the_same_text_with_a_control_after_each(model: ScriptedModel, alice: Client) -> None:
    response = finished(model, alice)
    for offset in BOUNDARIES:
        text, controls = followed(alice, response, offset=token(offset))
        assert text.encode() == DATA[offset:]
        assert controls[-1] == {
            "streamNextOffset": token(len(DATA)),
            "upToDate": True,
            "streamClosed": True,
        }
        assert all("streamCursor" in control for control in controls[:-1])


def test_events_follow_a_running_stream_to_its_end(model: ScriptedModel, alice: Client) -> None:
    response = running(model, alice, gate := Gate())
    with alice.http.stream("GET", f"/v1/streams/{response}", params={"offset": "now", "live": "sse"}) as body:
        both = events(body.iter_lines())
        kind, data = next(both)
        first = json.loads(data)
        assert (kind, first["streamNextOffset"], first["upToDate"]) == ("control", token(4), True)
        gate.open()
        rest = list(both)
    assert "".join(data for kind, data in rest if kind == "data") == "ße"
    controls = [json.loads(data) for kind, data in rest if kind == "control"]
    offsets = [control["streamNextOffset"] for control in (first, *controls)]
    assert all(one <= other for one, other in pairwise(offsets))
    assert controls[-1]["streamClosed"]


def test_now_on_a_closed_stream_is_one_control_event(model: ScriptedModel, alice: Client) -> None:
    text, controls = followed(alice, finished(model, alice), offset="now")
    assert (text, [control.get("streamClosed") for control in controls]) == ("", [True])
