"""Checks of what servers say in the tests against the documents that describe them.

Every answer that a `Client` gets is checked, the body of every request that succeeds, and every event and frame that the
readers get.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

Json = dict[str, Any]


class Schemas:
    """The components of a document, and validators of the schemas that refer to them."""

    def __init__(self, components: Json) -> None:
        self._components = components
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def validate(self, schema: Json, value: Any, where: str) -> None:
        """Raise AssertionError with all that is wrong about a value."""
        faults = self._validator(schema).iter_errors(value)
        found = [f"{'.'.join(map(str, fault.instance_path))}: {fault.message[:300]}" for fault in faults]
        assert not found, f"{where}: {found}"

    def _validator(self, schema: Json) -> jsonschema_rs.Draft202012Validator:
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self._components}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        return self._validators[key]


class OpenApiChecker:
    """A checker of answers against an OpenAPI document."""

    def __init__(self, document: Json) -> None:
        self._schemas, self._errors = Schemas(document["components"]), document["components"]["responses"]
        # Fixed paths before those with names in them.
        paths = sorted(document["paths"].items(), key=lambda pair: pair[0].count("{"))
        self._paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), one) for path, one in paths]

    def check(self, answer: httpx.Response) -> None:
        """Raise AssertionError for a status, a type of content or a content that the document does not name."""
        operation = self._operation(answer.request)
        if operation is None:
            return
        where = f"{answer.request.method} {answer.request.url.path} {answer.status_code}"
        documented = self._answer(operation, answer.status_code)
        assert documented is not None, f"{where}: the status is not documented"
        self._check_content(answer, documented.get("content", {}), where)
        if answer.is_success and "requestBody" in operation:
            self._check_body(answer.request, operation["requestBody"]["content"], where)

    def _operation(self, request: httpx.Request) -> Json | None:
        path = request.url.path
        found: Json = next((methods for pattern, methods in self._paths if pattern.fullmatch(path)), {})
        operation: Json | None = found.get(request.method.lower())
        return operation

    def _answer(self, operation: Json, status: int) -> Json | None:
        answer: Json | None = operation["responses"].get(str(status))
        if answer is not None and "$ref" in answer:
            return dict(self._errors[answer["$ref"].rpartition("/")[2]])
        return answer

    def _check_content(self, answer: httpx.Response, content: Json, where: str) -> None:
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        if not content:
            return
        media = content.get(kind, content.get(f"{kind.partition('/')[0]}/*"))
        assert media is not None, f"{where}: {kind} is not documented"
        if kind.endswith("json"):
            self._schemas.validate(media["schema"], json.loads(answer.read()), where)

    def _check_body(self, request: httpx.Request, content: Json, where: str) -> None:
        body = request.read()
        if body.strip() and "application/json" in content:
            schema = content["application/json"]["schema"]
            self._schemas.validate(schema, json.loads(body), f"the body of {where}")


class EventChecker:
    """A checker of events and frames of the server against an AsyncAPI document."""

    def __init__(self, document: Json) -> None:
        self._schemas, kinds = Schemas(document["components"]), document["components"]["schemas"]
        self._events = _payloads(document, "sendEvents")
        frames = [kinds[one["$ref"].rpartition("/")[2]] for one in _payloads(document, "sendFrames").values()]
        self._frames: dict[str, list[Json]] = {}
        for frame in frames:
            self._frames.setdefault(frame["properties"]["type"]["enum"][0], []).append(frame)

    def check_event(self, name: str, data: Json) -> None:
        self._schemas.validate(self._events[name], data, f"the event {name}")

    def check_frame(self, frame: Json) -> None:
        self._schemas.validate({"anyOf": self._frames[frame["type"]]}, frame, f"the frame {frame}")


def _payloads(document: Json, operation: str) -> dict[str, Json]:
    """Return the payloads of an operation's messages by their names."""
    places = [one["$ref"].split("/")[2::2] for one in document["operations"][operation]["messages"]]
    return {name: document["channels"][channel]["messages"][name]["payload"] for channel, name in places}


def closed(document: Json) -> Json:
    """Return a document whose objects have no other fields than those it names, in this server's own protocol."""
    from chat.api.encoders import event_shapes, shapes

    own = (vars(shapes).keys() | vars(event_shapes).keys()) - {"ErrorFrame"}
    schemas = {
        name: {**schema, "additionalProperties": False} if name in own else schema
        for name, schema in document["components"]["schemas"].items()
    }
    return {**document, "components": {**document["components"], "schemas": schemas}}


@cache
def http_checker() -> OpenApiChecker:
    """Return the checker of the HTTP routes."""
    from chat.urls import openapi_document

    return OpenApiChecker(closed(openapi_document()))


@cache
def event_checker() -> EventChecker:
    """Return the checker of server-sent events and of the WebSocket."""
    from chat.api.asyncapi import asyncapi_document

    return EventChecker(closed(asyncapi_document()))


def check_answer(answer: httpx.Response) -> None:
    http_checker().check(answer)
