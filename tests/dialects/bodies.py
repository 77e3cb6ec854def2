"""The bodies of other clients' protocols: one row for each route that takes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chat.schemas.ag_ui import ConnectBody, EnvelopeBody, RunBody, RunStopBody
from chat.schemas.ai_sdk import ChatBody, ChatStopBody
from chat.schemas.openai_completions import CompletionBody
from chat.schemas.openai_responses import ConversationBody, ResponseBody
from chat.schemas.openui import FirstMessageBody, TitleBody
from chat.schemas.prompts import TextPromptBody
from tests.dialects.ag_ui import run_input
from tests.dialects.ai_sdk import chat_body
from tests.live.client import Json, new_id


@dataclass(frozen=True)
class BodyRoute:
    """A route with the struct that checks its body, and a body that is right but for the ids in it."""

    path: str
    form: type[msgspec.Struct]
    body: Json
    method: str = "POST"
    name: str = ""


@dataclass(frozen=True)
class SendingRoute:
    """A route to which clients send a whole conversation.

    `body` makes one of messages, `said` a message, and `picture` its content of a picture's address. `streamed`: the fields
    with which the answer is a stream; None where it never is.
    """

    name: str
    path: str
    form: type[msgspec.Struct]
    body: Callable[..., Json]
    said: Callable[[str, Any], Json]
    picture: Callable[[str], Any]
    streamed: Json | None = field(default_factory=dict)

    def hello(self) -> Json:
        return self.body(self.said("user", "Hello"))

    def conversation(self, length: int) -> Json:
        """Return a conversation of so many messages that ends with the user's."""
        roles = [("user", "assistant")[number % 2] for number in reversed(range(length))]
        return self.body(*(self.said(role, f"Message {number}") for number, role in enumerate(roles)))


def _text(*messages: Json) -> Json:
    return {"threadId": new_id("t"), "messages": list(messages)}


def _ai_sdk(*messages: Json) -> Json:
    return chat_body(new_id("t"), *messages)


def _ag_ui(*messages: Json) -> Json:
    return run_input(new_id("t"), new_id("r"), *messages)


def _copilotkit(*messages: Json) -> Json:
    return {"method": "agent/run", "params": {"agentId": "default"}, "body": _ag_ui(*messages)}


def _plain(role: str, content: Any) -> Json:
    return {"role": role, "content": content}


def _named(role: str, content: Any) -> Json:
    return {"id": new_id("m"), "role": role, "content": content}


def _ui(role: str, content: Any) -> Json:
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return {"id": new_id("m"), "role": role, "parts": parts}


def _image_url(url: str) -> Any:
    return [{"type": "image_url", "image_url": {"url": url}}]


def _input_image(url: str) -> Any:
    return [{"type": "input_image", "image_url": url}]


def _ui_file(url: str) -> Any:
    return [{"type": "file", "mediaType": "image/png", "url": url}]


def _ag_ui_image(url: str) -> Any:
    return [{"type": "image", "source": {"type": "url", "value": url}}]


SENDING: tuple[SendingRoute, ...] = (
    SendingRoute("text", "/api/response", TextPromptBody, _text, _plain, _image_url),
    SendingRoute("ai-sdk", "/api/ai-sdk/chat", ChatBody, _ai_sdk, _ui, _ui_file),
    SendingRoute("ag-ui", "/api/ag-ui", RunBody, _ag_ui, _named, _ag_ui_image),
    SendingRoute("copilotkit", "/api/ag-ui", EnvelopeBody, _copilotkit, _named, _ag_ui_image),
    SendingRoute(
        "completions",
        "/v1/chat/completions",
        CompletionBody,
        lambda *messages: {"messages": list(messages)},
        _plain,
        _image_url,
        {"stream": True},
    ),
    SendingRoute(
        "responses",
        "/v1/responses",
        ResponseBody,
        lambda *messages: {"input": list(messages)},
        _plain,
        _input_image,
        {"stream": True},
    ),
    SendingRoute(
        "conversations",
        "/v1/conversations",
        ConversationBody,
        lambda *messages: {"items": list(messages)},
        _plain,
        _input_image,
        None,
    ),
    SendingRoute(
        "openui",
        "/api/openui/threads/create",
        FirstMessageBody,
        lambda *messages: {"messages": list(messages)},
        _plain,
        _image_url,
        None,
    ),
)

BODIES: tuple[BodyRoute, ...] = (
    *(BodyRoute(one.path, one.form, one.hello(), name=one.name) for one in SENDING),
    BodyRoute("/api/ai-sdk/chat/t/stop", ChatStopBody, {}),
    BodyRoute("/api/ag-ui/agent/default/run", RunBody, _ag_ui(_named("user", "Hello"))),
    BodyRoute("/api/ag-ui/agent/default/connect", ConnectBody, {"threadId": "t", "runId": "r"}),
    BodyRoute("/api/ag-ui/agent/default/stop/t", RunStopBody, {}),
    BodyRoute("/api/openui/threads/update/t", TitleBody, {}, "PATCH"),
)
