"""The calls of models that tools make: streamed, recorded like the response's own, with the same deadlines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from chat.conf import settings
from chat.exceptions import ModelFailed
from chat.llm import config
from chat.llm.clients.base import ModelRequest
from chat.llm.registry import ModelRegistry
from chat.llm.sse import StreamUpdate
from chat.responses.model_answer import ModelAnswer, read
from chat.responses.usage.recorder import UsageRecorder
from chat.threads.model_context import system_messages

OnText = Callable[[str], Awaitable[None]] | None


@dataclass(frozen=True, slots=True)
class ToolModels:
    """The models that the tools of a response may ask. `default`: the name of the one that answers it.

    `permitted`: those that its owner may use; the server's own tools ask C1's artifact model for every owner.
    """

    models: ModelRegistry
    recorder: UsageRecorder
    default: str
    permitted: Collection[str]

    async def ask(
        self,
        messages: Sequence[dict[str, Any]],
        model: str = "",
        *,
        metadata: Mapping[str, Any] | None = None,
        on_text: OnText = None,
    ) -> str:
        """Return a model's answer, each piece of which goes to `on_text` first. Raise ModelError, or ValueError."""
        name = model or self.default
        if not config.is_known(name) or name not in (self.default, config.ARTIFACT, *self.permitted):
            raise ValueError(f"there is no model {name!r}")
        client, *_ = await self.models.clients(name)
        system = system_messages((client.profile.system,))
        request = ModelRequest([*system, *messages], [], metadata=metadata or {})
        answer = ModelAnswer()
        with self.recorder.call(client.profile, request, answer):
            await read(partial(client.stream, request), answer, partial(_take, answer, on_text))
        return "".join(answer.parts)


def _take(answer: ModelAnswer, on_text: OnText, update: StreamUpdate) -> Awaitable[None] | None:
    answer.count(update)
    if answer.characters - len(update.text) > settings.text_bytes:
        raise ModelFailed("The model's answer is too large.")
    if not update.text:
        return None
    answer.parts.append(update.text)
    return on_text(update.text) if on_text is not None else None
