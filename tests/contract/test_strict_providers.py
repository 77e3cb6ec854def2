"""Histories that strict providers accept, after any switch of models, and requests that are rebuilt as they were sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chat.models import UpstreamCall
from chat.reporting.request_rebuild import rebuild_request
from chat.testing import Call, ScriptedModel, answer, refusal, tool_round
from chat.testing.model_server import Received
from chat.testing.strict_checks import Refused
from chat.testing.strict_providers import ANSWER, PROVIDERS, behave
from tests.live.client import Client, new_id
from tests.live.harness import eventually
from tests.live.pictures import part, upload

SUM = '{"expression": "6*7"}'
# Model names may not hold what upstream names hold.
NAMES = {upstream.rpartition("/")[2]: upstream for upstream in PROVIDERS}
MINISTRAL, QWEN = "Ministral-3-8B-Instruct", "Qwen3.5-27B"


def configured(url: str) -> str:
    """Return CHAT_MODELS with every strict provider; the properties of all but one come from their names."""
    models: dict[str, Any] = {name: {"baseUrl": url, "model": upstream} for name, upstream in NAMES.items()}
    models["gpt-oss-120b"]["wantsBack"] = False  # by its host, where it is not this machine
    models[MINISTRAL]["images"] = True
    models[QWEN]["system"] = "You work for Example."
    parameters = {"max_tokens": 100, "reasoning_effort": "low"}
    models["deepseek-v4-pro"]["efforts"] = {"high": {"reasoning_effort": "high"}}
    models["limited"] = {"baseUrl": url, "model": "gpt-5.1", "parameters": parameters}
    models["falling"] = {"baseUrl": url, "model": "gemini-3-pro-preview", "fallbacks": ["gpt-5.1"]}
    return json.dumps(models)


@pytest.fixture
def strict_env(scripted_model: ScriptedModel) -> dict[str, str]:
    return {"CHAT_MODELS": configured(scripted_model.base_url), "CHAT_ACTIVE_PER_USER": "20"}


@pytest.fixture
def ada(live: None, servers: Any, make_client: Callable[..., Client], strict_env: dict[str, str]) -> Client:
    return make_client(servers.keep(**strict_env))


@pytest.fixture
def providers(model: ScriptedModel) -> ScriptedModel:
    """Provide the model server as all strict providers."""
    model.default(behave)
    return model


def say(ada: Client, thread: str, model: str) -> None:
    """Send a prompt to a model and expect its answer."""
    assert ada.chat("What is 6*7?", thread=thread, model=model).text == ANSWER, model


def is_accepted(request: Received) -> bool:
    provider = PROVIDERS.get(request.json["model"])
    try:
        if provider is not None:
            provider.check(request.json)
    except Refused:
        return False
    return True


def assert_rebuilt(model: ScriptedModel, ada: Client) -> None:
    """Assert that every request is rebuilt as it was sent; refused ones were sent again."""
    sent = [request.body for request in model.requests if is_accepted(request)]

    def recorded() -> list[UpstreamCall] | None:
        calls = UpstreamCall.objects.filter(owner__username=ada.username)
        found = list(calls.order_by("started_at", "round", "attempt"))
        return found if len(found) == len(sent) else None

    rebuilt = [rebuild_request(call) for call in eventually(recorded, says="not every call has its row")]
    assert [one and one.body for one in rebuilt] == sent
    assert all(one and one.exact for one in rebuilt)


def roles(request: Received) -> list[str]:
    return [message["role"] for message in request.messages]


@pytest.mark.parametrize("name", NAMES)
def test_a_thread_of_three_turns_with_two_rounds_of_tools_each(
    providers: ScriptedModel, ada: Client, name: str
) -> None:
    thread = new_id("t")
    for _ in range(3):
        say(ada, thread, name)
    asked = [request for request in providers.requests if is_accepted(request)]
    assert len(asked) == 9
    assert roles(asked[-1]).count("tool") == 6
    assert_rebuilt(providers, ada)


@pytest.mark.long
def test_threads_go_on_after_a_restart(
    providers: ScriptedModel, servers: Any, ada: Client, strict_env: dict[str, str]
) -> None:
    threads = {name: new_id("t") for name in NAMES}
    with servers.own(**strict_env) as server:
        here = ada.at(server)
        for name, thread in threads.items():
            say(here, thread, name)
        server.restart()
        for name, thread in [*threads.items(), *threads.items()]:
            say(here, thread, name)
    assert_rebuilt(providers, ada)


def test_a_thread_goes_through_all_models_and_back(providers: ScriptedModel, ada: Client) -> None:
    thread = new_id("t")
    for name in [*NAMES, *NAMES]:
        say(ada, thread, name)
    assert_rebuilt(providers, ada)


def test_a_limit_of_tokens_is_sent_by_the_name_that_the_server_knows(
    providers: ScriptedModel, ada: Client
) -> None:
    thread = new_id("t")
    for _ in range(2):
        say(ada, thread, "limited")
    refused, *accepted = providers.requests
    assert [is_accepted(refused), *map(is_accepted, accepted)] == [False, *[True] * 6]
    assert {one.json["max_completion_tokens"] for one in accepted} == {100}
    assert_rebuilt(providers, ada)


def test_the_effort_of_a_prompt_is_part_of_its_rebuilt_requests(
    providers: ScriptedModel, ada: Client
) -> None:
    ada.chat("What is 6*7?", model="deepseek-v4-pro", effort="high")
    assert [one.json["reasoning_effort"] for one in providers.requests] == ["high"] * 3
    assert_rebuilt(providers, ada)


def test_only_the_model_that_sent_them_gets_its_fields_back(providers: ScriptedModel, ada: Client) -> None:
    thread = new_id("t")
    for name in ("gemini-3-pro-preview", "gpt-5.1", "gemini-3-pro-preview"):
        say(ada, thread, name)
    *first, other, _, _, back, _, _ = providers.requests
    assert [b"thought_signature" in one.body for one in first] == [False, True, True]
    assert b"thought_signature" not in other.body
    own = next(message for message in back.messages if message["role"] == "assistant")["tool_calls"][0]
    assert own["extra_content"]["google"]["thought_signature"].startswith("c2lnbmF0dXJl")


def test_a_fallback_gets_none_of_the_fields(providers: ScriptedModel, ada: Client) -> None:
    thread = new_id("t")
    say(ada, thread, "falling")
    providers.script(refusal(401))
    say(ada, thread, "falling")
    assert providers.requests[4].json["model"] == "gpt-5.1"
    assert b"thought_signature" not in providers.requests[4].body
    assert_rebuilt(providers, ada)


def test_a_prompt_without_an_answer_is_joined_with_the_next(providers: ScriptedModel, ada: Client) -> None:
    thread = new_id("t")
    providers.script(refusal(401))
    ada.chat("One", thread=thread, model=MINISTRAL)
    say(ada, thread, MINISTRAL)
    assert providers.requests[1].messages[0]["content"] == "One\n\nWhat is 6*7?"
    assert_rebuilt(providers, ada)


def test_a_picture_is_joined_with_the_text_of_the_next_prompt(providers: ScriptedModel, ada: Client) -> None:
    thread = new_id("t")
    providers.script(refusal(401))
    ada.chat([{"type": "text", "text": "Look"}, part(upload(ada))], thread=thread, model=MINISTRAL)
    say(ada, thread, MINISTRAL)
    parts = providers.requests[1].messages[0]["content"]
    assert [one["type"] for one in parts] == ["text", "image_url", "text"]
    assert parts[1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert_rebuilt(providers, ada)


@pytest.mark.parametrize("name", [MINISTRAL, "claude-opus-4-5"])
def test_an_empty_answer_is_left_out(providers: ScriptedModel, ada: Client, name: str) -> None:
    thread = new_id("t")
    providers.script(answer())
    ada.chat("One", thread=thread, model=name)
    say(ada, thread, name)
    assert "assistant" not in roles(providers.requests[1])
    assert_rebuilt(providers, ada)


def test_an_imported_greeting_follows_a_user(providers: ScriptedModel, ada: Client) -> None:
    thread = new_id("t")
    said = [{"role": "assistant", "content": "Welcome."}, {"role": "user", "content": "zero"}]
    providers.script(answer("Yes."))
    assert ada.http.post("/api/response", json={"threadId": thread, "messages": said}).is_success
    say(ada, thread, MINISTRAL)
    assert roles(providers.requests[1]) == ["user", "assistant", "user", "assistant", "user"]


@pytest.mark.parametrize("name", [MINISTRAL, "mistral-large-latest"])
def test_results_that_nothing_was_said_to_are_followed_by_an_assistant(
    providers: ScriptedModel, ada: Client, name: str
) -> None:
    thread = new_id("t")
    providers.script(tool_round(Call("calculate", SUM)), refusal(401))
    ada.chat("One", thread=thread, model=name)
    say(ada, thread, name)
    assert roles(providers.requests[2]) == ["user", "assistant", "tool", "assistant", "user"]
    assert_rebuilt(providers, ada)


@pytest.mark.parametrize("name", [QWEN, MINISTRAL])
def test_all_system_texts_are_one_and_first(providers: ScriptedModel, ada: Client, name: str) -> None:
    thread = new_id("t")
    said = [{"role": "system", "content": "Brief."}, {"role": "user", "content": "zero"}]
    said += [{"role": "system", "content": "Kind."}, {"role": "user", "content": "one"}]
    providers.script(answer("Yes."))
    assert ada.http.post("/api/response", json={"threadId": thread, "messages": said}).is_success
    assert ada.http.patch(f"/api/threads/{thread}", json={"systemPrompt": "In verse."}).is_success
    say(ada, thread, name)
    own = ["You work for Example."] if name == QWEN else []
    first = providers.requests[1].messages[0]
    assert first == {"role": "system", "content": "\n\n".join([*own, "In verse.", "Brief.", "Kind."])}


ODD_IDS = ("an id with spaces", "x" * 200, "functions.other:0", "größe", "call_1", "")


@pytest.mark.parametrize("name", NAMES)
def test_every_model_accepts_the_calls_of_any_server(
    providers: ScriptedModel, ada: Client, name: str
) -> None:
    thread = new_id("t")
    for id_ in ODD_IDS:
        providers.script(
            tool_round(Call("calculate", SUM, id_), Call("calculate", "", id_ + "b", 1)), answer("42")
        )
        ada.chat("What is 6*7?", thread=thread)
    say(ada, thread, name)
    asked = next(one for one in providers.requests[2 * len(ODD_IDS) :] if is_accepted(one))
    assert roles(asked).count("tool") == 2 * len(ODD_IDS)
    results = [message["tool_call_id"] for message in asked.messages if message["role"] == "tool"]
    assert len(set(results)) == len(results)
