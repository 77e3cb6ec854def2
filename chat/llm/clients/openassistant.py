"""A client for OpenAssistant's model behind `/completions`: one prompt with control tokens, text until a stop token."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec
from openai import AsyncOpenAI

from chat.exceptions import ModelFailed
from chat.llm.clients import official
from chat.llm.clients.base import ModelProfile, ModelRequest, WholeAnswer
from chat.llm.clients.openassistant_prompt import CONTEXT_TOKENS, STOP, StopFilter, build, plain
from chat.llm.http.openai_compatible import OpenAITransport
from chat.llm.sse import AtOnce, StreamUpdate

# Half of the context, as the model card says.
ANSWER_TOKENS = 1_024

# The sampling of the model's authors: varied answers without repetition.
SAMPLING = {
    "temperature": 0.9,
    "top_p": 0.95,
    "top_k": 50,
    "repetition_penalty": 1.2,
    "max_tokens": ANSWER_TOKENS,
}

# The parameters of a prompt that `/completions` has, too.
TAKEN = ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty")

# The fields of a request that the official client takes as arguments of its own.
_ARGUMENTS = {"model", "stream", "stream_options"}


class OpenAssistant:
    """A client for completions. `profile.budget_tokens` is the context: prompt and answer together."""

    path = "/completions"

    def __init__(
        self, wire: OpenAITransport, client: AsyncOpenAI, profile: ModelProfile, metadata: dict[str, Any]
    ) -> None:
        self.profile = profile
        self._wire, self._client = wire, client
        self._fixed = {
            "model": profile.upstream,
            "stream": True,
            **({"stream_options": {"include_usage": True}} if profile.stream_usage else {}),
            "stop": STOP,
            **SAMPLING,
            **profile.parameters,
            **({"metadata": metadata} if metadata else {}),
        }
        # Those two are no fields of OpenAI's; vLLM and text-generation-inference know them.
        self._optional = frozenset(
            {"stream_options", "top_k", "repetition_penalty"} - profile.parameters.keys()
        )

    async def stream(
        self, request: ModelRequest, at_once: AtOnce | None = None
    ) -> AsyncGenerator[StreamUpdate]:
        effort = self.profile.effort_fields(request.effort)
        body = self._fixed | effort
        body |= self._asked(request, body["max_tokens"])
        body["prompt"] = self._prompt(request, body["max_tokens"])
        stream = self._wire.stream(body, request.sent_request.note, self._optional - effort.keys())
        del body
        words = StopFilter()
        async with aclosing(stream):
            async for piece in stream:
                text = words.feed(piece.text) + (words.flush() if piece.done else "")
                yield msgspec.structs.replace(piece, text=text)
                if words.stopped:
                    yield StreamUpdate(finish_reason="stop", done=True)
                    return
        yield StreamUpdate(text=words.flush())

    async def complete(self, request: ModelRequest) -> WholeAnswer:
        with official.our_errors(request.sent_request):
            raw = await self._client.completions.with_raw_response.create(
                model=self.profile.upstream,
                prompt=self._prompt(request, self._fixed["max_tokens"]),
                extra_body=self._extra(),
            )
            official.note(request.sent_request, raw.http_request)
            answer = raw.parse()
            official.check_reason(answer.choices[0].finish_reason)
            words = StopFilter()
            text = words.feed(official.text_of(answer.choices[0].text)) + words.flush()
            return WholeAnswer(text, official.usage_of(answer.usage))

    async def first_token(self, request: ModelRequest) -> None:
        with official.our_errors(request.sent_request):
            stream = await self._client.completions.create(
                model=self.profile.upstream,
                prompt=self._prompt(request, self._fixed["max_tokens"]),
                stream=True,
                extra_body=self._extra(),
            )
            async with stream:
                async for chunk in stream:
                    if any(choice.text or choice.finish_reason for choice in chunk.choices or ()):
                        return
        # To the official client, a page of HTML is a stream without events.
        raise ModelFailed

    def _asked(self, request: ModelRequest, limit: int) -> dict[str, Any]:
        """Return the fields that the prompt asks for, within the model's limit of tokens."""
        given = request.parameters
        fields = {name: given[name] for name in TAKEN if name in given}
        if "stop" in given:
            fields["stop"] = [*STOP, *given["stop"]]
        if "max_tokens" in given:
            fields["max_tokens"] = min(limit, given["max_tokens"])
        return fields

    def _prompt(self, request: ModelRequest, answer_tokens: int) -> str:
        context = request.sent_request.context = self.profile.budget_tokens or CONTEXT_TOKENS
        return build(plain(request.messages), context, answer_tokens)

    def _extra(self) -> dict[str, Any]:
        """Return the fields of a request beside model and prompt; some sampling parameters are not OpenAI's own."""
        return {name: value for name, value in self._fixed.items() if name not in _ARGUMENTS}
