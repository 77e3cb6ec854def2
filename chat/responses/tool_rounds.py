"""Rounds of tool calls: their states as clients see them, and the hidden messages between a prompt and its reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from uuid import uuid4

import msgspec

from chat.db.notifications import NOTIFY_SQL, execute
from chat.llm.sse.accumulator import ToolCall
from chat.models import Message, PersonRequest, Response, Role, Status, ToolState
from chat.responses.tool_files import link_files
from chat.responses.usage import upstream_calls
from chat.responses.usage.upstream_calls import CallRecord
from chat.responses.waiting import NewRequest, Wait
from chat.streams import ToolEvent, storage
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
    UPDATE chat_tooluse u SET state = c.state, end_offset = c.place
    FROM unnest(%(call_ids)s::text[], %(states)s::text[], %(ends)s::bigint[]) AS c(call_id, state, place)
    WHERE u.response_id = %(response)s AND u.call_id = c.call_id
), changed AS (
    UPDATE chat_response SET tool_changes = tool_changes + 1 WHERE id = %(response)s
)
{NOTIFY_SQL}
"""


def begin_round(
    response: int, owner: int, epoch: int, number: int, round_: int, calls: Sequence[ToolEvent]
) -> bool:
    """Store that the calls of a round begin, the first of them as `number`; return False where the lease `epoch` is lost."""
    place = calls[0]
    found = execute(
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
        },
        [(owner, "log", response)],
    )
    return bool(found[0][0])


def set_states(
    response: int, owner: int, states: Mapping[str, str], ends: Mapping[str, int] | None = None
) -> None:
    """Store the final states of a round's calls, by their ids, and the places in the text where they ended."""
    values = {
        "response": response,
        "call_ids": list(states),
        "states": list(states.values()),
        "ends": [(ends or {}).get(call) for call in states],
    }
    execute(_END, values, [(owner, "log", response)])


def wait_for(
    requests: Sequence[NewRequest],
    round_: int,
    calls: Sequence[ToolCall],
    results: Mapping[str, ToolResult],
    text_offset: int,
    thinking_offset: int,
) -> Wait | None:
    """Return the wait for the requests of a round, None without any. `results`: those that the calls have, by their ids."""
    if not requests:
        return None
    ended = sum(1 for _ in takewhile(lambda call: call.id in results, calls))
    return Wait(requests, round_, ended, text_offset, thinking_offset)


@dataclass(frozen=True, slots=True)
class PendingRound:
    """The newest round of a response that waited: its place, its calls, their results, and what was answered.

    `ids`: those of the calls of all rounds. `answers`: the requests of each call, in their order. `written`: the text that the
    calls have written into the answer.
    """

    number: int
    text_offset: int
    thinking_offset: int
    calls: list[ToolCall]
    results: Mapping[str, ToolResult]
    answers: Mapping[str, Sequence[PersonRequest]]
    ids: set[str]
    written: str = ""

    @property
    def unanswered(self) -> list[ToolCall]:
        return [call for call in self.calls if call.id not in self.results]


def pending(response: int) -> PendingRound:
    """Return the round in which a response waited."""
    uses, requests = storage.steps(response)
    last = uses[-1]
    stored = Message.objects.filter(response=response, hidden=True, role=Role.ASSISTANT)
    message = stored.exclude(tool_calls=None).order_by("-position").first()
    calls = _calls(message.tool_calls or "[]") if message else []
    of_calls = Message.objects.filter(
        response=response, role=Role.TOOL, tool_call_id__in=[call.id for call in calls]
    )
    results = {row.tool_call_id or "": ToolResult(row.content) for row in of_calls}
    answers: dict[str, list[PersonRequest]] = {}
    for request in requests:
        answers.setdefault(request.call_id, []).append(request)
    place = last.round, last.text_offset, last.thinking_offset
    written = storage.text_from(response, last.text_offset)
    return PendingRound(*place, calls, results, answers, {use.call_id for use in uses}, written)


def _calls(encoded: str) -> list[ToolCall]:
    return [
        ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in msgspec.json.decode(encoded)
    ]


