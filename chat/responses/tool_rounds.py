"""Rounds of tool calls: the hidden messages between a prompt and its reply."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import msgspec

from chat.llm.sse.accumulator import ToolCall
from chat.models import Message, Response, Role, Status
from chat.responses.usage import upstream_calls
from chat.responses.usage.upstream_calls import CallRecord


def add_round(
    response: int,
    epoch: int,
    text: str,
    log_offset: int,
    calls: Sequence[ToolCall],
    results: Sequence[str],
    spent: Sequence[CallRecord] = (),
) -> bool:
    """Store a round between the prompt and the reply: the model's text, its calls, and their results in that order.

    The rows of the model calls `spent` on it are stored in the same transaction. Return False where the lease `epoch` is lost.
    """
    mine = Response.objects.select_for_update(no_key=True)
    if not mine.filter(pk=response, lease_epoch=epoch, status=Status.STREAMING).exists():
        return False
    reply = _reply(response)
    rows = [_call_message(text, calls), *_result_messages(calls, results)]
    if Message.objects.filter(response=response, tool_calls=rows[0].tool_calls).exists():
        # Stored already, by a commit whose answer got lost: ids of calls are unique in a response.
        return True
    # The reply moves up first: no two messages may hold one position.
    reply.position += len(rows)
    reply.save(update_fields=["position"])
    parent = reply.parent_id
    for position, row in enumerate(rows, reply.position - len(rows)):
        parent = _insert(reply, row, position, parent, log_offset)
    Message.objects.filter(pk=reply.pk).update(parent=parent)
    upstream_calls.add(reply.owner_id, reply.thread_id, response, spent)
    return True


def _reply(response: int) -> Message:
    return Message.objects.get(response=response, role=Role.ASSISTANT, hidden=False)


def _call_message(text: str, calls: Sequence[ToolCall]) -> Message:
    encoded = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    return Message(role=Role.ASSISTANT, content=text, tool_calls=msgspec.json.encode(encoded).decode())


def _result_messages(calls: Sequence[ToolCall], results: Sequence[str]) -> list[Message]:
    pairs = zip(calls, results, strict=True)
    return [Message(role=Role.TOOL, content=result, tool_call_id=call.id) for call, result in pairs]


def _insert(reply: Message, row: Message, position: int, parent: int | None, log_offset: int) -> int:
    row.owner_id, row.thread_id, row.response_id = reply.owner_id, reply.thread_id, reply.response_id
    row.public_id, row.turn, row.position, row.hidden = str(uuid4()), reply.turn, position, True
    row.parent_id, row.log_offset = parent, log_offset
    row.save(force_insert=True)
    return int(row.pk)
