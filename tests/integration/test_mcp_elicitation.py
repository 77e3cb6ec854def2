"""Questions of MCP servers to the user: asked once each, answered to the server, and refused where they must be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from functools import partial
from typing import Any

import mcp
import pytest

from chat.tools.context import AnswerNeeded, PersonAnswer
from chat.tools.mcp.calls import RunningCall, current_call
from chat.tools.mcp.connection import Connection
from chat.tools.mcp.elicitation import MAX_QUESTIONS, ElicitationRefused
from chat.tools.mcp.elicited_forms import MAX_FIELDS
from chat.tools.mcp.server import McpServer
from chat.tools.mcp.spec import McpSpec
from tests.fixtures.mcp_calls import CONTEXT, call, run, stdio
from tests.fixtures.mcp_http import serving


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving("asks") as url:
        yield url


@pytest.fixture
def former(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speak the protocol as it was before 2026-07-28: the server asks by requests during a call."""
    monkeypatch.setattr(mcp, "Client", partial(mcp.Client, mode="legacy"))


async def question(server: McpServer, tool: str, *answers: PersonAnswer, **arguments: Any) -> AnswerNeeded:
    """Return what a call asks the user."""
    with pytest.raises(AnswerNeeded) as asked:
        await call(server, tool, *answers, **arguments)
    return asked.value


def answer(asked: AnswerNeeded, content: Any, *, expired: bool = False) -> PersonAnswer:
    return PersonAnswer(content, asked.message, asked.schema, expired)


async def answered(server: McpServer, tool: str, content: Any, **options: Any) -> str:
    """Return the result of a call whose question the user answers."""
    asked = await question(server, tool, place="Rome")
    return await call(server, tool, answer(asked, content, **options), place="Rome")


# Asking


def test_an_official_server_gets_the_users_answer(url: str) -> None:
    assert run(McpSpec(url=url), lambda it: answered(it, "stub_reserve", {"seats": 3})) == "3 seats in Rome"


@pytest.mark.parametrize("tool", ["ask", "reserve"])
def test_an_official_server_gets_it_by_the_former_protocol(former: None, url: str, tool: str) -> None:
    assert "3" in run(McpSpec(url=url), lambda it: answered(it, f"stub_{tool}", {"seats": 3}))


def test_a_server_on_standard_input_and_output_gets_it() -> None:
    assert run(stdio("ask"), lambda it: answered(it, "stub_ask", {"seats": 3})) == '{"seats": 3}'


def test_a_question_comes_with_its_words_and_its_schema(url: str) -> None:
    asked = run(McpSpec(url=url), lambda it: question(it, "stub_reserve", place="Rome"))
    assert asked.message == "How many seats in Rome?"
    assert '"minimum":1' in asked.schema


@pytest.mark.parametrize(("expired", "told"), [(False, "decline"), (True, "cancel")])
@pytest.mark.usefixtures("former")
def test_a_server_is_told_of_a_refusal_and_of_a_deadline(url: str, expired: bool, told: str) -> None:
    said = run(McpSpec(url=url), lambda it: answered(it, "stub_maybe", None, expired=expired))
    assert said == f"{told} Rome"


def test_a_stored_answer_never_goes_to_another_question(url: str) -> None:
    async def asked_of(server: McpServer) -> str:
        rome = await question(server, "stub_reserve", place="Rome")
        oslo = await question(server, "stub_reserve", answer(rome, {"seats": 3}), place="Oslo")
        return oslo.message

    assert run(McpSpec(url=url), asked_of) == "How many seats in Oslo?"


ENDS = ("notifications/cancelled", "error", "result")


def test_a_server_whose_call_asks_gets_no_answer_but_the_end_of_the_call() -> None:
    async def calls(server: McpServer) -> str:
        await question(server, "stub_ask", place="Rome")
        await call(server, "stub_seen")
        return await call(server, "stub_seen")

    ends = [word for word in run(stdio("ask", "seen"), calls).split() if word in ENDS]
    assert ends == ["notifications/cancelled", "error"]


# Whose question it is


@pytest.mark.usefixtures("former")
def test_each_of_two_calls_at_once_gets_its_own_question_over_http(url: str) -> None:
    async def both(server: McpServer) -> list[str]:
        asked = (question(server, "stub_ask", place=place) for place in ("Rome", "Oslo"))
        return [one.message for one in await asyncio.gather(*asked)]

    assert run(McpSpec(url=url), both) == ["How many seats in Rome?", "How many seats in Oslo?"]


def test_a_question_that_may_be_of_either_call_goes_to_nobody_and_the_next_ones_run_in_turn() -> None:
    async def ends(server: McpServer) -> list[str]:
        calls = [call(server, "stub_ask", place=place) for place in ("Rome", "Oslo")]
        return [type(one).__name__ for one in await asyncio.gather(*calls, return_exceptions=True)]

    async def twice(server: McpServer) -> list[list[str]]:
        return [await ends(server), await ends(server)]

    first, second = run(stdio("ask"), twice)
    assert "AnswerNeeded" not in first
    assert second == ["AnswerNeeded", "AnswerNeeded"]


