"""The registry of model clients: the choice of the server for each model name, once per process."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import suppress
from typing import TYPE_CHECKING

from chat.conf import settings
from chat.conf_models import C1_MODEL, GATEWAY_MODEL
from chat.exceptions import Unavailable
from chat.llm import config, embedding_config, quirks
from chat.llm.clients.base import ModelClient, ModelProfile
from chat.llm.clients.embeddings import EmbeddingClient
from chat.llm.clients.gateway_prompt import gateway_system
from chat.llm.clients.openui_prompt import openui_instructions
from chat.llm.config import ARTIFACT, C1, OPENASSISTANT, ModelSpec
from chat.llm.token_estimator import TokenEstimator

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from chat.llm.http.openai_compatible import OpenAITransport

__all__ = ["ModelClient", "ModelRegistry"]

# Tokens of a history: within the 128,000 of the models in use, and a bound on the cost of a long thread.
BUDGET_TOKENS = 100_000


class ModelRegistry:
    """The model clients of this process, made when first asked for."""

    def __init__(self) -> None:
        # The address of the demo model's server, set before the first prompt where that model is used.
        self.demo_url = ""
        self.token_estimator = TokenEstimator()
        self._profiles: dict[tuple[str, str], ModelProfile] = {}
        self._clients: dict[tuple[str, str], ModelClient] = {}
        # By address and key of the server.
        self._official: dict[tuple[str, str], AsyncOpenAI] = {}
        # By address, key and path; each knows which fields its server refuses.
        self._transports: dict[tuple[str, str, str], OpenAITransport] = {}
        self._embeddings: EmbeddingClient | None = None

    async def clients(self, name: str) -> list[ModelClient]:
        """Return the clients of a model and of its fallbacks, in order. An unknown name stands for the default model."""
        name, spec = _known(name)
        return [await self._client(one) for one in (name, *spec.fallbacks)]

    def embeddings(self) -> EmbeddingClient | None:
        """Return the client of the server of embeddings; None where none is configured."""
        spec = embedding_config.spec()
        if spec is not None and self._embeddings is None:
            self._embeddings = EmbeddingClient(spec)
        return self._embeddings

    def profile(self, name: str) -> ModelProfile:
        """Return the profile of the model that is asked first for a name."""
        name, spec = _known(name)
        # The system prompt changes once, when the page is built.
        key = name, _system_prompt(spec)
        if key not in self._profiles:
            self._profiles[key] = _profile(name, spec)
        return self._profiles[key]

    def budget(self, profile: ModelProfile) -> int:
        """Return the characters of a history that a model is sent at most."""
        return self.token_estimator.characters(profile.name, profile.budget_tokens or BUDGET_TOKENS)

    def file_budget(self, profile: ModelProfile) -> int:
        """Return the characters of file texts that a model is sent at most, at most half of its history."""
        budget = self.token_estimator.characters(profile.name, settings.file_tokens)
        return min(budget, self.budget(profile) // 2)

    async def warm(self) -> None:
        """Make all clients ahead of the first prompt: importing `openai` takes half a second, each client 20 ms."""
        for module in ("chat.llm.clients.chat_completions", "chat.llm.clients.openassistant"):
            await asyncio.to_thread(importlib.import_module, module)
        for name in config.names():
            # A client that cannot be made reports its error when it is used.
            with suppress(Exception):
                await self._client(name)

    async def _client(self, name: str) -> ModelClient:
        name, spec = _known(name)
        profile = self.profile(name)
        key = name, profile.system
        if key not in self._clients:
            self._clients[key] = await self._make(name, spec, profile)
        return self._clients[key]

    async def _make(self, name: str, spec: ModelSpec, profile: ModelProfile) -> ModelClient:
        # Not at the top: the first page must not wait for `openai`.
        from chat.llm.clients.chat_completions import ChatCompletions
        from chat.llm.clients.openassistant import OpenAssistant

        if name == OPENASSISTANT:
            url = settings.openassistant_base_url or self._demo_url()
            key = settings.openassistant_api_key
            wire, client = (
                await self._transport(url, key, OpenAssistant.path),
                await self._official_client(url, key),
            )
            return OpenAssistant(wire, client, profile, spec.metadata)
        url, key = spec.base_url, spec.api_key
        if name == C1:
            url = self._demo_url() if settings.demo else settings.c1_upstream
            key = settings.thesys_api_key
        elif name == ARTIFACT:
            url = f"{self._demo_url()}artifact/" if settings.demo else settings.artifact_base_url
            key = settings.thesys_api_key
        wire, client = (
            await self._transport(url, key, ChatCompletions.path),
            await self._official_client(url, key),
        )
        return ChatCompletions(wire, client, profile, spec.metadata)

    async def close(self) -> None:
        """Close the clients' connections."""
        for transport in self._transports.values():
            transport.close()
        for client in self._official.values():
            await client.close()
        if self._embeddings is not None:
            await self._embeddings.close()

    def _demo_url(self) -> str:
        """Return the demo model's address. Raise Unavailable where the process has not started it."""
        if not self.demo_url:
            raise Unavailable("The demo model is not running.")
        return self.demo_url

    async def _official_client(self, base_url: str, api_key: str) -> AsyncOpenAI:
        """Return the client of a server, shared by all its models."""
        from chat.llm.clients.official import connect

        server = base_url, api_key
        if server not in self._official:
            made = await asyncio.to_thread(connect, *server)
            self._official.setdefault(server, made)
        return self._official[server]

    async def _transport(self, base_url: str, api_key: str, path: str) -> OpenAITransport:
        """Return the transport to an address, shared by all models there."""
        from chat.llm.http.openai_compatible import OpenAITransport
        from chat.llm.http.request_head import head, trusted_certificates

        address = base_url, api_key, path
        if address not in self._transports:
            await asyncio.to_thread(trusted_certificates)
            made = OpenAITransport(await asyncio.to_thread(head, *address))
            self._transports.setdefault(address, made)
        return self._transports[address]


def _known(name: str) -> tuple[str, ModelSpec]:
    """Return a model and its name; the default model for a name that is not configured any more."""
    if name == ARTIFACT:
        return name, ModelSpec(c1=True, tools=False, model=settings.artifact_model)
    specs = config.specs()
    name = name if name in specs else config.names()[0]
    return name, specs[name]


def _profile(name: str, spec: ModelSpec) -> ModelProfile:
    of_settings = {C1: settings.c1_model, OPENASSISTANT: settings.openassistant_model}
    upstream = of_settings.get(name, spec.model)
    if spec.gateway and upstream == C1_MODEL:
        # The Gateway does not know the default of C1.
        upstream = GATEWAY_MODEL
    return ModelProfile(
        name=name,
        upstream=upstream,
        parameters=spec.parameters,
        system=_system_prompt(spec),
        writes_c1=spec.c1 or spec.openui or (name == C1 and not spec.gateway),
        tools=spec.tools if name != OPENASSISTANT else False,
        budget_tokens=spec.budget_tokens,
        images=spec.images,
        files=spec.files,
        gateway=spec.gateway,
        efforts=spec.efforts,
        **quirks.properties(spec, upstream, spec.base_url),
    )


def _system_prompt(spec: ModelSpec) -> str:
    """Return the system prompt, joined in a few microseconds."""
    if spec.gateway:
        return gateway_system(spec.system)
    return "\n\n".join(filter(None, [openui_instructions() if spec.openui else "", spec.system]))