def add_round(
    response: int,
    epoch: int,
    text: str,
    log_offset: int,
    calls: Sequence[ToolCall],
    results: Mapping[str, ToolResult],
    spent: Sequence[CallRecord] = (),
    provider_fields: str | None = None,
    ends: Mapping[str, int] | None = None,
) -> bool:
    """Store a round between the prompt and the reply: the model's text, its calls, and their results in that order.

    `results` by the ids of the calls; one that waits for a person, or that the client makes, has none yet.
    `provider_fields`: those of the text and of the calls, from `chat.llm.provider_fields`. The rows of the model calls `spent`
    on it are stored in the same transaction. `ends`: the places in the text where the calls ended. Return False where the lease
    `epoch` is lost.
    """
    if not _is_owned(response, epoch):
        return False
    reply = _reply(response)
    of_calls = _call_message(text, calls, provider_fields)
    if Message.objects.filter(response=response, tool_calls=of_calls.tool_calls).exists():
        # Stored already, by a commit whose answer got lost: ids of calls are unique in a response.
        return True
    ordered = {call.id: results[call.id] for call in calls if call.id in results}
    rows = _result_messages(ordered)
    _insert_before(reply, [of_calls, *rows], log_offset)
    link_files(reply, rows, ordered)
    upstream_calls.add(reply.owner_id, reply.thread_id, response, spent)
    if ordered:
        states = {call: _state(result) for call, result in ordered.items()}
        set_states(response, reply.owner_id, states, ends)
    return True


def add_results(
    response: int,
    epoch: int,
    log_offset: int,
    results: Mapping[str, ToolResult],
    ends: Mapping[str, int] | None = None,
) -> bool:
    """Store results of calls that had to wait, behind those of their round. Return False where the lease `epoch` is lost."""
    if not _is_owned(response, epoch):
        return False
    stored = Message.objects.filter(response=response, role=Role.TOOL, tool_call_id__in=list(results))
    known = set(stored.values_list("tool_call_id", flat=True))
    missing = {call: result for call, result in results.items() if call not in known}
    if missing:
        rows = _result_messages(missing)
        reply = _reply(response)
        _insert_before(reply, rows, log_offset)
        link_files(_reply(response), rows, missing)
        states = {call: _state(result) for call, result in missing.items()}
        set_states(response, reply.owner_id, states, ends)
    return True


def _is_owned(response: int, epoch: int) -> bool:
    """Lock a response, and return whether the lease `epoch` still holds."""
    mine = {"pk": response, "lease_epoch": epoch, "status": Status.STREAMING}
    return Response.objects.select_for_update(no_key=True).filter(**mine).exists()


def _insert_before(reply: Message, rows: Sequence[Message], log_offset: int) -> None:
    # The reply moves up first: no two messages may hold one position.
    reply.position += len(rows)
    reply.save(update_fields=["position"])
    parent = reply.parent_id
    for position, row in enumerate(rows, reply.position - len(rows)):
        parent = _insert(reply, row, position, parent, log_offset)
    Message.objects.filter(pk=reply.pk).update(parent=parent)


def client_calls(response: int) -> list[dict[str, Any]]:
    """Return the calls of a response that its client makes, as they are stored; none where it ended without any."""
    stored = Message.objects.filter(response=response, tool_calls__isnull=False).order_by("position")
    return [call for row in stored for call in msgspec.json.decode(row.tool_calls or "[]")]


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


def _result_messages(results: Mapping[str, ToolResult]) -> list[Message]:
    return [
        Message(role=Role.TOOL, content=result.result, tool_call_id=call) for call, result in results.items()
    ]


def _insert(reply: Message, row: Message, position: int, parent: int | None, log_offset: int) -> int:
    row.owner_id, row.thread_id, row.response_id = reply.owner_id, reply.thread_id, reply.response_id
    row.public_id, row.turn, row.position, row.hidden = str(uuid4()), reply.turn, position, True
    row.parent_id, row.log_offset = parent, log_offset
    row.save(force_insert=True)
    return int(row.pk)
