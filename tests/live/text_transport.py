"""Requests of the AI SDK's text transport to `POST /api/response`, and a reader of the answers."""

from __future__ import annotations

from typing import Any

import httpx

from chat.testing import ScriptedModel
from tests.live.client import Client, Json, new_id
from tests.live.transports import HttpReader

END = "<|endoftext|>"


def said(role: str, text: str, name: str | None = None) -> Json:
    """Return a message as `useChat` keeps it; its replies have ids of its own."""
    return {"id": name or new_id("m"), "role": role, "parts": [{"type": "text", "text": text}]}


def ask(client: Client, thread: str, *messages: Json, **more: Any) -> httpx.Response:
    body = {"id": thread, "messages": messages, "trigger": "submit-message", **more}
    return client.http.post("/api/response", json=body)


def regenerate(client: Client, thread: str, *messages: Json, **more: Any) -> httpx.Response:
    return ask(client, thread, *messages, trigger="regenerate-message", **more)


class TextReader(HttpReader):
    """A reader of the bare text of `POST /api/response`."""

    def take(self, piece: bytes) -> None:
        self.received.text += piece


def begin(client: Client, thread: str, *messages: Json, **more: Any) -> TextReader:
    body = {"id": thread, "messages": messages, "trigger": "submit-message", **more}
    return TextReader(client, "POST", "/api/response", body, {})


def turns(model: ScriptedModel, number: int = -1) -> list[str]:
    """Return the texts of the prompt that the model got, oldest first."""
    parts: list[str] = model.requests[number].json["prompt"].split(END)[:-1]
    return [part.partition("|>")[2] for part in parts]


def contents(client: Client, thread: str, **params: Any) -> list[str]:
    return [message["content"] for message in client.messages(thread, **params)]


def stream_of(client: Client, thread: str) -> httpx.Response:
    return client.get(f"/api/response/{thread}/stream")