async def give_up(server: McpServer, tool: str) -> None:
    """Cancel a call while the server runs it."""
    calling = asyncio.create_task(call(server, tool))
    while not (server._connection and server._connection._calls):  # noqa: ASYNC110 - no event exists for it
        await asyncio.sleep(0)
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)


def test_a_server_that_asks_is_started_anew_after_a_call_that_was_given_up() -> None:
    async def state(server: McpServer) -> str:
        await question(server, "stub_ask", place="Rome")
        await give_up(server, "stub_hang")
        return server.state

    assert run(stdio("ask", "hang"), state) == "away"


def test_a_question_after_a_call_that_was_given_up_goes_to_no_other_call() -> None:
    async def calls(server: McpServer) -> str:
        await give_up(server, "stub_hang")
        assert "unknown which call asks" in await error_of(call(server, "stub_ask", place="Rome"))
        assert server.state == "away"
        await server.offered()
        return (await question(server, "stub_ask", place="Rome")).message

    assert run(stdio("ask", "hang"), calls) == "How many in Rome?"


async def error_of(called: Awaitable[str]) -> str:
    with pytest.raises(RuntimeError) as caught:
        await called
    return str(caught.value)


def test_a_question_of_a_call_that_has_ended_goes_to_no_other_call() -> None:
    async def asked() -> list[RunningCall | None]:
        connection = Connection("stub", stdio("ask"))
        ended, running = RunningCall(CONTEXT), RunningCall(CONTEXT)
        connection._calls.add(running)
        try:
            current_call.set(running)
            of_running = connection._asking_call()
            current_call.set(ended)
            return [of_running, connection._asking_call()]
        finally:
            connection._calls.clear()
            connection.end()
            await connection.closed()

    running, ended = asyncio.run(asked())
    assert (running is not None, ended) == (True, None)


# Refused


def test_a_server_that_asks_without_end_is_stopped() -> None:
    async def replies(server: McpServer) -> None:
        answers: list[PersonAnswer] = []
        for _ in range(MAX_QUESTIONS):
            answers.append(answer(await question(server, "stub_ask_on", *answers), {"word": "go on"}))
        await call(server, "stub_ask_on", *answers)

    with pytest.raises(ElicitationRefused, match=f"more than {MAX_QUESTIONS} times"):
        run(stdio("ask_on"), replies)


def test_a_server_that_never_asks_the_same_again_is_stopped() -> None:
    old = [PersonAnswer({"word": "yes"}, f"Question of {day}?", "{}") for day in range(MAX_QUESTIONS)]
    with pytest.raises(ElicitationRefused, match=f"more than {MAX_QUESTIONS} times"):
        run(stdio("ask_on"), lambda it: call(it, "stub_ask_on", *old))


def test_a_server_that_asks_for_a_password_is_refused_and_no_one_is_asked(url: str) -> None:
    with pytest.raises(ElicitationRefused, match="secret"):
        run(McpSpec(url=url), lambda it: call(it, "stub_sign_in"))


def form(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


TEXT = {"type": "string"}


HOSTILE: dict[str, Any] = {
    "a pattern": form(a=TEXT | {"pattern": "(a+)+$"}),
    "large": form(a=TEXT | {"description": "x" * 20_000}),
    "many fields": form(**{f"f{number}": TEXT for number in range(MAX_FIELDS + 1)}),
    "no object": {"type": "array"},
    "properties of no schema": {"type": "object", "properties": [1]},
}


def test_a_hostile_form_fails_the_call_and_not_the_connection() -> None:
    async def calls(server: McpServer) -> str:
        for schema in HOSTILE.values():
            with pytest.raises(Exception, match=r"form|Invalid"):
                await call(server, "stub_ask_with", message="?", schema=schema)
        return await call(server, "stub_pid")

    assert run(stdio("ask_with", "pid"), calls).isdigit()


def test_an_address_is_declined_and_the_model_reads_it(former: None, url: str) -> None:
    said = run(McpSpec(url=url), lambda it: call(it, "stub_open_page"))
    assert said.startswith("the user said decline\n[The server wanted the user to open an address")


def test_a_call_that_needs_an_address_first_fails_with_clear_words() -> None:
    with pytest.raises(ElicitationRefused, match="first open an address"):
        run(stdio("needs_address"), lambda it: call(it, "stub_needs_address"))


def test_a_long_question_is_cut() -> None:
    asked = run(
        stdio("ask_with"),
        lambda it: question(it, "stub_ask_with", message="\0" + "x" * 100_000, schema=form(a=TEXT)),
    )
    assert len(asked.message) == 2000
    assert "\0" not in asked.message
