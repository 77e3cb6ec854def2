"""Tools: what is made of a function, what is refused, and what becomes of a call."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from chat.accumulator import ToolCall
from chat.tools import Called, Tool, ToolContext, ToolMistake, registry, run_all, tool
from chat.tools.blocking import in_thread

SAID: list[str] = []


async def no_search(_: str) -> list[dict[str, str]]:
    return []


@pytest.fixture(autouse=True)
def own_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_tools", {})


def made(function: Callable[..., Any], **options: Any) -> Tool:
    tool(**options)(function)
    return registry._tools[function.__name__]


def results(
    calls: list[tuple[str, str]], *tools: Tool, report: Callable[[str, str], None] | None = None
) -> list[Called]:
    wanted = [ToolCall(f"c{number}", name, arguments) for number, (name, arguments) in enumerate(calls)]
    context = ToolContext(1, 2, no_search)
    known = {one.name: one for one in tools}
    return asyncio.run(run_all(wanted, known, context, report or (lambda *_: None)))


def result(arguments: str, one: Tool) -> Called:
    return results([(one.name, arguments)], one)[0]


# Registering


class Place(BaseModel):
    city: str


def book(
    when: str,
    guests: Annotated[int, Field(description="how many come", ge=1)] = 2,
    place: Place | None = None,
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
    function = made(book).schema["function"]
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
    called = result('{"when": "8", "place": {"city": "Rome"}, "json": true}', made(book))
    assert called == Called("8 2 Rome dinner True 1")


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
def test_what_no_model_could_call_is_refused_with_its_name(function: Callable[..., Any]) -> None:
    with pytest.raises(ToolMistake) as caught:
        tool()(function)
    assert f"The tool {function.__name__!r}" in str(caught.value)
    assert MISTAKES[function] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_tool_is_registered_once() -> None:
    tool()(book)
    with pytest.raises(ToolMistake, match="The tool 'book' is registered twice"):
        tool()(book)


# Calling


def boom(kind: str) -> str:
    """Fails."""
    kinds = {"error": ValueError("of its own"), "exit": SystemExit(3), "stop": StopIteration("x")}
    raise kinds[kind]


async def boom_async(kind: str) -> str:
    """Fails."""
    kinds = {"error": ValueError("of its own"), "exit": SystemExit(3), "cancel": asyncio.CancelledError()}
    raise kinds[kind]


@pytest.mark.parametrize("kind", ["error", "exit", "stop", "other"])
def test_whatever_a_sync_tool_raises_becomes_a_result(kind: str) -> None:
    called = result(json.dumps({"kind": kind}), made(boom))
    assert called.failed
    assert json.loads(called.result)["error"]


@pytest.mark.parametrize("kind", ["error", "exit", "cancel", "other"])
def test_whatever_an_async_tool_raises_becomes_a_result(kind: str) -> None:
    called = result(json.dumps({"kind": kind}), made(boom_async))
    assert called.failed
    assert json.loads(called.result)["error"]


def test_the_words_of_a_failing_tool_stay_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        called = result('{"kind": "error"}', made(boom))
    assert "of its own" in called.result
    assert "of its own" not in caplog.text


BAD = {
    "": "when",
    "[]": "object",
    '{"when": 1}': "when",
    '{"when": "8", "x": 1}': "x",
    "{": "JSON",
    "[" * 9999: "JSON",
}


@pytest.mark.parametrize("arguments", BAD)
def test_arguments_that_do_not_fit_are_told_to_the_model(arguments: str) -> None:
    called = result(arguments, made(book))
    assert called.failed
    assert "The arguments do not fit: " in called.result
    assert BAD[arguments] in called.result


def big(kind: str) -> Any:
    """Says a lot."""
    values = {"ascii": "x" * 5_242_880, "wide": "ñ" * 5_000, "list": ["x"] * 5_000, "nul": "a\0b\ud800c"}
    return values[kind]


@pytest.mark.parametrize("kind", ["ascii", "wide", "list"])
def test_a_result_is_cut_at_its_cap_and_says_so(kind: str) -> None:
    cut = result(json.dumps({"kind": kind}), made(big, result_bytes=1_001)).result
    text, mark = cut[: -len("… (cut)")], cut[-len("… (cut)") :]
    assert mark == "… (cut)"
    assert 999 <= len(text.encode()) <= 1_001


def test_a_result_holds_nothing_that_cannot_be_stored() -> None:
    assert result('{"kind": "nul"}', made(big)) == Called("a\ufffdb\ufffdc")


def test_a_short_result_is_what_the_tool_gave() -> None:
    def pair() -> dict[str, Any]:
        """Gives two."""
        return {"a": 1, "ñ": [None, 1.5]}

    assert result("", made(pair)) == Called('{"a":1,"ñ":[null,1.5]}')


def test_a_sync_tool_does_not_block_the_loop_and_hears_that_its_time_is_over() -> None:
    told = threading.Event()

    def wait(context: ToolContext) -> str:
        """Waits."""
        if context.cancelled.wait(10):
            told.set()
        return "late"

    async def pass_by() -> str:
        """Goes on meanwhile."""
        return "passed"

    heard: list[tuple[str, str]] = []
    tools = made(wait, seconds=0.1), made(pass_by)
    hung, passed = results([("wait", ""), ("pass_by", "")], *tools, report=lambda *news: heard.append(news))
    assert ("longer than 0.1 s" in hung.result, passed) == (True, Called("passed"))
    assert heard.index(("pass_by", "done")) < heard.index(("wait", "failed"))
    assert told.wait(5)


def test_a_stop_ends_the_calls_and_tells_them() -> None:
    begun, told = threading.Event(), threading.Event()

    def wait(context: ToolContext) -> None:
        """Waits."""
        begun.set()
        if context.cancelled.wait(10):
            told.set()

    async def stop_it(one: Tool) -> None:
        calling = asyncio.create_task(
            run_all([ToolCall("c", "wait", "")], {"wait": one}, ToolContext(1, 2, no_search), lambda *_: None)
        )
        await asyncio.to_thread(begun.wait, 5)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling

    asyncio.run(stop_it(made(wait)))
    assert told.wait(5)


def test_a_sync_tool_that_never_returns_leaves_a_daemon() -> None:
    async def name() -> bool:
        return bool(await in_thread(lambda: threading.current_thread().daemon))

    assert asyncio.run(name())


def test_a_tool_that_must_be_alone_is_and_the_order_stays() -> None:
    inside: set[str] = set()
    crowds: list[set[str]] = []

    async def visit(name: str) -> str:
        """Comes and goes."""
        inside.add(name)
        crowds.append(set(inside))
        await asyncio.sleep(0)
        inside.discard(name)
        return name

    async def hermit(name: str) -> str:
        """Comes and goes."""
        return str(await visit(name))

    order = ["visit", "visit", "hermit", "hermit", "visit"]
    calls = [(name, json.dumps({"name": f"{name}{number}"})) for number, name in enumerate(order)]
    called = results(calls, made(visit), made(hermit, alone=True))
    assert [one.result for one in called] == ["visit0", "visit1", "hermit2", "hermit3", "visit4"]
    assert {"visit0", "visit1"} in crowds
    assert [crowd for crowd in crowds if any(name.startswith("hermit") for name in crowd)] == [
        {"hermit2"},
        {"hermit3"},
    ]


def test_an_unknown_tool_is_told_to_the_model_and_its_name_to_nobody() -> None:
    heard: list[tuple[str, str]] = []
    (called,) = results([("canary", "{}")], report=lambda *news: heard.append(news))
    assert called.failed
    assert heard == [("unknown", "started"), ("unknown", "failed")]
