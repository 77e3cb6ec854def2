"""`/v1/models` and `/v1/chat/completions` with the official `openai` client for Python."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import openai
import pytest
from django.db import transaction
from openai import OpenAI

from chat.governance import retention
from chat.models import Response, Thread, UsageRule, User
from chat.testing import Call, Gate, ScriptedModel, answer, refusal, tool_round
from chat.testing.script import CutOff, Script, Text, Thought
from tests.live.client import Client
from tests.live.harness import eventually
from tests.live.pictures import PNG
from tests.live.transports import C1Reader

HI: list[Any] = [{"role": "user", "content": "Hi"}]
CANARY = "canary-of-arguments-52e7"


def streamed(client: OpenAI, messages: list[Any] | None = None, **more: Any) -> list[Any]:
    stream = client.chat.completions.create(
        model="c1", messages=HI if messages is None else messages, stream=True, **more
    )
    return list(stream)


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def newest() -> Response:
    return Response.objects.select_related("thread").latest("pk")


def test_the_models_are_listed(openai_client: OpenAI) -> None:
    assert [model.id for model in openai_client.models.list()] == ["c1", "openassistant"]


def test_a_streamed_completion_is_the_text_of_the_model(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(answer("Grö", "ße 🍎", usage=(11, 7)))
    chunks = streamed(openai_client, stream_options={"include_usage": True})
    assert text_of(chunks) == "Größe 🍎"
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert (chunks[-1].choices, chunks[-1].usage.total_tokens) == ([], 18)


def test_usage_comes_only_to_who_asks(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(answer("a", usage=(11, 7)))
    assert [chunk.usage for chunk in streamed(openai_client)] == [None, None, None]


def test_a_whole_completion_has_text_reason_and_usage(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(answer("Hel", "lo", finish="length", usage=(11, 7)))
    done = openai_client.chat.completions.create(model="c1", messages=HI)
    choice = done.choices[0]
    assert (choice.message.content, choice.message.role, choice.finish_reason) == (
        "Hello",
        "assistant",
        "length",
    )
    assert done.usage is not None
    assert (done.usage.prompt_tokens, done.usage.completion_tokens, done.usage.total_tokens) == (11, 7, 18)


def test_a_used_up_budget_says_so_in_fields_and_is_not_tried_again(
    server: Any, make_client: Callable[..., Client], connect_openai: Callable[[Client], OpenAI]
) -> None:
    user = make_client(server)
    UsageRule.objects.create(user=User.objects.get(username=user.username), responses_per_hour=1)
    client = connect_openai(user)
    streamed(client)
    with pytest.raises(openai.RateLimitError) as refused:
        streamed(client)
    error: Any = refused.value
    assert (error.code, error.body["quota"], error.body["group"]) == (
        "quota_exceeded",
        "rule_responses_per_hour",
        None,
    )
    assert datetime.fromisoformat(error.body["renewsAt"]) > datetime.now(UTC)
    assert int(error.response.headers["Retry-After"]) > 60
    assert error.request.headers["x-stainless-retry-count"] == "0"


def test_the_messages_are_the_whole_history(model: ScriptedModel, openai_client: OpenAI) -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "One"}]},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "Two"},
    ]
    openai_client.chat.completions.create(model="c1", messages=messages)  # type: ignore[arg-type]
    sent = [(one["role"], one["content"]) for one in model.requests[-1].messages]
    assert sent == [("system", "Be brief."), ("user", "One"), ("assistant", "1"), ("user", "Two")]


def test_parameters_reach_the_model_in_every_round(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1+1"}')), answer("2"))
    schema: Any = {"type": "json_object"}
    openai_client.chat.completions.create(
        model="c1",
        messages=HI,
        temperature=0.5,
        max_completion_tokens=50,
        stop="END",
        seed=3,
        response_format=schema,
    )
    for request in model.requests:
        sent = {
            name: request.json[name]
            for name in ("temperature", "max_tokens", "stop", "seed", "response_format")
        }
        assert sent == {
            "temperature": 0.5,
            "max_tokens": 50,
            "stop": ["END"],
            "seed": 3,
            "response_format": schema,
        }
    assert len(model.requests) == 2


def test_openassistant_takes_what_its_protocol_has(model: ScriptedModel, openai_client: OpenAI) -> None:
    openai_client.chat.completions.create(
        model="openassistant",
        messages=HI,
        temperature=0.5,
        max_tokens=50,
        stop=["END"],
        reasoning_effort="low",
    )
    sent = model.requests[-1].json
    assert (sent["temperature"], sent["max_tokens"], sent["stop"][-1]) == (0.5, 50, "END")
    assert "reasoning_effort" not in sent


def test_the_servers_tools_run_unseen(model: ScriptedModel, openai_client: OpenAI) -> None:
    call = Call("calculate", f'{{"expression": "6*7", "note": "{CANARY}"}}')
    model.script(tool_round(call, text="I count. "), answer(Thought("Hm."), "42"))
    chunks = streamed(openai_client)
    assert text_of(chunks) == "I count. 42"
    assert CANARY not in str(chunks)
    assert all(not chunk.choices[0].delta.tool_calls for chunk in chunks)


def test_a_picture_reaches_the_model(model: ScriptedModel, openai_client: OpenAI) -> None:
    url = "data:image/png;base64," + base64.b64encode(PNG).decode()
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}]
    openai_client.chat.completions.create(model="c1", messages=[{"role": "user", "content": content}])  # type: ignore[list-item,misc]
    assert model.requests[-1].messages[-1]["content"][0]["text"] == "What is it?"


def test_its_thread_is_in_no_list_and_expires(
    model: ScriptedModel, alice: Client, openai_client: OpenAI
) -> None:
    with alice.socket() as socket:
        socket.say("watch")
        assert socket.ask("ping") == {"type": "pong"}
        openai_client.chat.completions.create(model="c1", messages=[{"role": "user", "content": "Zebra"}])
        alice.chat("Listed")
        assert socket.receive_until("thread")["thread"]["title"] == "Listed"
    titles = [thread["title"] for thread in alice.get("/api/threads").json()["threads"]]
    assert titles == ["Listed"]
    assert alice.get("/api/threads", q="Zebra").json()["threads"] == []
    thread = Thread.objects.filter(owner__username=alice.username).exclude(expires_at=None).get()
    Thread.objects.filter(pk=thread.pk).update(expires_at="2020-01-01T00:00:00Z")
    assert Thread.objects.filter(pk=thread.pk).exists()
    with transaction.atomic():
        retention.delete_expired_threads()
    assert not Thread.objects.filter(pk=thread.pk).exists()


def test_closing_the_stream_stops_the_answer(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(answer("Half", Gate()))
    with openai_client.chat.completions.create(model="c1", messages=HI, stream=True) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
    eventually(lambda: newest().status == "stopped")


def test_leaving_a_whole_completion_stops_the_answer(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("Half", gate := Gate()))
    asking = C1Reader(alice, "POST", "/v1/chat/completions", {"messages": HI}, {})
    gate.wait_until_reached()
    asking.close()
    eventually(lambda: newest().status == "stopped")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("script", "status"), [(refusal(400), 502), (refusal(503), 503)])
def test_a_failure_before_any_text_is_a_status_without_another_try(
    model: ScriptedModel, openai_client: OpenAI, stream: bool, script: Script, status: int
) -> None:
    model.script(*[script] * 8)
    with pytest.raises(openai.InternalServerError) as raised:
        openai_client.chat.completions.create(model="c1", messages=HI, stream=stream)
    assert raised.value.status_code == status
    assert raised.value.response.headers["x-should-retry"] == "false"
    assert raised.value.body["type"] == "server_error"  # type: ignore[index]
    assert Response.objects.filter(thread=newest().thread).count() == 1


def test_a_failure_after_text_raises_in_the_stream(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(Script([Text("Half"), CutOff()]))
    chunks: list[Any] = []
    with pytest.raises(openai.APIError) as raised:
        chunks.extend(openai_client.chat.completions.create(model="c1", messages=HI, stream=True))
    assert raised.value.code == "model_failed"


def test_an_unknown_model_is_not_found(openai_client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        openai_client.chat.completions.create(model="gpt-0", messages=HI)
    assert raised.value.code == "model_not_found"


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        {"messages": "Hi"},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
        {"messages": [{"role": "assistant", "content": "Hi"}]},
        {"messages": [{"role": "tool", "content": "Hi"}]},
        {"messages": HI, "n": 2},
        {"messages": HI, "logprobs": True},
        {"messages": HI, "tools": [{"type": "function"}]},
        {"messages": HI, "temperature": "hot"},
        {"messages": HI, "max_tokens": 0},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "http://e.org"}]}]},
    ],
    ids=str,
)
def test_a_request_of_another_form_is_refused_in_openais_form(alice: Client, body: Any) -> None:
    refused = alice.http.post("/v1/chat/completions", json=body)
    error = refused.json()["error"]
    assert (refused.status_code, error["type"], error["code"]) == (
        400,
        "invalid_request_error",
        "bad_request",
    )
    assert "x-should-retry" not in refused.headers


def test_an_unknown_path_is_answered_in_openais_form(alice: Client) -> None:
    assert alice.get("/v1/nothing").json()["error"]["code"] == "not_found"
    assert alice.http.put("/v1/models").json()["error"]["code"] == "method_not_allowed"


def test_without_a_valid_token_nothing_is_answered(
    alice: Client, connect_openai: Callable[[Client], OpenAI]
) -> None:
    with pytest.raises(openai.AuthenticationError):
        connect_openai(alice).with_options(api_key="wrong").models.list()
