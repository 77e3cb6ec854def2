"""Any number of models beside the two that are always there: names, prompts, parameters, tools, fallbacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chat.testing import FAULTS, Call, ScriptedModel, answer, refusal, tool_round
from chat.testing.script import broken
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.doors import C1, DOORS, SSE
from tests.toolbox.tools import SECRET

NOBODY = "http://127.0.0.1:9/v1/"  # the discard port: nothing listens there
HIDDEN = ("canary1204", "canary1205", "canary1206", "canary1207", SECRET)
OF_THE_MODEL, OF_THE_THREAD, IN_ARGUMENTS, _, _ = HIDDEN
TOOLS = "current_time,calculate,search_threads,backend,whisper,list_users,hang"


def configured(url: str) -> dict[str, Any]:
    here = {"baseUrl": url}
    return {
        "c1": {
            "system": f"You are {OF_THE_MODEL}.",
            "fallbacks": ["second", "third"],
            "metadata": {"thesys": "{}"},
        },
        "openassistant": {"system": "Be brief.", "parameters": {"max_tokens": 64, "top_k": 5}},
        "second": {
            **here,
            "model": "upstream-2",
            "apiKeyEnv": "SECOND_KEY",
            "parameters": {"temperature": 0.25},
        },
        "third": {**here, "model": "upstream-3", "tools": False},
        "tiny": {**here, "model": "upstream-4", "tools": ["calculate"], "budgetTokens": 25},
        "drawing": {**here, "model": "upstream-5", "openui": True, "system": "Mind the colours."},
        "away": {"baseUrl": NOBODY, "model": "m", "fallbacks": ["third"]},
        "nowhere": {"baseUrl": NOBODY, "model": "m", "fallbacks": ["away"]},
    }


@pytest.fixture
def server(live: None, servers: Any, scripted_model: ScriptedModel) -> Any:
    return servers.keep(
        CHAT_MODELS=json.dumps(configured(scripted_model.base_url)),
        SECOND_KEY="key-of-second",
        CHAT_APPS="tests.toolbox",
        CHAT_TOOLS=TOOLS,
        CHAT_FIRST_TOKEN_SECONDS="1.2",
        CHAT_RESPONSE_SECONDS="8",
        CHAT_ACTIVE_PER_USER="20",
    )


def asked(model: ScriptedModel) -> list[str]:
    return [request.json["model"] for request in model.requests]


def offered(model: ScriptedModel, turn: int = 0) -> set[str]:
    return {tool["function"]["name"] for tool in model.requests[turn].json.get("tools", [])}


def test_the_session_names_every_model(alice: Client) -> None:
    names = ["c1", "openassistant", "second", "third", "tiny", "drawing", "away", "nowhere"]
    assert alice.get("/api/session").json()["models"] == names


def test_an_unknown_model_is_refused_with_the_known_ones(model: ScriptedModel, alice: Client) -> None:
    problem = assert_problem(alice.chat(model="gpt"), "bad_request", 400)
    assert problem["models"][:3] == ["c1", "openassistant", "second"]
    assert "second" in problem["detail"]
    assert not model.requests


def test_a_model_is_asked_with_its_own_name_key_and_parameters(model: ScriptedModel, alice: Client) -> None:
    assert (
        alice.chat("Hi", model="second", response=(response := new_id("r"))).text == "Hello from the script."
    )
    (request,) = model.requests
    assert request.headers["authorization"] == "Bearer key-of-second"
    assert (request.json["model"], request.json["temperature"]) == ("upstream-2", 0.25)
    assert request.messages == [{"role": "user", "content": "Hi"}]
    assert alice.response(response)["model"] == "second"


def test_a_model_without_a_key_gets_none(model: ScriptedModel, alice: Client) -> None:
    alice.chat(model="third")
    assert "authorization" not in model.requests[0].headers


def test_metadata_goes_through_and_the_system_text_stands_first(model: ScriptedModel, alice: Client) -> None:
    alice.chat("Hi")
    assert model.requests[0].json["metadata"] == {"thesys": "{}"}
    assert model.requests[0].messages == [
        {"role": "system", "content": f"You are {OF_THE_MODEL}."},
        {"role": "user", "content": "Hi"},
    ]


def give_system_prompt(thread: str, words: str) -> None:
    from chat.models import Thread

    Thread.objects.filter(public_id=thread).update(system_prompt=words)


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


def test_a_model_that_is_not_c1s_is_told_how_to_draw(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1"}')), answer("done"))
    told = C1.send(alice, model="drawing").rest().text
    system, _ = model.requests[0].messages
    assert system["role"] == "system"
    assert "openui-lang" in system["content"]
    assert system["content"].endswith("\n\nMind the colours.")
    assert b"<thinkitem ephemeral" in told


def test_think_items_stay_away_where_no_interface_is_written(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1"}')), answer("done"))
    assert C1.send(alice, model="second").rest().text == b"done"


def test_the_oldest_turns_go_beyond_a_models_budget(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    for words in ("a" * 60, "b" * 60, "c" * 60):
        alice.chat(words, model="tiny", thread=thread)
    said = [message["content"][0] for message in model.requests[2].messages]
    assert said == ["c"]


# Tools


def test_each_model_is_offered_its_own_tools(model: ScriptedModel, alice: Client) -> None:
    for name in ("second", "third", "tiny"):
        alice.chat(model=name)
    assert offered(model, 0) == set(TOOLS.split(",")) - {"list_users"}
    assert offered(model, 1) == set()
    assert offered(model, 2) == {"calculate"}


def test_a_tool_that_was_not_offered_is_not_called(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("whisper", '{"words": "x"}')), answer("done"))
    assert alice.chat(model="tiny").text == "done"
    assert "no tool of that name" in model.requests[1].messages[-1]["content"]


def test_tools_of_any_app_are_found_and_described(model: ScriptedModel, alice: Client) -> None:
    alice.chat(model="second")
    tools = {tool["function"]["name"]: tool["function"] for tool in model.requests[0].json["tools"]}
    assert tools["whisper"]["description"] == "Something that only the model may know."
    assert tools["whisper"]["parameters"]["properties"]["words"]["description"] == "what it is about"
    assert tools["hang"]["parameters"].get("properties", {}) == {}


def test_a_tool_with_a_permission_is_for_those_who_have_it(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    from django.contrib.auth.models import Permission

    from chat.models import User

    right = Permission.objects.get(codename="view_user")
    User.objects.get(username=bob.username).user_permissions.add(right)
    model.script(tool_round(Call("list_users", "{}")), answer("done"))
    alice.chat(model="second")
    assert "only for" not in model.requests[1].messages[-1]["content"]
    bob.chat(model="second")
    assert ("list_users" in offered(model, 0), "list_users" in offered(model, 2)) == (False, True)


def test_a_sync_tool_keeps_no_connection_and_knows_its_user(model: ScriptedModel, alice: Client) -> None:
    from django.db import connection

    from chat.models import User

    model.script(tool_round(Call("backend", "{}")), answer("done"))
    alice.chat(model="second")
    told = json.loads(model.requests[1].messages[-1]["content"])
    assert told["user"] == User.objects.get(username=alice.username).pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [told["pid"]])
        assert cursor.fetchone() == (0,)


def test_a_tool_that_hangs_costs_its_own_time_only(model: ScriptedModel, alice: Client) -> None:
    model.script(
        tool_round(Call("hang", "{}", "a", 0), Call("whisper", '{"words": "x"}', "b", 1)), answer("done")
    )
    assert alice.chat(model="second").text == "done"
    hung, heard = model.requests[1].messages[-2:]
    assert ("longer than 0.2 s" in hung["content"], SECRET in heard["content"]) == (True, True)


# Fallbacks


@pytest.mark.parametrize(
    "fault",
    [
        "401",
        "429 with Retry-After",
        "503 with Retry-After",
        "reset before the first byte",
        "no first byte",
        "nothing at all",
        "HTML",
        "bad JSON",
        "error inside the stream",
    ],
)
def test_a_model_that_fails_before_its_first_byte_gives_way(
    model: ScriptedModel, alice: Client, fault: str
) -> None:
    model.script(FAULTS[fault].behaviour, answer("It is ", "me."))
    heard = SSE.send(alice, response=(response := new_id("r"))).rest()
    assert (heard.text, heard.end["status"], heard.end["error"]) == (b"It is me.", "done", None)
    assert asked(model) == ["c1-nightly", "upstream-2"]
    assert alice.response(response)["model"] == "c1"


def test_the_next_model_gets_its_own_prompt_and_tools(model: ScriptedModel, alice: Client) -> None:
    model.script(refusal(401), refusal(401), answer("Third."))
    assert alice.chat("Hi").text == "Third."
    assert asked(model) == ["c1-nightly", "upstream-2", "upstream-3"]
    assert offered(model, 1)
    assert not offered(model, 2)
    assert model.requests[2].messages == [{"role": "user", "content": "Hi"}]


def test_a_refused_connection_gives_way_but_fallbacks_of_fallbacks_are_not_followed(
    model: ScriptedModel, alice: Client
) -> None:
    assert alice.chat(model="away").text == "Hello from the script."
    heard = SSE.send(alice, model="nowhere").rest()
    assert heard.end["error"]["code"] == "unavailable"
    assert asked(model) == ["upstream-3"]


def test_where_all_fail_the_error_is_the_last_ones(model: ScriptedModel, alice: Client) -> None:
    model.script(refusal(503, retry_after=60), refusal(503, retry_after=60), refusal(401))
    assert SSE.send(alice).rest().end["error"]["code"] == "model_failed"


def test_after_the_first_byte_nobody_takes_over(model: ScriptedModel, alice: Client) -> None:
    model.script(broken("Half"))
    heard = SSE.send(alice).rest()
    assert (heard.text, heard.end["status"]) == (b"Half", "failed")
    assert len(model.requests) == 1


def test_after_a_tool_call_nobody_takes_over(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1"}')), refusal(401), answer("never"))
    assert SSE.send(alice).rest().end["status"] == "failed"
    assert asked(model) == ["c1-nightly", "c1-nightly"]


def test_who_took_over_sees_the_response_through(model: ScriptedModel, alice: Client) -> None:
    model.script(refusal(401), tool_round(Call("calculate", '{"expression": "1"}')), answer("done"))
    assert SSE.send(alice).rest().end["status"] == "done"
    assert asked(model) == ["c1-nightly", "upstream-2", "upstream-2"]


# What no client gets


def test_prompts_arguments_and_results_reach_no_client(
    model: ScriptedModel, alice: Client, make_client: Callable[..., Any]
) -> None:
    thread = new_id("t")
    alice.chat("One", thread=thread)
    give_system_prompt(thread, OF_THE_THREAD)
    seen: list[str] = []
    with alice.socket() as watching:
        watching.say("watch")
        for door in DOORS:
            model.script(
                tool_round(Call("whisper", json.dumps({"words": IN_ARGUMENTS}))),
                tool_round(Call("whisper", '{"wrong": "canary1207"}')),
                answer("Said."),
            )
            response = new_id("r")
            seen.append(str(door.send(alice, thread=thread, response=response).rest()))
            seen += [str(follower.follow(alice, response).rest()) for follower in DOORS]
            seen.append(alice.get(f"/api/responses/{response}").text)
        seen += [str(watching.hear()) for _ in DOORS]
    assert all(word in str([request.body for request in model.requests]) for word in HIDDEN)
    seen += [alice.get(path).text for path in pages_of(thread)]
    seen.append(alice.http.patch(f"/api/threads/{thread}", json={"title": "New"}).text)
    for word in HIDDEN:
        assert not [text for text in seen if word in text.replace(f"q={word}", "")], word


def pages_of(thread: str) -> list[str]:
    searches = [f"/api/threads?q={word}" for word in HIDDEN]
    return [
        "/",
        "/api/threads",
        "/api/session",
        f"/api/threads/{thread}",
        f"/api/threads/{thread}/messages",
        *searches,
    ]
