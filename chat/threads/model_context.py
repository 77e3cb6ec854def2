"""The message history sent to a model, within that model's limits."""

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
    """Limits of a model's history: its own `system` text first, at most `budget` characters, with `images` or not."""

    system: str
    budget: int
    images: bool = False


@dataclass(frozen=True, slots=True)
class ModelContext:
    """The messages for a model and their `provenance`.

    The provenance holds `own` (the revision of the thread's prompt), `images`, and the fields of `HistoryExtent`.
    """

    terms: ContextLimits
    messages: Messages
    provenance: dict[str, Any]


def build_context(response: int, terms: ContextLimits) -> ModelContext:
    """Build the history with which a response begins, or continues after a round of tools.

    The model's own system text and then the thread's come first; no stored message holds them. Both count towards
    the budget and always stay, as does the newest prompt.
    """
    parent, own, revision, owner = sql.rows(_BEFORE, [response])[0]
    texts = (terms.system, own)
    history, extent = history_with_extent(parent or 0, max(0, terms.budget - sum(map(len, texts))))
    shown = attachments.with_attachments(history, owner, images=terms.images)
    provenance = {"own": revision, "images": terms.images}
    provenance |= {"leaf": extent.leaf, "first": extent.first, "revised": extent.revised}
    return ModelContext(terms, [*system_messages(texts), *shown], provenance)


def system_messages(texts: Iterable[str]) -> Messages:
    return [{"role": "system", "content": text} for text in texts if text]
