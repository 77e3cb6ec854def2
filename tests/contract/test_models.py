"""Configured models beside the two built-in ones: names, prompts, parameters, budgets."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.contract.expect import assert_problem
from tests.fixtures.models import OF_THE_MODEL, give_system_prompt, settings
from tests.live.client import Client, new_id
from tests.live.transports import C1


@pytest.fixture
def server(live: None, servers: Any, scripted_model: ScriptedModel) -> Any:
    return servers.keep(**settings(scripted_model.base_url))


def test_the_session_names_every_model(alice: Client) -> None:
    names = ["c1", "openassistant", "second", "third", "tiny", "drawing", "away", "nowhere"]
    assert alice.get("/api/session").json()["models"] == names


def test_an_unknown_model_is_refused_with_the_known_ones(model: ScriptedModel, alice: Client) -> None:
    problem = assert_problem(alice.chat(model="gpt"), "bad_request", 400)
    assert problem["models"][:3] == ["c1", "openassistant", "second"]
    assert "second" in problem["detail"]
    assert not model.requests


def test_a_request_has_the_models_own_name_key_and_parameters(model: ScriptedModel, alice: Client) -> None:
    assert (
        alice.chat("Hi", model="second", response=(response := new_id("r"))).text == "Hello from the script."
    )
    (request,) = model.requests
    assert request.headers["authorization"] == "Bearer key-of-second"
    assert (request.json["model"], request.json["temperature"]) == ("upstream-2", 0.25)
    assert request.messages == [{"role": "user", "content": "Hi"}]
    assert alice.response(response)["model"] == "second"


def test_no_key_is_sent_to_a_model_without_one(model: ScriptedModel, alice: Client) -> None:
    alice.chat(model="third")
    assert "authorization" not in model.requests[0].headers


def test_metadata_is_sent_and_the_system_text_comes_first(model: ScriptedModel, alice: Client) -> None:
    alice.chat("Hi")
    assert model.requests[0].json["metadata"] == {"thesys": "{}"}
    assert model.requests[0].messages == [
        {"role": "system", "content": f"You are {OF_THE_MODEL}."},
        {"role": "user", "content": "Hi"},
    ]


def test_the_threads_system_text_follows_the_models(model: ScriptedModel, alice: Client) -> None:
    alice.chat("One", thread=(thread := new_id("t")))
    give_system_prompt(thread, "Speak Spanish.")
    alice.chat("Two", thread=thread)
    roles = [(message["role"], message["content"]) for message in model.requests[1].messages]
    assert roles[:3] == [
        ("system", f"You are {OF_THE_MODEL}."),
        ("system", "Speak Spanish."),
        ("user", "One"),
    ]
    assert [message["role"] for message in alice.messages(thread)] == ["user", "assistant"] * 2


def test_openassistant_gets_both_before_the_first_user_text(model: ScriptedModel, alice: Client) -> None:
    alice.chat("One", model="openassistant", thread=(thread := new_id("t")))
    give_system_prompt(thread, "Speak Spanish.")
    alice.chat("Two", model="openassistant", thread=thread)
    prompt = model.requests[1].json["prompt"]
    assert prompt.startswith("<|prompter|>Be brief.\n\nSpeak Spanish.\n\nOne<|endoftext|>")
    assert (model.requests[1].json["max_tokens"], model.requests[1].json["top_k"]) == (64, 5)
    assert model.requests[1].json["top_p"] == 0.95


def test_an_openui_model_gets_the_format_in_its_system_prompt(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1"}')), answer("done"))
    told = C1.send(alice, model="drawing").rest().text
    system, _ = model.requests[0].messages
    assert system["role"] == "system"
    assert "openui-lang" in system["content"]
    assert system["content"].endswith("\n\nMind the colours.")
    assert b"<thinkitem ephemeral" in told


def test_think_items_are_left_out_for_models_that_write_no_interface(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1"}')), answer("done"))
    assert C1.send(alice, model="second").rest().text == b"done"


def test_a_model_without_tools_gets_the_calls_of_a_thread_as_text(
    model: ScriptedModel, alice: Client
) -> None:
    call = Call("calculate", '{"expression": "1+1"}')
    model.script(tool_round(call, text="Wait. "), answer("Two."))
    alice.chat("What is 1+1?", model="second", thread=(thread := new_id("t")))
    alice.chat("And?", model="third", thread=thread)
    _, reply, _ = model.requests[-1].messages
    assert reply["role"] == "assistant"
    assert reply["content"].startswith('Wait. \n\n[calculate({"expression": "1+1"}) returned ')
    assert reply["content"].endswith("]\n\nTwo.")
    assert model.requests[-1].json.keys().isdisjoint({"tools", "tool_choice"})


def test_the_oldest_turns_go_beyond_a_models_budget(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    for words in ("a" * 60, "b" * 60, "c" * 60):
        alice.chat(words, model="tiny", thread=thread)
    said = [message["content"][0] for message in model.requests[2].messages]
    assert said == ["c"]
