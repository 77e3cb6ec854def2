"""Arguments, results and pictures of tool calls, for the owner of a thread where `CHAT_TOOL_DETAILS` is on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from chat.models import AttachmentUse, Message, Role
from chat.threads import attachments


class _Function(msgspec.Struct):
    arguments: str = ""


class _Call(msgspec.Struct):
    id: str = ""
    function: _Function = msgspec.field(default_factory=_Function)


def of_responses(responses: Iterable[int | None]) -> dict[int | None, list[dict[str, Any]]]:
    """Return the calls of each response in order, each with `id`, `arguments`, `result` and the paths of its `pictures`.

    The result is None as long as there is none.
    """
    pks = [pk for pk in responses if pk is not None]
    hidden = Message.objects.filter(response_id__in=pks, hidden=True).order_by("response_id", "position")
    pictures = _pictures(pks)
    found: defaultdict[int | None, list[dict[str, Any]]] = defaultdict(list)
    for row in hidden.only("response_id", "role", "tool_calls", "tool_call_id", "content"):
        calls = found[row.response_id]
        if row.role == Role.TOOL:
            _add_result(calls, row, pictures[row.pk])
        elif row.tool_calls:
            calls += [_call(call) for call in msgspec.json.decode(row.tool_calls, type=list[_Call])]
    return found


def _pictures(responses: list[int]) -> defaultdict[int, list[str]]:
    """Return the paths of the pictures that the results of responses show, by the keys of their messages."""
    of_results = AttachmentUse.objects.filter(message__response_id__in=responses, message__role=Role.TOOL)
    found: defaultdict[int, list[str]] = defaultdict(list)
    for message, name in of_results.order_by("pk").values_list("message", "attachment__public_id"):
        found[message].append(attachments.PATH + name)
    return found


def _add_result(calls: list[dict[str, Any]], row: Message, pictures: list[str]) -> None:
    """Store a result with its call, the newest of that id: a later round may use an id again."""
    for call in reversed(calls):
        if call["id"] == row.tool_call_id:
            call |= {"result": row.content, "pictures": pictures}
            return


def _call(call: _Call) -> dict[str, Any]:
    return {"id": call.id, "arguments": _parsed(call.function.arguments), "result": None, "pictures": []}


def _parsed(arguments: str) -> dict[str, Any] | str:
    """Return arguments as an object, or the text that the model wrote where it is none."""
    try:
        return msgspec.json.decode(arguments, type=dict[str, Any])
    except msgspec.DecodeError:
        return arguments


def in_order(tools: Sequence[dict[str, Any]], calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return arguments and result of each listed tool call; null where its call is not stored, as in a round that was cut."""
    left = list(calls)
    told = []
    for tool in tools:
        index = next((index for index, call in enumerate(left) if call["id"] == tool["id"]), None)
        unknown: dict[str, Any] = {"arguments": None, "result": None, "pictures": []}
        call = unknown if index is None else left.pop(index)
        told.append({key: call[key] for key in unknown})
    return told
