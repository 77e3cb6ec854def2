"""Durable Streams and raw bodies of a response that waits for a person: a stream stays open, a raw body ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.testing import ScriptedModel
from tests.dialects import waiting
from tests.dialects.test_durable_streams import read, token
from tests.dialects.test_durable_streams_sse import events
from tests.live.client import Client, new_id
from tests.live.transports import SSE


@pytest.fixture
def server(live: None, servers: Any) -> Any:
    return servers.keep(**waiting.SETTINGS)


@pytest.fixture
def response(model: ScriptedModel, alice: Client) -> str:
    """Provide a response that waits behind its text "So: "."""
    waiting.script(model, waiting.PAY)
    SSE.send(alice, response=(name := new_id("r")))
    alice.wait_until(name, "waiting")
    return name


def test_what_there_is_comes_at_once_and_the_stream_is_not_closed(alice: Client, response: str) -> None:
    portion = read(alice, response)
    assert (portion.text, portion.headers["Stream-Up-To-Date"]) == ("So: ", "true")
    assert "Stream-Closed" not in portion.headers
    waiting.answer_elsewhere(alice, response)
    alice.wait_until(response, "done")
    rest = read(alice, response, offset=portion.headers["Stream-Next-Offset"])
    assert (rest.text, rest.headers["Stream-Closed"]) == ("Done.", "true")


def test_events_go_on_in_the_same_body(alice: Client, response: str) -> None:
    with alice.http.stream("GET", f"/v1/streams/{response}", params={"offset": "-1", "live": "sse"}) as body:
        both = events(body.iter_lines())
        assert next(both) == ("data", "So: ")
        waiting.answer_elsewhere(alice, response)
        rest = list(both)
    assert [data for kind, data in rest if kind == "data"] == ["Done."]
    assert json.loads(rest[-1][1])["streamNextOffset"] == token(len("So: Done."))
    assert json.loads(rest[-1][1])["streamClosed"]
