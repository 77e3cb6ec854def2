"""Tools that write into the answer: the log, the message, the history and the usage hold what they wrote."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.contract.test_tools import assert_valid_history
from tests.contract.waits import reply, waiting
from tests.fixtures.models import settings
from tests.live.client import Client, new_id
from tests.live.transports import SSE, TRANSPORTS

CHOSEN = "<thinkitem><thinkitemtitle>Chosen</thinkitemtitle><thinkitemcontent>A short one.</thinkitemcontent></thinkitem>"
RECITED = f"{CHOSEN}[Roses are red]"


@pytest.fixture
def server(live: None, servers: Any, scripted_model: ScriptedModel) -> Any:
    return servers.keep(**settings(scripted_model.base_url))


def round_of(name: str, text: str = "", call: str = "call_1") -> Any:
    return tool_round(Call(name, "{}", call), text=text)


def test_what_a_tool_writes_stands_in_log_and_message_where_it_was_written(
    model: ScriptedModel, alice: Client
) -> None:
    poem = answer("Roses ", "are red", usage=(7, 5))
    model.script(round_of("recite", "Listen: "), poem, answer(" Nice?", usage=(10, 2)))
    thread, response = new_id("t"), new_id("r")
    heard = SSE.send(alice, thread=thread, response=response).rest().text
    assert alice.messages(thread)[-1]["content"] == f"Listen: {RECITED} Nice?"
    assert b"Rehearsing" in heard
    for transport in TRANSPORTS:
        assert transport.follow(alice, response).rest().text == heard
    asked = model.requests[1].json
    assert (asked["model"], asked["metadata"]) == ("upstream-3", {"verse": "1"})
    assert asked["messages"] == [{"role": "user", "content": "A verse"}]
    assert model.requests[2].messages[-1]["content"] == "recited 13 characters"


def test_the_next_turn_gets_what_tools_wrote_once_and_behind_their_results(
    model: ScriptedModel, alice: Client
) -> None:
    verse = answer("Roses are red")
    model.script(
        round_of("recite", "One: "), verse, round_of("recite", "Two: ", "call_2"), verse, answer("End.")
    )
    alice.chat("First", thread=(thread := new_id("t")))
    alice.chat("Second", thread=thread)
    sent = model.requests[5].messages
    assert_valid_history(sent)
    said = [(message["role"], message["content"]) for message in sent if message["role"] != "system"]
    result = ("tool", "recited 13 characters")
    first = [("user", "First"), ("assistant", "One: "), result, ("assistant", f"{RECITED}Two: "), result]
    assert said == [*first, ("assistant", f"{RECITED}End."), ("user", "Second")]


def test_the_calls_of_models_by_tools_are_accounted_for(model: ScriptedModel, alice: Client) -> None:
    model.script(
        tool_round(Call("recite", "{}")), answer("Roses", usage=(7, 5)), answer("Nice?", usage=(10, 2))
    )
    alice.chat(response=(response := new_id("r")))
    from chat.models import Response, UpstreamCall

    row = Response.objects.get(public_id=response)
    calls = UpstreamCall.objects.filter(response=row.pk).order_by("round", "attempt")
    made = [(call.model, call.round, call.attempt, call.completion_tokens) for call in calls]
    assert [one[:3] for one in made] == [("c1", 0, 0), ("third", 0, 1), ("c1", 1, 0)]
    assert alice.response(response)["usage"]["completionTokens"] == sum(one[3] for one in made)


def test_a_tool_that_writes_for_ever_ends_with_the_largest_answer(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(round_of("babble", "Go. "))
    thread, response = new_id("t"), new_id("r")
    alice.chat(thread=thread, response=response)
    row = alice.response(response)
    assert (row["status"], row["finishReason"]) == ("done", "length")
    assert 1_048_570 < row["offset"] <= 1_048_576
    assert len(model.requests) == 1
    assert alice.messages(thread)[-1]["content"].strip("ä") == "Go. "


def test_a_tool_that_shows_steps_for_ever_ends_in_its_time_and_fills_no_more_than_the_answer(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(round_of("ponder"), answer("End."))
    alice.chat(response=(response := new_id("r")))
    row = alice.response(response)
    assert row["status"] == "done"
    assert row["offset"] <= 1_048_576
    assert "error" in model.requests[1].messages[-1]["content"]


def test_a_stop_keeps_what_a_tool_has_written_and_the_history_stays_valid(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(round_of("stutter", "I think: "))
    thread, response = new_id("t"), new_id("r")
    stream = SSE.send(alice, thread=thread, response=response)
    stream.until("Well ")
    alice.stop(response)
    assert stream.rest().end["status"] == "stopped"
    assert alice.messages(thread)[-1]["content"] == "I think: Well "
    alice.chat("Go on", thread=thread)
    sent = model.requests[-1].messages
    assert_valid_history(sent)
    assert ("assistant", "I think: Well ") in [(one["role"], one["content"]) for one in sent]


def test_a_prompt_that_interrupts_a_writing_tool_finds_what_it_wrote(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(round_of("stutter"), answer("Second."))
    thread, response = new_id("t"), new_id("r")
    SSE.send(alice, thread=thread, response=response).until("Well ")
    assert alice.chat("Enough", thread=thread).text == "Second."
    assert alice.response(response)["status"] == "stopped"
    assert [message["content"] for message in alice.messages(thread)][1::2] == ["Well ", "Second."]
    assert_valid_history(model.requests[-1].messages)


def test_only_a_tool_that_runs_alone_may_write(model: ScriptedModel, alice: Client) -> None:
    model.script(round_of("mumble"), answer("Well."))
    assert alice.chat().text.endswith("Well.")
    assert "alone=True" in model.requests[1].messages[-1]["content"]


def test_what_a_tool_wrote_before_a_wait_is_in_the_history_after_it(
    model: ScriptedModel, alice: Client
) -> None:
    pay = Call("pay", '{"amount": 5}', "call_2")
    model.script(
        tool_round(Call("recite", "{}"), pay), answer("Roses are red"), answer("Paid."), answer("Second.")
    )
    thread = new_id("t")
    response, requests = waiting(model, alice, thread=thread)
    reply(alice, response, requests[0], "approved")
    alice.wait_until(response, "done")
    assert alice.messages(thread)[-1]["content"] == f"{RECITED}Paid."
    alice.chat("More", thread=thread)
    said = [(one["role"], one["content"]) for one in model.requests[-1].messages]
    assert ("assistant", f"{RECITED}Paid.") in said


def test_files_that_a_tool_attaches_come_with_the_answer(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    model.script(round_of("hand_over"), answer("Here."))
    alice.chat(thread=(thread := new_id("t")))
    told = model.requests[1].messages[-1]["content"]
    assert told.startswith("/api/attachments; refused: ")
    shown = alice.messages(thread)[-1]["attachments"]
    assert [(one["name"], one["contentType"]) for one in shown] == [
        ("list.csv", "text/csv"),
        ("dot.png", "image/png"),
    ]
    assert alice.http.get(shown[0]["url"]).content == b"a,b\n1,2\n"
    assert bob.http.get(shown[0]["url"]).status_code == 404
