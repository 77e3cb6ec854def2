"""Items of OpenAI's Responses API: messages, calls of the client's functions with their outputs, and approvals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from chat.exceptions import BadRequest
from chat.schemas.openai_content import ROLES, Part, content_of
from chat.schemas.openai_tools import CalledFunction, CalledTool, encoded_calls
from chat.schemas.prompts import Content, Turn

CALL, OUTPUT, APPROVAL = "function_call", "function_call_output", "mcp_approval_response"

# Items of a response that clients send back with the others, and that are the server's own.
_SERVERS = ("reasoning", "mcp_call", "mcp_approval_request", APPROVAL)


class Item(msgspec.Struct):
    """An item, with the fields of all its types."""

    role: str = ""
    content: str | list[Part] | None = None
    type: str = "message"
    # Those of a call and of its output.
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    output: str | list[Part] | None = None
    # Those of an approval.
    approval_request_id: str = ""
    approve: bool | None = None


def turns_of(items: Sequence[Item]) -> Iterable[Turn]:
    """Yield the turns of a conversation, calls that follow each other as one message.

    Raise BadRequest unless each call has one output right behind it.
    """
    calls: list[CalledTool] = []
    waiting: set[str] = set()
    for at, item in enumerate(items):
        if item.type == CALL:
            calls.append(CalledTool(item.call_id, CalledFunction(item.name, item.arguments)))
        elif item.type not in _SERVERS:
            if calls:
                yield Turn("assistant", Content(""), tool_calls=encoded_calls(calls, f"input[{at}]"))
                waiting, calls = {call.id for call in calls}, []
            yield _turn(item, at, waiting)
    if waiting or calls:
        raise BadRequest("A function call in `input` has no output right behind it.")


def _turn(item: Item, at: int, waiting: set[str]) -> Turn:
    where = f"input[{at}]"
    if item.type == OUTPUT:
        if item.call_id not in waiting:
            raise BadRequest(f"`{where}.call_id` names no function call right before it.")
        waiting.remove(item.call_id)
        return Turn("tool", Content(output_of(item, where)), tool_call_id=item.call_id)
    if waiting:
        raise BadRequest(f"A function call before `{where}` has no output.")
    if item.type != "message" or item.role not in ROLES:
        raise BadRequest(f"`{where}` must be a message of the role system, developer, user or assistant.")
    content = content_of(item.content, f"{where}.content")
    if ROLES[item.role] == "system" and content.parts:
        raise BadRequest(f"`{where}` may hold text alone.")
    return Turn(ROLES[item.role], content)


def output_of(item: Item, where: str) -> str:
    """Return the output of a function, which may be empty. Raise BadRequest for other media than text."""
    content = content_of(item.output, where) if item.output else Content("")
    if content.parts:
        raise BadRequest(f"`{where}` may hold text alone.")
    return content.text
