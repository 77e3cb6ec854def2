"""The history for a model: the branch that leads to a prompt, hidden messages included, always valid.

A call and its results are written in one transaction, so no stored call is unanswered. Text that a cut or a
replacement of the visible reply removed is left out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from chat.db import sql
from chat.llm.provider_fields import restore
from chat.models import Role
from chat.text import is_failure_card

_BRANCH = """
WITH RECURSIVE system AS (
    SELECT m.id, length(m.content) AS size FROM chat_message m
    WHERE m.thread_id = (SELECT thread_id FROM chat_message WHERE id = %s) AND m.turn = 0 AND m.role = 'system'
), branch AS (
    SELECT m.*, 0 AS depth, m.role = 'user' AS prompted,
           length(m.content) + (SELECT coalesce(sum(size), 0) FROM system)::bigint AS total
    FROM chat_message m WHERE m.id = %s
    UNION ALL
    SELECT m.*, depth + 1, branch.prompted OR m.role = 'user', branch.total + CASE m.role WHEN 'system' THEN 0
           ELSE length(m.content) + coalesce(length(m.tool_calls), 0)
                + CASE WHEN starts_with(m.provider_fields, %s) THEN length(m.provider_fields) ELSE 0 END END
    FROM branch JOIN chat_message m ON m.id = branch.parent_id
    WHERE branch.total <= %s OR NOT branch.prompted
), wanted AS (
    SELECT * FROM branch
    UNION ALL
    SELECT m.*, NULL, NULL, 0 FROM system JOIN chat_message m ON m.id = system.id
    WHERE NOT EXISTS (SELECT FROM branch WHERE branch.id = m.id)
)
SELECT w.id, w.revision, w.depth IS NULL, w.role, w.content, w.parts, w.tool_calls, w.tool_call_id,
       CASE WHEN starts_with(w.provider_fields, %s) THEN w.provider_fields END, w.hidden, w.log_offset,
       w.edited_at IS NOT NULL, r.kept_offset, r.log_length, w.total
FROM wanted w LEFT JOIN LATERAL (
    -- One look into the index for each row, whatever the planner thinks of their number.
    SELECT kept_offset, log_length FROM chat_response WHERE id = w.response_id OFFSET 0
) r ON true
ORDER BY w.depth DESC NULLS FIRST, w.position
"""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A stored message as the model needs it, with the ends of its response's log.

    `apart`: an imported system text that the walk up the branch did not reach. `total`: characters from this row to
    the leaf.
    """

    id: int
    revision: int
    apart: bool
    role: str
    content: str
    parts: bool
    tool_calls: str | None
    tool_call_id: str | None
    provider_fields: str | None
    hidden: bool
    log_offset: int
    edited: bool
    kept_offset: int | None
    log_length: int | None
    total: int


Messages = list[dict[str, Any]]


def history_for_model(leaf: int, budget: int) -> Messages:
    """Return the chat-completions messages of the branch that ends with `leaf`, oldest first.

    Drop whole turns, oldest first, beyond `budget` characters; always keep the newest turn and system texts.
    """
    return history_with_provenance(leaf, budget)[0]


def branch_statement(leaf: int, budget: int, model: str = "") -> sql.Statement:
    """Return the statement that reads the branch that ends with `leaf`."""
    own = f'{{"model":{msgspec.json.encode(model).decode()}'
    return _BRANCH, [leaf, leaf, own, budget, own]


def history_with_provenance(
    leaf: int, budget: int, model: str = "", branch: list[sql.Row] | None = None
) -> tuple[Messages, dict[str, Any]]:
    """Return the same, with the fields that the model of this key wants back, and its provenance as the call's row keeps it.

    It was made of the rows from `first` to `leaf`, and of system texts before them; `revised` has the revision numbers of
    those whose content had been replaced by then. `branch`: the result of `branch_statement`, where it is known.
    """
    found = sql.rows(*branch_statement(leaf, budget, model)) if branch is None else branch
    rows = [HistoryRow(*row) for row in found]
    *older, newest = _turns([row for row in rows if not row.apart]) or [[]]
    whole = [turn for turn in older if turn[0].total <= budget] + [newest]
    first = whole[0][0].id if newest else leaf
    revised = {row.id: row.revision for row in rows if row.revision}
    provenance = {"leaf": leaf, "first": first, "revised": revised, "model": model}
    return build_messages(rows, first, model), provenance


def build_messages(rows: list[HistoryRow], first: int, model: str) -> Messages:
    """Build the messages of the rows from `first` on, oldest first, after all earlier system texts."""
    kept, reached = [[row for row in rows if row.apart]], False
    for turn in _turns([row for row in rows if not row.apart]):
        reached = reached or turn[0].id == first
        kept.append(turn if reached else [row for row in turn if row.role == Role.SYSTEM])
    repaired = repair_tool_calls(message for turn in kept if turn for message in _turn(turn))
    return [_with_provider_fields(message, model) for message in repaired]


