"""Registration of functions as tools: their schemas, and refused functions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, Field

from chat.tools import ToolContext, ToolResult, tool
from tests.fixtures.calling import own_tools, register, result  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("own_tools")


class City(BaseModel):
    city: str


def book(
    when: str,
    guests: Annotated[int, Field(description="how many come", ge=1)] = 2,
    place: City | None = None,
    kind: Literal["lunch", "dinner"] = "dinner",
    json: bool = False,
    *,
    context: ToolContext,
) -> str:
    """Book a table.

    Only for today.

    Args:
        when: the time,
            as people say it
        guests: is described twice
        kind (str): the meal

    Returns:
        the number of the table
    """
    return f"{when} {guests} {place.city if place else ''} {kind} {json} {context.user}"


def test_the_schema_comes_from_signature_and_docstring() -> None:
    function = register(book).schema["function"]
    properties = function["parameters"]["properties"]
    assert (
        function["description"] == "Book a table.\n\nOnly for today.\n\nReturns:\n    the number of the table"
    )
    assert properties["when"] == {"description": "the time, as people say it", "type": "string"}
    assert properties["guests"] == {
        "default": 2,
        "description": "how many come",
        "minimum": 1,
        "type": "integer",
    }
    assert properties["kind"]["enum"] == ["lunch", "dinner"]
    assert properties["kind"]["description"] == "the meal"
    assert function["parameters"]["required"] == ["when"]
    assert set(properties) == {"when", "guests", "place", "kind", "json"}


def test_arguments_arrive_typed_and_the_context_with_them() -> None:
    called = result('{"when": "8", "place": {"city": "Rome"}, "json": true}', register(book))
    assert called == ToolResult("8 2 Rome dinner True 1")


def unannotated(words) -> str:  # type: ignore[no-untyped-def]
    """Says something."""
    return str(words)


def unserialisable(words: str = object()) -> str:  # type: ignore[assignment]
    """Says something."""
    return words


def infinite(number: float = float("inf")) -> float:
    """Says something."""
    return number


def any_number(*numbers: int) -> int:
    """Adds up."""
    return sum(numbers)


def any_name(**names: int) -> int:
    """Adds up."""
    return sum(names.values())


def positional(number: int, /) -> int:
    """Gives it back."""
    return number


def without_schema(thread: threading.Thread) -> str:
    """Says something."""
    return thread.name


def undocumented(words: str) -> str:
    return words


def typo(words: str) -> str:
    """Says something.

    Args:
        word: what
    """
    return words


def size(words: str) -> str:
    """Says something."""
    return words


size.__name__ = "größe"


def unresolved(words: Missing) -> str:  # type: ignore[name-defined]  # noqa: F821
    """Says something."""
    return str(words)


MISTAKES = {
    unannotated: "its parameter 'words' has no annotation",
    unserialisable: "the default of its parameter 'words' cannot be written as JSON",
    infinite: "the default of its parameter 'number' cannot be written as JSON",
    any_number: "its parameter '*numbers' cannot be given by name",
    any_name: "its parameter '**names' cannot be given by name",
    positional: "its parameter 'number' cannot be given by name",
    without_schema: "has no JSON schema",
    undocumented: "has no docstring",
    typo: "its docstring describes 'word', which is no parameter",
    size: "a name is 1 to 64 of",
    unresolved: "its annotations cannot be read",
}


@pytest.mark.parametrize("function", MISTAKES, ids=[function.__name__ for function in MISTAKES])
def test_a_function_that_no_model_could_call_is_refused_by_name(function: Callable[..., Any]) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        tool()(function)
    assert f"The tool {function.__name__!r}" in str(caught.value)
    assert MISTAKES[function] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_tool_is_registered_once() -> None:
    tool()(book)
    with pytest.raises(ImproperlyConfigured, match="The tool 'book' is registered twice"):
        tool()(book)


BAD = {
    "": "when",
    "[]": "object",
    '{"when": 1}': "when",
    '{"when": "8", "x": 1}': "x",
    "{": "JSON",
    "[" * 9999: "JSON",
}


@pytest.mark.parametrize("arguments", BAD)
def test_the_model_gets_the_reason_why_arguments_do_not_fit(arguments: str) -> None:
    called = result(arguments, register(book))
    assert called.failed
    assert "The arguments do not fit: " in called.result
    assert BAD[arguments] in called.result
