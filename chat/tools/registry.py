"""Tools: plain functions, registered with a decorator in any installed app's `tools` module."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

import pydantic
from channels.db import database_sync_to_async

from chat.conf import settings

RESULT_BYTES = 65_536  # of a result, larger ones are cut: a model's context is the scarcer room


@dataclass(frozen=True, slots=True)
class ToolContext:
    """On whose behalf a tool is called: primary keys of user and thread, and a search in that user's own threads."""

    user: int
    thread: int
    search: Callable[[str], Awaitable[list[dict[str, str]]]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A registered tool: its schema in the shape of chat completions, and how to call it."""

    name: str
    function: Callable[..., Any]
    arguments: type[pydantic.BaseModel]
    context: str | None
    schema: dict[str, Any]
    seconds: float
    result_bytes: int
    alone: bool
    permission: str | None


_tools: dict[str, Tool] = {}


class ToolMistake(Exception):
    """A tool cannot be registered: the message names it and says why."""


def tool(
    *,
    seconds: float | None = None,
    result_bytes: int = RESULT_BYTES,
    alone: bool = False,
    permission: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as a tool; its name, docstring and annotations are what the model is told.

    `seconds`: its deadline (default CHAT_TOOL_SECONDS). `alone`: never at once with other tools. `permission`: a Django
    permission that the user must have. A parameter annotated `ToolContext` gets the context and is not shown to the model.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        if name in _tools:
            raise ToolMistake(f"The tool {name!r} is registered twice.")
        context, arguments = _arguments(name, function)
        _tools[name] = Tool(
            name=name,
            function=function,
            arguments=arguments,
            context=context,
            schema=_schema(name, function, arguments),
            seconds=seconds or settings.tool_seconds,
            result_bytes=result_bytes,
            alone=alone,
            permission=permission,
        )
        return function

    return register


def _arguments(name: str, function: Callable[..., Any]) -> tuple[str | None, type[pydantic.BaseModel]]:
    """The parameter that takes the context, if any, and a model of the others."""
    hints, context, fields = get_type_hints(function, include_extras=True), None, {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in hints:
            raise ToolMistake(f"The tool {name!r}: its parameter {parameter.name!r} has no annotation.")
        if hints[parameter.name] is ToolContext:
            context = parameter.name
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    config = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=False)
    return context, pydantic.create_model(name, __config__=config, **fields)  # type: ignore[call-overload]


def _schema(name: str, function: Callable[..., Any], arguments: type[pydantic.BaseModel]) -> dict[str, Any]:
    try:
        parameters = arguments.model_json_schema()
        pydantic.TypeAdapter(dict[str, Any]).dump_json(parameters)
    except (
        pydantic.errors.PydanticUserError,
        pydantic.errors.PydanticInvalidForJsonSchema,
        ValueError,
    ) as problem:
        raise ToolMistake(
            f"The tool {name!r} has no JSON schema: {str(problem).splitlines()[0]}"
        ) from problem
    description = inspect.getdoc(function)
    if not description:
        raise ToolMistake(f"The tool {name!r} has no docstring: the model would not know what it is for.")
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


def chosen() -> dict[str, Tool]:
    """The tools that CHAT_TOOLS names. Raises ToolMistake for a name that no app registers."""
    for name in settings.tools:
        if name not in _tools:
            raise ToolMistake(
                f"CHAT_TOOLS names {name!r}, which no installed app registers. Known: {', '.join(_tools)}."
            )
    return {name: _tools[name] for name in settings.tools}


async def call(tool: Tool, arguments: pydantic.BaseModel, context: ToolContext) -> Any:
    """Call the function; a sync one in a thread, whose database connections are closed after it."""
    values = {name: getattr(arguments, name) for name in type(arguments).model_fields}
    if tool.context is not None:
        values[tool.context] = context
    if inspect.iscoroutinefunction(tool.function):
        awaitable: Awaitable[Any] = tool.function(**values)
        return await awaitable
    return await database_sync_to_async(tool.function, thread_sensitive=False)(**values)
