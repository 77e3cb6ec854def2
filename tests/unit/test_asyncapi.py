"""The AsyncAPI document against the encoders and the consumer: each event and each frame, with its fields."""

from __future__ import annotations

import ast
import inspect
import json
import re
from typing import Any

import jsonschema_rs
import pytest

from chat.api import consumer
from chat.api.asyncapi import asyncapi_document
from chat.api.encoders import sse, websocket
from chat.api.encoders.event_shapes import FRAMES
from chat.exceptions import BY_CODE, ChatError
from chat.streams import LogEvent
from tests.live.conformance import event_checker
from tests.unit.log_events import SAMPLES

DOCUMENT = asyncapi_document()


def names(operation: str) -> set[str]:
    return {one["$ref"].rpartition("/")[2] for one in DOCUMENT["operations"][operation]["messages"]}


def test_the_frames_of_clients_are_those_that_the_consumer_knows() -> None:
    cases = [
        node.pattern
        for node in ast.walk(ast.parse(inspect.getsource(consumer)))
        if isinstance(node, ast.match_case)
    ]
    known = {ast.literal_eval(case.value) for case in cases if isinstance(case, ast.MatchValue)}
    assert names("receiveFrames") == known


def test_the_events_are_those_that_the_encoder_makes() -> None:
    sources = inspect.getsource(sse)
    assert names("sendEvents") == set(re.findall(r'(?:_framed?\(b"|event: )(\w+)["\\\\]', sources))


def test_the_frames_of_the_server_are_those_that_it_makes() -> None:
    sources = inspect.getsource(consumer) + inspect.getsource(websocket)
    made = {name for pair in re.findall(r'"type": "(\w+)"|_frame\("(\w+)"', sources) for name in pair if name}
    kinds = [DOCUMENT["components"]["schemas"][kind.__name__] for kind in FRAMES.values()]
    assert {kind["properties"]["type"]["enum"][0] for kind in kinds} == made


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_an_event_is_as_described_on_both_transports(event: LogEvent) -> None:
    name, _, data = sse.SseEncoder("r", "t")(event).decode().strip().split("\n")
    event_checker().check_event(name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
    event_checker().check_frame(json.loads(websocket.WebSocketEncoder("r", "t")(event) or ""))


@pytest.mark.parametrize("error", BY_CODE.values(), ids=BY_CODE)
def test_an_error_frame_is_as_described(error: type[ChatError]) -> None:
    event_checker().check_frame(json.loads(websocket.error(error(retry_after=1.5, limit=3), "r")))


@pytest.mark.parametrize("frame", [{"type": "pong", "more": 1}, {"type": "end", "responseId": "r"}])
def test_a_frame_with_other_fields_is_found(frame: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        event_checker().check_frame(frame)


def test_every_schema_is_one_and_every_message_has_a_summary() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)
    for channel in DOCUMENT["channels"].values():
        assert all(message["summary"] for message in channel["messages"].values())


def test_the_description_of_a_type_is_its_docstring_without_indentation() -> None:
    descriptions = [one.get("description", "") for one in DOCUMENT["components"]["schemas"].values()]
    assert any("\n\n" in text for text in descriptions)
    assert [text for text in descriptions if "\n " in text] == []
