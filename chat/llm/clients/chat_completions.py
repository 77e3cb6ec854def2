"""A model behind `/chat/completions`: C1, and any other that speaks the protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from functools import lru_cache
from typing import Any, cast

import msgspec
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from chat.exceptions import ModelFailed
from chat.llm.clients import official
from chat.llm.clients.base import ModelProfile, ModelRequest, WholeAnswer
from chat.llm.clients.calls_as_text import calls_as_text, has_calls
from chat.llm.clients.message_forms import in_form
from chat.llm.clients.message_shape import portable_choice, portable_tools, shape_of, shaped
from chat.llm.clients.portable_names import told_apart
from chat.llm.config import CHOICE_PARAMETERS
from chat.llm.http.openai_compatible import STREAM, OpenAITransport
from chat.llm.sse import AtOnce, StreamUpdate
from chat.llm.sse.thought import thought_of

# Fields that no owner asked for; some servers refuse them.
OPTIONAL = frozenset({"stream_options", "tool_choice", STREAM})


class ChatCompletions:
    """A client for chat completions. `metadata` goes into each request: C1 reads `metadata.thesys`, for example."""

    path = "/chat/completions"

    def __init__(
        self, wire: OpenAITransport, client: AsyncOpenAI, profile: ModelProfile, metadata: dict[str, Any]
    ) -> None:
        self.profile = profile
        self._wire, self._client, self._metadata = wire, client, metadata
        self._shape = shape_of(profile)

    def stream(self, request: ModelRequest, at_once: AtOnce | None = None) -> AsyncGenerator[StreamUpdate]:
        request.sent_request.form = self.profile.form
        messages = in_form(request.messages, self.profile.form)
        body = {
            **self.profile.fields_for(request),
            "model": self.profile.upstream,
            "messages": messages,
            "stream": True,
        }
        if self.profile.stream_usage:
            body["stream_options"] = {"include_usage": True}
        if metadata := merged(self._metadata, request.metadata):
            body["metadata"] = metadata
        tools = request.tools if request.may_call or has_calls(messages) else []
        names = _told_apart(tuple(tool["function"]["name"] for tool in tools))
        if not tools:
            body = _without_choice(body) | {"messages": calls_as_text(messages)}
        else:
            body["tools"] = portable_tools(tools, names)
            choice = body.get("tool_choice") if request.may_call else "none"
            body |= {"tool_choice": portable_choice(choice, names)} if choice else {}
        shape = {**self._shape, "names": names} if names else self._shape
        request.sent_request.shape = shape
        body["messages"] = shaped(body["messages"], shape, tools=bool(tools))
        # A field that the owner or the client set is never left out.
        asked = self.profile.parameters.keys() | request.parameters.keys()
        ours = OPTIONAL - asked | (set() if request.may_call else {"tool_choice"})
        return self._wire.stream(
            body, request.sent_request.note, ours, think_tags=self.profile.think_tags, at_once=at_once
        )

    async def complete(self, request: ModelRequest) -> WholeAnswer:
        with official.our_errors(request.sent_request):
            raw = await self._client.chat.completions.with_raw_response.create(
                model=self.profile.upstream, messages=self._messages(request), extra_body=self._extra()
            )
            official.note(request.sent_request, raw.http_request)
            answer = raw.parse()
            official.check_reason(answer.choices[0].finish_reason)
            message = answer.choices[0].message
            text = official.text_of(message.content) or official.text_of(message.refusal)
            return WholeAnswer(text, official.usage_of(answer.usage))

    async def first_token(self, request: ModelRequest) -> None:
        with official.our_errors(request.sent_request):
            stream = await self._client.chat.completions.create(
                model=self.profile.upstream,
                messages=self._messages(request),
                stream=True,
                extra_body=self._extra(),
            )
            async with stream:
                async for chunk in stream:
                    if _speaks(chunk):
                        return
        # To the official client, a page of HTML is a stream without events.
        raise ModelFailed

    def _messages(self, request: ModelRequest) -> list[ChatCompletionMessageParam]:
        messages = shaped(calls_as_text(request.messages), self._shape, tools=False)
        return cast("list[ChatCompletionMessageParam]", messages)

    def _extra(self) -> dict[str, Any]:
        """Return the fields of a request beside model and messages; many parameters are not OpenAI's own."""
        metadata = {"metadata": self._metadata} if self._metadata else {}
        return _without_choice({**self.profile.parameters, **metadata})


# The tools of a model are the same from prompt to prompt.
@lru_cache(maxsize=64)
def _told_apart(names: tuple[str, ...]) -> dict[str, str]:
    return told_apart(names)


def merged(own: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's metadata with that of a request; fields of an object are added to those of the model's.

    An object goes out as JSON text, as C1 wants it: OpenAI's metadata holds nothing else.
    """
    together = {**own, **asked}
    for name, value in asked.items():
        if isinstance(value, dict):
            together[name] = msgspec.json.encode({**_fields(own.get(name)), **value}).decode()
    return together


def _fields(value: object) -> dict[str, Any]:
    try:
        decoded = msgspec.json.decode(value) if isinstance(value, str) else value
    except msgspec.DecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _without_choice(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in CHOICE_PARAMETERS}


def _speaks(chunk: ChatCompletionChunk) -> bool:
    """Return whether a chunk holds text, thought, a tool call or the end of the answer."""
    for choice in chunk.choices or ():
        delta = choice.delta
        if choice.finish_reason or (delta and (delta.content or delta.refusal or delta.tool_calls)):
            return True
        if delta and thought_of(delta.model_extra or {}):
            return True
    return False
