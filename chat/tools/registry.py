"""Tools: plain functions, registered with a decorator in any installed app's `tools` module."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from chat.conf import settings
from chat.tools.schema import NAME, Arguments, Parse, documented

RESULT_BYTES = 65_536  # of a result, larger ones are cut: a model's context is the scarcer room


_NEVER = threading.Event()


@dataclass(frozen=True, slots=True)
class ToolContext:
    """On whose behalf a tool is called: primary keys of user and thread, and a search in that user's own threads.

    `cancelled` is set once nobody waits for the result any more: after a stop, a timeout, or the end. A sync tool that
    takes long should look at it; an async one is cancelled anyway.
    """

    user: int
    thread: int
    search: Callable[[str], Awaitable[list[dict[str, str]]]]
    cancelled: threading.Event = _NEVER  # each call has its own


@dataclass(frozen=True, slots=True)
class Tool:
    """A registered tool: its schema in the shape of chat completions, and how to call it.

    `parse` turns a model's JSON into keyword arguments, or raises BadArguments; `context` is the parameter that takes the
    ToolContext, if any.
    """

    name: str
    function: Callable[..., Any]
    parse: Parse
    schema: dict[str, Any]
    seconds: float | None = None
    context: str | None = None
    result_bytes: int = RESULT_BYTES
    alone: bool = False
    permission: str | None = None

    @property
    def deadline(self) -> float:
        """Return the seconds that one call may take: the tool's own, or CHAT_TOOL_SECONDS."""
        return self.seconds or settings.tool_seconds


_tools: dict[str, Tool] = {}


def tool(
    *,
    seconds: float | None = None,
    result_bytes: int = RESULT_BYTES,
    alone: bool = False,
    permission: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as a tool; its name, docstring and annotations are what the model is told.

    `seconds`: its deadline (default CHAT_TOOL_SECONDS). `alone`: never at once with other tools. `permission`: a Django
    permission that the user must have, else the tool is not offered. A parameter annotated `ToolContext` gets the context
    and is not shown to the model; the others are described by the docstring's `Args:` or by annotations.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        if name in _tools:
            raise ImproperlyConfigured(f"The tool {name!r} is registered twice.")
        arguments = Arguments(name, function, ToolContext)
        _tools[name] = Tool(
            name=name,
            function=function,
            parse=arguments.parse,
            schema=_schema(name, function, arguments),
            seconds=seconds,
            context=arguments.context,
            result_bytes=result_bytes,
            alone=alone,
            permission=permission,
        )
        return function

    return register


def _schema(name: str, function: Callable[..., Any], arguments: Arguments) -> dict[str, Any]:
    if not NAME.fullmatch(name):
        raise ImproperlyConfigured(
            f"The tool {name!r}: a name is 1 to 64 of A-Z a-z 0-9 _ -, or providers refuse it."
        )
    description, of_parameters = documented(function)
    if not description:
        raise ImproperlyConfigured(
            f"The tool {name!r} has no docstring: the model would not know what it is for."
        )
    arguments.describe(of_parameters)
    return tool_schema(name, description, arguments.schema)


def tool_schema(name: str, description: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A tool in the shape of chat completions."""
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


def configured_tools() -> dict[str, Tool]:
    """Return the tools that CHAT_TOOLS names. Raises ImproperlyConfigured for a name that no app registers."""
    for name in settings.tools:
        if name not in _tools:
            raise ImproperlyConfigured(
                f"CHAT_TOOLS names {name!r}, which no installed app registers. Known: {', '.join(_tools)}."
            )
    return {name: _tools[name] for name in settings.tools}