def _with_provider_fields(message: dict[str, Any], model: str) -> dict[str, Any]:
    stored = message.pop("provider_fields", None)
    return message if stored is None else restore(message, stored, model)


def _turns(rows: list[HistoryRow]) -> list[list[HistoryRow]]:
    """Split the rows, oldest first, ahead of each prompt: a turn is a prompt and everything that answers it."""
    turns: list[list[HistoryRow]] = []
    for row in rows:
        if row.role == Role.USER or not turns:
            turns.append([])
        turns[-1].append(row)
    return turns


def _turn(rows: list[HistoryRow]) -> Iterable[dict[str, Any]]:
    reply = rows[-1] if rows[-1].role == Role.ASSISTANT and not rows[-1].hidden else None
    changed = reply is not None and (reply.edited or _is_cut(reply) or any(map(_is_beyond_log, rows)))
    repeated = 0  # characters of the visible reply that already stand in the calls' own messages
    for row in rows:
        if row is reply:
            yield from _reply(row, 0 if changed else repeated)
        elif not (reply is not None and _is_cut(reply) and _is_after(row, reply)):
            repeats = _is_in_reply(row)
            repeated += len(row.content) if repeats else 0
            yield _message(row, "" if changed and repeats else row.content)


def _is_in_reply(row: HistoryRow) -> bool:
    """Tell if the visible reply holds this message's text too: that of a call of ours, not of one that a client brought."""
    return row.tool_calls is not None and row.log_length is not None


def _is_cut(reply: HistoryRow) -> bool:
    """Tell if a stop removed text that its reader had not seen."""
    return reply.kept_offset not in (None, reply.log_length)


def _is_after(row: HistoryRow, reply: HistoryRow) -> bool:
    """Tell if this call or result came after the end of the kept reply."""
    return row.hidden and row.role != Role.SYSTEM and row.log_offset > (reply.kept_offset or 0)


def _is_beyond_log(row: HistoryRow) -> bool:
    """Tell if the process died between storing this call and the text that led to it."""
    return row.kept_offset is not None and row.log_length is not None and row.log_offset > row.log_length


def _reply(row: HistoryRow, repeated: int) -> Iterable[dict[str, Any]]:
    """Yield the reply, unless it is empty or a card that reports a failure."""
    content = row.content[repeated:]
    if content and not is_failure_card(content):
        yield _message(row, content)


def _message(row: HistoryRow, content: str) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": row.role,
        "content": msgspec.Raw(content.encode()) if row.parts else content,
    }
    if row.tool_calls is not None:
        message["tool_calls"] = msgspec.Raw(row.tool_calls.encode())
    if row.tool_call_id is not None:
        message["tool_call_id"] = row.tool_call_id
    if row.provider_fields is not None:
        message["provider_fields"] = row.provider_fields
    return message


def repair_tool_calls(messages: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the messages with every call answered, once and right after it; providers refuse others.

    Rows written by this server are valid already; imported or hand-edited ones may not be.
    """
    unanswered: list[str] = []
    for message in messages:
        if message["role"] == Role.TOOL:
            if message.get("tool_call_id") in unanswered:
                unanswered.remove(message["tool_call_id"])
                yield _with_calls(message, [])
            continue
        calls = _calls(message)
        if calls or message.get("content"):
            yield from map(_no_result, unanswered)
            unanswered = [call.id for call in calls]
            yield _with_calls(message, calls)
    yield from map(_no_result, unanswered)


def _no_result(call: str) -> dict[str, Any]:
    return {"role": "tool", "content": '{"error":"The call was interrupted."}', "tool_call_id": call}


class _Function(msgspec.Struct):
    name: str
    arguments: str


class _Call(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(min_length=1)]
    type: Literal["function"]
    function: _Function


def _calls(message: dict[str, Any]) -> list[_Call]:
    """Return the calls of an assistant's message, the first of each id; none where they are malformed."""
    if message["role"] != Role.ASSISTANT or message.get("tool_calls") is None:
        return []
    try:
        calls = msgspec.json.decode(message["tool_calls"], type=list[_Call])
    except msgspec.DecodeError:
        return []
    first: dict[str, _Call] = {}
    for call in calls:
        first.setdefault(call.id, call)
    return list(first.values())


def _with_calls(message: dict[str, Any], calls: list[_Call]) -> dict[str, Any]:
    """Return the message with just these calls, verbatim where none had to go."""
    if not calls:
        # Providers refuse their own fields, too, beside no call.
        return {key: value for key, value in message.items() if key not in ("tool_calls", "provider_fields")}
    whole = len(calls) == len(msgspec.json.decode(message["tool_calls"]))
    kept = message["tool_calls"] if whole else msgspec.Raw(msgspec.json.encode(calls))
    return {**message, "content": message["content"] or None, "tool_calls": kept}
