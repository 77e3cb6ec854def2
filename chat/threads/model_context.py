"""The request that asks a model to answer, within the limits of that model."""

from __future__ import annotations

from collections.abc import Iterable

from chat.db import sql
from chat.llm.clients.base import ModelProfile, ModelRequest
from chat.llm.provider_fields import model_key
from chat.threads import attachments
from chat.threads.history import Messages, history_with_provenance

_BEFORE = """
SELECT m.parent_id, t.system_prompt, t.revision, m.owner_id, coalesce(r.options::jsonb ->> 'instructions', '')
FROM chat_message m JOIN chat_thread t ON t.id = m.thread_id JOIN chat_response r ON r.id = m.response_id
WHERE m.response_id = %s AND m.role = 'assistant' AND NOT m.hidden
"""


def build_request(response: int, profile: ModelProfile, budget: int) -> ModelRequest:
    """Return the history with which a response begins, or continues after a round of tools; no tools are in it yet.

    The system texts of the model, of the thread and of the response precede it: no message stores them. They count towards
    `budget` (characters), and always stay, as does the newest prompt. To the provenance of the history are added `own`, the
    revision of the thread's system prompt, and `images`.
    """
    parent, own, revision, owner, instructions = sql.rows(_BEFORE, [response])[0]
    system = (profile.system, own, instructions)
    model = model_key(profile) if profile.wants_back else ""
    history, provenance = history_with_provenance(parent or 0, max(0, budget - sum(map(len, system))), model)
    messages = attachments.with_attachments(history, owner, images=profile.images)
    return ModelRequest(
        [*system_messages(system), *messages],
        [],
        {"own": revision, "images": profile.images, **provenance},
    )


def system_messages(texts: Iterable[str]) -> Messages:
    return [{"role": "system", "content": text} for text in texts if text]
