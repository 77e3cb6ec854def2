"""Tools: plain functions, registered with a decorator in any installed app's `tools` module."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from chat.conf import settings
from chat.tools.context import ToolContext
from chat.tools.provider_schema import parameters_schema
from chat.tools.schema import NAME, Arguments, BadArguments, Parse, documented

# Of a result; larger ones are cut, because a model's context is scarce.
RESULT_BYTES = 65_536
# Of a tool's description; OpenAI refuses a longer one.
DESCRIPTION_CHARACTERS = 1_024


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its schema in the shape of chat completions, and its function.

    `parse` turns a model's JSON into keyword arguments, or raises BadArguments; `context` is the parameter that takes the
    ToolContext, if any. `approval`: a call runs only after the user has approved it, with other arguments if they are
    `editable`; `by_staff`: it is staff who approve. `by_client`: the client makes the calls, and gives their results.
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
    approval: bool = False
    editable: bool = False
    by_client: bool = False
    by_staff: bool = False

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
    approval: bool = False,
    editable: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as a tool; the model gets its name, docstring and annotations.

    `seconds`: its deadline (default CHAT_TOOL_SECONDS). `alone`: never at once with other tools. `permission`: a Django
    permission; the tool is offered only to users who have it. `approval`: the user is asked before each call, and may change
    its arguments where they are `editable`. A parameter annotated `ToolContext` gets the context and is
    hidden from the model; the docstring's `Args:` or annotations describe the others.
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
            approval=approval,
            editable=editable,
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


def client_tools(declared: Iterable[dict[str, Any]]) -> dict[str, Tool]:
    """Return the tools that a client declares in OpenAI's form, by their names."""
    names = {tool["function"]["name"]: tool for tool in declared}
    return {
        name: Tool(name=name, function=_by_client, parse=_unparsed, schema=tool, by_client=True)
        for name, tool in names.items()
    }


def _by_client() -> str:
    raise NotImplementedError("a client makes the calls of its own tools")


def _unparsed(arguments: str) -> dict[str, Any]:
    raise BadArguments("a client makes the calls of its own tools")


def tool_schema(name: str, description: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a tool in the shape of chat completions.

    OpenAI refuses a longer description (janwilmake/openapi-mcp-server#23): the rest stands above the parameters.
    """
    schema = parameters_schema(parameters)
    if len(description) > DESCRIPTION_CHARACTERS:
        beginning = description[:DESCRIPTION_CHARACTERS]
        end = max(beginning.rfind(" "), beginning.rfind("\n")) + 1 or DESCRIPTION_CHARACTERS
        description, rest = description[:end], description[end:]
        schema["description"] = "\n\n".join(filter(None, (rest, schema.get("description"))))
    function = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": function}


def registered_tool(name: str) -> Tool:
    """Return the registered tool of a name."""
    return _tools[name]


def configured_tools() -> dict[str, Tool]:
    """Return the tools that CHAT_TOOLS names. Raises ImproperlyConfigured for a name that no app registers."""
    for name in settings.tools:
        if name not in _tools:
            raise ImproperlyConfigured(
                f"CHAT_TOOLS names {name!r}, which no installed app registers. Known: {', '.join(_tools)}."
            )
    return {name: _tools[name] for name in settings.tools}
