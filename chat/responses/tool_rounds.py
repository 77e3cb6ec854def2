"""Rounds of tool calls: their states as clients see them, and the hidden messages between a prompt and its reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import uuid4

import msgspec

from chat.db import sql
from chat.db.notifications import NOTIFY_SQL, encode_notifications
from chat.llm.sse.accumulator import ToolCall
from chat.models import Message, Response, Role, Status, ToolState
from chat.responses.usage import upstream_calls
from chat.responses.usage.upstream_calls import CallRecord
from chat.streams import ToolEvent
from chat.tools.calling import ToolResult

# A repetition after a commit whose answer got lost changes nothing.
_BEGIN = f"""
WITH mine AS (
    UPDATE chat_response SET tool_changes = tool_changes + 1
    WHERE id = %(response)s AND lease_epoch = %(epoch)s AND status = 'streaming' RETURNING id
), calls AS (
    INSERT INTO chat_tooluse (response_id, number, round, call_id, name, text_offset, thinking_offset, state)
    SELECT mine.id, %(number)s + c.place - 1, %(round)s, c.call_id, c.name, %(text_offset)s, %(thinking_offset)s, 'started'
    FROM mine, unnest(%(call_ids)s::text[], %(names)s::text[]) WITH ORDINALITY AS c(call_id, name, place)
    ON CONFLICT (response_id, number) DO NOTHING
)
SELECT count(*), ({NOTIFY_SQL}) FROM mine
"""

_END = f"""
WITH states AS (
    UPDATE chat_tooluse u SET state = c.state
    FROM unnest(%(call_ids)s::text[], %(states)s::text[]) AS c(call_id, state)
    WHERE u.response_id = %(response)s AND u.call_id = c.call_id
), changed AS (
    UPDATE chat_response SET tool_changes = tool_changes + 1 WHERE id = %(response)s
)
{NOTIFY_SQL}
"""


def begin_round(response: int, epoch: int, number: int, round_: int, calls: Sequence[ToolEvent]) -> bool:
    """Store that the calls of a round begin, the first of them as `number`; return False where the lease `epoch` is lost."""
    place = calls[0]
    found = sql.rows(
        _BEGIN,
        {
            "response": response,
            "epoch": epoch,
            "number": number,
            "round": round_,
            "call_ids": [call.call_id for call in calls],
            "names": [call.name for call in calls],
            "text_offset": place.text_offset,
            "thinking_offset": place.thinking_offset,
            "notifications": encode_notifications([("log", response)]),
        },
    )
    return bool(found[0][0])


def set_states(response: int, states: Mapping[str, str]) -> None:
    """Store the final states of a round's calls, by their ids."""
    values = {
        "response": response,
        "call_ids": list(states),
        "states": list(states.values()),
        "notifications": encode_notifications([("log", response)]),
    }
    sql.rows(_END, values)


def add_round(
    response: int,
    epoch: int,
    text: str,
    log_offset: int,
    calls: Sequence[ToolCall],
    results: Sequence[ToolResult],
    spent: Sequence[CallRecord] = (),
    provider_fields: str | None = None,
) -> bool:
    """Store a round between the prompt and the reply: the model's text, its calls, and their results in that order.

    `provider_fields`: those of the text and of the calls, from `chat.llm.provider_fields`. The rows of the model calls `spent`
    on it are stored in the same transaction. Return False where the lease `epoch` is lost.
    """
    mine = Response.objects.select_for_update(no_key=True)
    if not mine.filter(pk=response, lease_epoch=epoch, status=Status.STREAMING).exists():
        return False
    reply = _reply(response)
    rows = [_call_message(text, calls, provider_fields), *_result_messages(calls, results)]
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
    set_states(response, {call.id: _state(result) for call, result in zip(calls, results, strict=True)})
    return True


def _state(result: ToolResult) -> str:
    return ToolState.FAILED if result.failed else ToolState.DONE


def _reply(response: int) -> Message:
    return Message.objects.get(response=response, role=Role.ASSISTANT, hidden=False)


def _call_message(text: str, calls: Sequence[ToolCall], provider_fields: str | None) -> Message:
    encoded = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    tool_calls = msgspec.json.encode(encoded).decode()
    return Message(role=Role.ASSISTANT, content=text, tool_calls=tool_calls, provider_fields=provider_fields)


def _result_messages(calls: Sequence[ToolCall], results: Sequence[ToolResult]) -> list[Message]:
    pairs = zip(calls, results, strict=True)
    return [Message(role=Role.TOOL, content=result.result, tool_call_id=call.id) for call, result in pairs]


def _insert(reply: Message, row: Message, position: int, parent: int | None, log_offset: int) -> int:
    row.owner_id, row.thread_id, row.response_id = reply.owner_id, reply.thread_id, reply.response_id
    row.public_id, row.turn, row.position, row.hidden = str(uuid4()), reply.turn, position, True
    row.parent_id, row.log_offset = parent, log_offset
    row.save(force_insert=True)
    return int(row.pk)
