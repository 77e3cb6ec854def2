"""Rebuilding of a request to a model from stored rows, long after it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection

from chat.llm.clients.calls_as_text import calls_as_text
from chat.llm.clients.message_forms import in_form
from chat.llm.clients.message_shape import shaped
from chat.llm.clients.openassistant_prompt import build, plain
from chat.models import Response, Revision, Thread, UpstreamCall
from chat.responses.usage import blobs
from chat.schemas.options import options_of
from chat.threads.attachment_parts import with_attachments
from chat.threads.history import HistoryRow, Messages, build_messages
from chat.threads.model_context import options_of as attachment_options
from chat.threads.model_context import system_messages

# Reads a branch as `chat.threads.history` does, but up to a known row, with each content of that time.
_AS_OF = """
WITH RECURSIVE branch AS (
    SELECT m.*, 0 AS depth FROM chat_message m WHERE m.id = %(leaf)s AND m.thread_id = %(thread)s
    UNION ALL
    SELECT m.*, depth + 1 FROM branch JOIN chat_message m ON m.id = branch.parent_id WHERE branch.id <> %(first)s
), wanted AS (
    SELECT * FROM branch
    UNION ALL
    SELECT m.*, NULL FROM chat_message m
    WHERE m.thread_id = %(thread)s AND m.turn = 0 AND m.role = 'system'
          AND NOT EXISTS (SELECT FROM branch WHERE branch.id = m.id)
)
SELECT w.id, w.revision, w.depth IS NULL, w.role, coalesce(v.content, w.content), coalesce(v.parts, w.parts), w.tool_calls,
       w.tool_call_id, w.provider_fields, w.hidden, w.log_offset,
       CASE WHEN v.id IS NULL THEN w.edited_at ELSE v.edited_at END IS NOT NULL, r.kept_offset, r.log_length, 0
FROM wanted w
LEFT JOIN chat_revision v ON v.message_id = w.id AND v.number = coalesce((%(revised)s::jsonb ->> w.id::text)::int, 0)
LEFT JOIN chat_response r ON r.id = w.response_id
ORDER BY w.depth DESC NULLS FIRST, w.position
"""


@dataclass(frozen=True, slots=True)
class RebuiltRequest:
    """A request: `body` as JSON, its `messages` one by one, the `tools` offered, the rest as `envelope`.

    `exact`: the body equals the sent one byte for byte. Otherwise part of it has been redacted, deleted or (by an older
    program) replaced without a revision, or this program composes requests differently.
    """

    exact: bool
    body: bytes
    messages: Messages
    tools: list[Any]
    envelope: dict[str, Any]


def rebuild_request(call: UpstreamCall) -> RebuiltRequest | None:
    """Rebuild a call's request. Return None where too little was stored, as for a process that died."""
    if not call.provenance or not Thread.objects.filter(pk=call.thread).exists():
        return None
    provenance = call.provenance
    texts = blobs.texts(filter(None, (provenance["system"], provenance["envelope"], call.tools_digest)))
    if provenance["envelope"] not in texts:
        return None
    messages = _messages(call, provenance, texts.get(provenance["system"], b"").decode())
    messages = in_form(messages, provenance.get("form", ""))
    envelope = msgspec.json.decode(texts[provenance["envelope"]], type=dict[str, msgspec.Raw])
    tools = msgspec.Raw(texts.get(call.tools_digest, b"[]"))
    body = msgspec.json.encode(_filled(envelope, messages, tools, provenance))
    around = {name: msgspec.json.decode(value) for name, value in envelope.items() if bytes(value) != b"null"}
    return RebuiltRequest(
        blobs.sha256_hex(body) == call.request_digest, body, messages, msgspec.json.decode(tools), around
    )


def _filled(
    envelope: dict[str, msgspec.Raw], messages: Messages, tools: msgspec.Raw, provenance: dict[str, Any]
) -> dict[str, Any]:
    """Return the body with its keys in the order in which they were sent."""
    body: dict[str, Any] = dict(envelope)
    if "prompt" in body:
        limit = msgspec.json.decode(envelope["max_tokens"])
        body["prompt"] = build(plain(messages), provenance["context"] or 0, limit)
    else:
        messages = messages if "tools" in body else calls_as_text(messages)
        # None in the rows of an older program, which shaped nothing.
        shape = provenance.get("shape")
        body["messages"] = shaped(messages, shape, tools="tools" in body) if shape else messages
    if "tools" in body:
        body["tools"] = tools
    return body


def _messages(call: UpstreamCall, provenance: dict[str, Any], system: str) -> Messages:
    thread = call.thread
    wanted = {name: provenance[name] for name in ("leaf", "first")}
    wanted |= {"thread": thread, "revised": msgspec.json.encode(provenance["revised"]).decode()}
    with connection.cursor() as cursor:
        cursor.execute(_AS_OF, wanted)
        rows = [HistoryRow(*row) for row in cursor.fetchall()]
    own, owner = _own(thread, provenance["own"])
    branch = build_messages(rows, provenance["first"], provenance.get("model", ""))
    history = with_attachments(branch, owner, attachment_options(provenance)).messages
    return [*system_messages((system, own, _instructions(call.response))), *history]


def _instructions(response: int) -> str:
    row = Response.objects.filter(pk=response).only("options").first()
    return options_of(row.options).instructions if row else ""


def _own(thread: int, number: int) -> tuple[str, int]:
    """Return the thread's system prompt at that time, and the thread's owner."""
    earlier = Revision.objects.filter(thread_id=thread, message=None, number=number)
    found = earlier.values_list("content", flat=True).first()
    row = Thread.objects.only("system_prompt", "owner_id").get(pk=thread)
    return row.system_prompt if found is None else found, row.owner_id
