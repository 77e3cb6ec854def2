"""The models by name. Which server answers for a name is decided here, once per process."""

from __future__ import annotations

import asyncio
import importlib

from chat.conf import settings
from chat.demo import DemoServer, start
from chat.model_clients.base import ModelClient

MODELS = ("c1", "openassistant")
"""The names that a client may ask for; the first one answers where none is named."""


class Models:
    """The model clients of this process, made when first asked for; the demo model runs here where nothing else answers."""

    def __init__(self) -> None:
        self._clients: dict[str, ModelClient] = {}
        self._demo: DemoServer | None = None

    async def client(self, name: str) -> ModelClient:
        if name not in self._clients:
            self._clients[name] = await self._make(name)
        return self._clients[name]

    async def warm(self) -> None:
        """Import what a model needs ahead of the first prompt: `openai` takes half a second."""
        await asyncio.to_thread(importlib.import_module, "chat.model_clients.openai_compatible")

    async def _make(self, name: str) -> ModelClient:
        # Not at the top: the first page must not wait for `openai`.
        from chat.model_clients.chat_completions import ChatCompletions
        from chat.model_clients.openai_compatible import OpenAIWire
        from chat.model_clients.openassistant import OpenAssistant

        if name == "openassistant":
            url = settings.openassistant_base_url or await self._demo_url()
            return OpenAssistant(
                OpenAIWire(url, settings.openassistant_api_key), settings.openassistant_model
            )
        url = await self._demo_url() if settings.demo else settings.c1_upstream
        return ChatCompletions(OpenAIWire(url, settings.thesys_api_key), settings.c1_model, writes_c1=True)

    async def _demo_url(self) -> str:
        if self._demo is None:
            self._demo = await start()
        return self._demo.base_url

    async def close(self) -> None:
        if self._demo is not None:
            await self._demo.close()
