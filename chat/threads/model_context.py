"""The history that a model is sent, within the limits of that model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chat.db import sql
from chat.threads import attachments
from chat.threads.history import Messages, history_with_extent

_BEFORE = """
SELECT m.parent_id, t.system_prompt, t.revision, m.owner_id
FROM chat_message m JOIN chat_thread t ON t.id = m.thread_id
WHERE m.response_id = %s AND m.role = 'assistant' AND NOT m.hidden
"""


@dataclass(frozen=True, slots=True)
class ContextLimits:
    """By which a model is told a history: after its own `system` text, within `budget` characters in all, with `images` or
    without.
    """

    system: str
    budget: int
    images: bool = False


@dataclass(frozen=True, slots=True)
class ModelContext:
    """What a model gets by these terms, and its `recipe`: `own`, the revision of the thread's prompt, `images`, and what
    `chat.threads.history.Extent` tells.
    """

    terms: ContextLimits
    messages: Messages
    provenance: dict[str, Any]


def build_context(response: int, terms: ContextLimits) -> ModelContext:
    """The history with which a response begins, or goes on after a round of tools.

    Ahead of it the model's own system text and then the thread's: they are in no message that is stored. Both count towards
    the budget, and always stay, as does the newest prompt.
    """
    parent, own, revision, owner = sql.rows(_BEFORE, [response])[0]
    told = (terms.system, own)
    history, extent = history_with_extent(parent or 0, max(0, terms.budget - sum(map(len, told))))
    shown = attachments.with_attachments(history, owner, images=terms.images)
    provenance = {"own": revision, "images": terms.images}
    provenance |= {"leaf": extent.leaf, "first": extent.first, "revised": extent.revised}
    return ModelContext(terms, [*system_messages(told), *shown], provenance)


def system_messages(told: Iterable[str]) -> Messages:
    return [{"role": "system", "content": text} for text in told if text]
