"""Tools of a client in OpenAI's chat completions: checked in shape and size, and passed on as they came."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chat.exceptions import BadRequest
from chat.schemas.options import Options

# Tools of one request: OpenAI refuses more.
MAX_TOOLS = 128
# Bytes of their JSON in all: four times the largest prompt.
MAX_TOOL_BYTES = 256 * 1024
# Bytes of the calls in one message, as many as a model's answer may have.
MAX_CALL_BYTES = 256 * 1024

_Name = Annotated[str, Meta(pattern=r"\A[a-zA-Z0-9_-]{1,64}\Z")]


class _Function(msgspec.Struct):
    name: _Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _Tool(msgspec.Struct):
    type: Literal["function"]
    function: _Function


class _NamedFunction(msgspec.Struct):
    name: str


class _Choice(msgspec.Struct):
    type: Literal["function"]
    function: _NamedFunction


class CalledFunction(msgspec.Struct):
    """The function of a call, with its arguments as JSON text."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    arguments: str


class CalledTool(msgspec.Struct):
    """A call that a client sends back in its history."""

    id: Annotated[str, Meta(min_length=1, max_length=256)]
    function: CalledFunction
    type: Literal["function"] = "function"


Choice = Literal["none", "auto", "required"] | _Choice


def checked_tools(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a client's tools as they came. Raise BadRequest."""
    if len(tools) > MAX_TOOLS:
        raise BadRequest(f"`tools` holds {len(tools)} tools; at most {MAX_TOOLS} are allowed.")
    names = Counter(_name(tool, at) for at, tool in enumerate(tools))
    if repeated := [name for name, count in names.items() if count > 1]:
        raise BadRequest(f"`tools` holds several tools of the name `{repeated[0]}`.")
    if len(msgspec.json.encode(tools)) > MAX_TOOL_BYTES:
        raise BadRequest(f"`tools` may have {MAX_TOOL_BYTES} bytes.")
    return tools


def _name(tool: dict[str, Any], at: int) -> str:
    try:
        return msgspec.convert(tool, _Tool).function.name
    except msgspec.ValidationError as problem:
        raise BadRequest(
            f"`tools[{at}]` must be a function with a name of 1 to 64 of A-Z a-z 0-9 _ -: {problem}."
        ) from None


def awaited_tools(tools: list[dict[str, Any]]) -> Options | None:
    """Return the options of an answer that waits for the results of a client's tools; None without any. Raise BadRequest."""
    return Options(tools=checked_tools(tools), awaits_results=True) if tools else None


def choice_parameters(
    tools: list[dict[str, Any]], choice: Choice | None, parallel: bool | None
) -> dict[str, Any]:
    """Return the fields for the model that say which tools it may call, and how many at once. Raise BadRequest."""
    if isinstance(choice, _Choice) and choice.function.name not in {
        tool["function"]["name"] for tool in tools
    }:
        raise BadRequest("`tool_choice` names none of `tools`.")
    given = {"tool_choice": msgspec.to_builtins(choice), "parallel_tool_calls": parallel}
    return {name: value for name, value in given.items() if value is not None}


def encoded_calls(calls: list[CalledTool], where: str) -> str:
    """Return the JSON text of calls as it is stored. Raise BadRequest."""
    if len({call.id for call in calls}) < len(calls):
        raise BadRequest(f"`{where}` holds several calls of one id.")
    encoded = msgspec.json.encode(calls).decode()
    if len(encoded.encode()) > MAX_CALL_BYTES:
        raise BadRequest(f"`{where}` may have {MAX_CALL_BYTES} bytes.")
    return encoded
