"""The AsyncAPI document: frames of the WebSocket, and server-sent events, made of their types."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from chat.api.consumer import SOCKET_PATH
from chat.api.encoders.event_shapes import EVENTS, FRAMES
from chat.api.json_schemas import JsonSchemas
from chat.api.openapi import API_VERSION
from chat.schemas.frames import FRAMES_OF_CLIENTS
from chat.schemas.validation import ID_PATTERN

VERSION = "3.0.0"

EVENTS_ADDRESS = "/api/responses/{responseId}/stream?format=sse"

ABOUT_SOCKET = (
    "JSON text frames. The handshake needs a session cookie with this site's origin, or a bearer token."
)
ABOUT_EVENTS = (
    "Server-sent events; the id of each is the offset after it, with thought `<offset>:<thinkingOffset>`."
)

Json = dict[str, Any]
Kinds = Mapping[str, Any]


def asyncapi_document() -> Json:
    """Describe the frames of the WebSocket and the server-sent events as an AsyncAPI document."""
    schemas = JsonSchemas([*FRAMES_OF_CLIENTS.values(), *FRAMES.values(), *EVENTS.values()])
    frames = {**_messages(FRAMES_OF_CLIENTS, schemas), **_messages(FRAMES, schemas)}
    return {
        "asyncapi": VERSION,
        "info": {"title": "Chat: frames and events", "version": API_VERSION},
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": SOCKET_PATH,
                "description": ABOUT_SOCKET,
                "messages": frames,
            },
            "events": {
                "address": EVENTS_ADDRESS,
                "description": ABOUT_EVENTS,
                "parameters": {"responseId": {"description": f"The response: {ID_PATTERN}"}},
                "messages": _messages(EVENTS, schemas),
            },
        },
        "operations": {
            "receiveFrames": _operation("receive", "socket", FRAMES_OF_CLIENTS),
            "sendFrames": _operation("send", "socket", FRAMES),
            "sendEvents": _operation("send", "events", EVENTS),
        },
        "components": {"schemas": schemas.components},
    }


def _messages(kinds: Kinds, schemas: JsonSchemas) -> Json:
    return {
        name: {"name": name, "summary": inspect.getdoc(kind), "payload": schemas.of(kind)}
        for name, kind in kinds.items()
    }


def _operation(action: str, channel: str, kinds: Kinds) -> Json:
    """Return an operation of this server: it receives what clients send."""
    place = f"#/channels/{channel}"
    messages = [{"$ref": f"{place}/messages/{name}"} for name in kinds]
    return {"action": action, "channel": {"$ref": place}, "messages": messages}
