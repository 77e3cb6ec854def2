"""What the model gets: the branch that leads to a prompt, hidden messages included, valid whatever happened before.

A call and its results are written in one transaction, so no stored call is unanswered; what a cut or a replacement of the
visible reply took away is left out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection

from chat.models import Role
from chat.text import is_failure_card

_BRANCH = """
WITH RECURSIVE branch AS (
    SELECT m.*, 0 AS depth, length(m.content)::bigint AS total FROM chat_message m WHERE m.id = %s
    UNION ALL
    SELECT m.*, depth + 1, branch.total + length(m.content) + coalesce(length(m.tool_calls), 0)
    FROM branch JOIN chat_message m ON m.id = branch.parent_id
    WHERE branch.total <= %s
)
SELECT b.turn, b.role, b.content, b.parts, b.tool_calls, b.tool_call_id, b.hidden, b.log_offset,
       b.edited_at IS NOT NULL, r.kept_offset, r.log_length, b.total
FROM branch b LEFT JOIN chat_response r ON r.id = b.response_id ORDER BY b.depth
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A stored message, as far as the model is concerned, with the ends of its response's log."""

    turn: int
    role: str
    content: str
    parts: bool
    tool_calls: str | None
    tool_call_id: str | None
    hidden: bool
    log_offset: int
    edited: bool
    kept_offset: int | None
    log_length: int | None
    total: int


def history_for_model(leaf: int, budget: int) -> list[dict[str, Any]]:
    """The chat-completions messages of the branch that ends with the message `leaf`, oldest first.

    Whole turns are dropped from the oldest on beyond `budget` characters; the newest always stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BRANCH, [leaf, budget])
        rows = [Row(*row) for row in cursor.fetchall()]
    turns = _turns(rows[::-1])
    kept = [turn for turn in turns[:-1] if turn[0].total <= budget] + turns[-1:]
    return list(healed(message for turn in kept for message in _turn(turn)))


def _turns(rows: list[Row]) -> list[list[Row]]:
    """The rows, oldest first, cut ahead of each prompt: a turn is a prompt and all that answers it, in whichever version."""
    turns: list[list[Row]] = []
    for row in rows:
        if row.role == Role.USER or not turns:
            turns.append([])
        turns[-1].append(row)
    return turns


def _turn(rows: list[Row]) -> Iterable[dict[str, Any]]:
    reply = rows[-1] if rows[-1].role == Role.ASSISTANT and not rows[-1].hidden else None
    changed = reply is not None and (reply.edited or reply.kept_offset not in (None, reply.log_length))
    told = 0  # characters of the visible reply that the calls' own messages hold
    for row in rows:
        if row is reply:
            yield from _reply(row, 0 if changed else told)
        elif not (changed and _removed(row, reply)):
            told += len(row.content) if row.tool_calls else 0
            yield _message(row, "" if changed and row.tool_calls else row.content)


def _removed(row: Row, reply: Row | None) -> bool:
    """Whether a cut of the reply took this call, or this call's result, away."""
    ends = reply.kept_offset if reply is not None and not reply.edited else None
    return row.hidden and row.role != Role.SYSTEM and ends is not None and row.log_offset > ends


def _reply(row: Row, told: int) -> Iterable[dict[str, Any]]:
    """The reply, unless nothing of it is left, or it is a card that said why there was none."""
    content = row.content[told:]
    if content and not is_failure_card(content):
        yield _message(row, content)


def _message(row: Row, content: str) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": row.role,
        "content": msgspec.Raw(content.encode()) if row.parts else content,
    }
    if row.tool_calls is not None:
        message["content"] = content or None
        message["tool_calls"] = msgspec.Raw(row.tool_calls.encode())
    if row.tool_call_id is not None:
        message["tool_call_id"] = row.tool_call_id
    return message


def healed(messages: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same with every call answered, right after it and once: a provider refuses a history for ever otherwise.

    What this server writes is valid already; rows that came otherwise (an import, a repair by hand) need not be.
    """
    unanswered: list[str] = []
    for message in messages:
        answers = message.get("tool_call_id")
        if answers is None:
            yield from map(_no_result, unanswered)
            unanswered = _call_ids(message)
            yield message
        elif answers in unanswered:
            unanswered.remove(answers)
            yield message
    yield from map(_no_result, unanswered)


def _no_result(call: str) -> dict[str, Any]:
    return {"role": "tool", "content": '{"error":"The call was interrupted."}', "tool_call_id": call}


class _Call(msgspec.Struct):
    id: str


def _call_ids(message: dict[str, Any]) -> list[str]:
    calls = message.get("tool_calls")
    return [] if calls is None else [call.id for call in msgspec.json.decode(calls, type=list[_Call])]
