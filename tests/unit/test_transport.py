"""Requests to models' servers: redirects, refused fields, finish reasons that come early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chat.exceptions import ModelError, ModelFailed
from chat.llm.clients.chat_completions import OPTIONAL
from chat.llm.http import openai_compatible
from chat.llm.http.openai_compatible import MAX_REDIRECTS, OpenAITransport
from chat.llm.http.request_head import head
from chat.testing import Received, Script, ScriptedModel, answer, refusal
from chat.testing.script import CutOff, Delta, Gate, Raw, Reset, Stall, Step
from tests.unit.stream_corpus import WHOLE, chat, event

KEY = "sk-canary"
BODY = {"model": "m", "messages": [], "stream": True, "stream_options": {"include_usage": True}}
HELLO = event(chat(content="Hello"))


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as server:
        yield server
        server.reset()


@pytest.fixture
def other() -> Iterator[ScriptedModel]:
    with ScriptedModel() as server:
        yield server


def transport(base_url: str) -> OpenAITransport:
    return OpenAITransport(head(base_url, KEY, "/chat/completions"))


def ask(
    wire: OpenAITransport,
    body: dict[str, Any] = BODY,
    step: Callable[[str], object] = len,
) -> str:
    """Return the text of one answer; `step` gets each piece."""

    async def work() -> str:
        text = ""
        try:
            async with asyncio.timeout(20):
                async for update in wire.stream(body, optional=OPTIONAL):
                    text += update.text
                    step(update.text)
        finally:
            wire.close()
        return text

    return asyncio.run(work())


def redirect(location: str, status: int = 307) -> Script:
    return Script([], status, {"Location": location})


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("location", ["/v2/completions?a=b", "elsewhere", "//{host}/v3", "{base}v4#part"])
def test_a_redirect_within_a_server_is_followed_with_the_key(
    model: ScriptedModel, status: int, location: str
) -> None:
    target = location.format(host=f"127.0.0.1:{model.port}", base=model.base_url)
    model.script(redirect(target, status))
    assert ask(transport(model.base_url)) == "Hello from the script."
    first, second = model.requests
    assert (second.method, second.body) == ("POST", first.body)
    assert second.headers["authorization"] == f"Bearer {KEY}"
    assert "#" not in second.path


def test_a_redirect_to_another_server_is_followed_without_the_key(
    model: ScriptedModel, other: ScriptedModel
) -> None:
    model.default(redirect(f"{other.base_url}chat/completions"))
    wire = transport(model.base_url)
    assert [ask(wire), ask(wire)] == ["Hello from the script."] * 2
    for received in other.requests:
        assert "authorization" not in received.headers
        assert received.headers["host"] == f"127.0.0.1:{other.port}"
        assert received.json == BODY


@pytest.mark.parametrize(
    "script",
    [
        redirect("/again"),
        redirect(""),
        redirect("ftp://127.0.0.1/"),
        redirect("http://127.0.0.1:port/"),
        redirect("http://"),
        Script([], 307),
        redirect(f"http://{'x' * 64}.test/"),
        Script([], 302, {"Location": "/elsewhere"}),
    ],
    ids=["a loop", "empty", "another scheme", "a bad port", "no host", "no location", "a bad name", "302"],
)
def test_a_redirect_without_a_target_is_a_failure(model: ScriptedModel, script: Script) -> None:
    model.default(script)
    with pytest.raises(ModelError):
        ask(transport(model.base_url))
    assert len(model.requests) <= MAX_REDIRECTS + 1


def test_a_base_urls_query_stands_behind_the_path(model: ScriptedModel) -> None:
    ask(transport(f"{model.base_url}deployments/gpt?api-version=2024-10-21&x="))
    assert model.requests[0].path == "/v1/deployments/gpt/chat/completions?api-version=2024-10-21&x="


@pytest.mark.parametrize(
    "end", ["chat/completions", "chat/completions/", " ", "?a=b", "chat/completions?a=b"]
)
def test_a_base_url_may_be_the_whole_address(model: ScriptedModel, end: str) -> None:
    ask(transport(f"{model.base_url}{end}"))
    assert model.requests[0].path.partition("?")[0] == "/v1/chat/completions"


def refusing(
    *fields: str, status: int = 400, message: str = "Unknown field."
) -> Callable[[Received], Script]:
    """Answer requests without these fields, and refuse all others."""

    def behave(received: Received) -> Script:
        refused = any(name in received.json for name in fields)
        return refusal(status, message=message) if refused else answer("Hello")

    return behave


@pytest.mark.parametrize("status", [400, 422, 501])
def test_an_optional_field_that_is_refused_is_left_out_from_then_on(
    model: ScriptedModel, status: int
) -> None:
    model.default(refusing("stream_options", status=status))
    wire = transport(model.base_url)
    assert [ask(wire), ask(wire)] == ["Hello"] * 2
    assert ["stream_options" in received.json for received in model.requests] == [True, False, False]


# RooCodeInc/Roo-Code#274, ChatGPTNextWeb/NextChat#5410
def test_a_model_that_cannot_stream_answers_in_one_piece(model: ScriptedModel) -> None:
    whole = Script([Raw(WHOLE)], headers={"Content-Type": "application/json"})
    words = "Unsupported value: 'stream' does not support true with this model."

    model.default(lambda received: refusal(400, message=words) if received.json.get("stream") else whole)
    wire = transport(model.base_url)
    assert [ask(wire) for _ in range(2)] == ["all🍎"] * 2
    assert ["stream" in received.json for received in model.requests] == [True, False, False]


# vercel/ai#1578
def test_a_hint_at_streaming_is_no_refusal_of_it(model: ScriptedModel) -> None:
    words = "property 'stream_options' is unsupported, did you mean 'stream'?"
    model.default(refusing("stream_options", message=words))
    assert ask(transport(model.base_url)) == "Hello"
    assert model.requests[-1].json["stream"]


def test_only_the_field_that_a_server_names_is_left_out(model: ScriptedModel) -> None:
    model.default(refusing("tool_choice", message="Unknown field: tool_choice."))
    wire = transport(model.base_url)
    assert ask(wire, BODY | {"tool_choice": "none"}) == "Hello"
    assert "stream_options" in model.requests[-1].json


def test_a_request_that_is_refused_for_another_reason_is_sent_twice_and_nothing_is_remembered(
    model: ScriptedModel,
) -> None:
    model.default(refusal(400))
    wire = transport(model.base_url)
    with pytest.raises(ModelFailed):
        ask(wire)
    assert len(model.requests) == 2
    model.default(answer("Hello"))
    ask(wire)
    assert "stream_options" in model.requests[-1].json


def test_a_request_without_an_optional_field_is_not_repeated(model: ScriptedModel) -> None:
    model.default(refusal(400))
    with pytest.raises(ModelFailed):
        ask(transport(model.base_url), {"model": "m"})
    assert len(model.requests) == 1


def early(gate: Gate, *more: Step) -> Script:
    """Return an answer whose every delta has a finish reason, with a pause before the second."""
    words = [Delta({"content": word}, "stop") for word in ("Hel", "lo")]
    return Script([words[0], gate, words[1], *more])


def opening(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let no time pass after a finish reason in a chunk of its own, and open the gate once text has come."""
    monkeypatch.setattr(openai_compatible, "LAST_SECONDS", 0)
    return lambda text: gate.open() if text else None


def test_text_after_a_finish_reason_is_waited_for(
    model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    model.default(early(gate, Raw(b"data: [DONE]\n\n")))
    assert ask(transport(model.base_url), step=opening(gate, monkeypatch)) == "Hello"


@pytest.mark.parametrize("cut", [CutOff(), Reset()], ids=["closed", "reset"])
def test_a_cut_after_an_early_finish_reason_is_a_failure(
    model: ScriptedModel, cut: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    model.default(early(gate, cut))
    with pytest.raises(ModelError):
        ask(transport(model.base_url), step=opening(gate, monkeypatch))


def test_an_answer_left_open_after_its_finish_reason_ends(
    model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_compatible, "LAST_SECONDS", 0.1)
    model.default(Script([Delta({"content": "Hello"}), Delta({}, "stop"), Stall()]))
    assert ask(transport(model.base_url)) == "Hello"


def test_a_field_that_one_model_refuses_is_still_sent_to_another_of_the_same_server(
    model: ScriptedModel,
) -> None:
    def behave(received: Received) -> Script:
        strict = received.json["model"] == "strict" and "stream_options" in received.json
        return refusal(400, message="Unknown field: stream_options") if strict else answer("Hello")

    model.default(behave)
    wire = transport(model.base_url)
    for name in ("strict", "lenient", "strict"):
        assert ask(wire, BODY | {"model": name}) == "Hello"
    sent = ["stream_options" in received.json for received in model.requests]
    assert sent == [True, False, True, False]


def new_openai(received: Received) -> Script:
    """Refuse two fields, one after the other, as OpenAI's newer models and some proxies do."""
    if "max_tokens" in received.json:
        return refusal(
            400,
            message="Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
        )
    if "stream_options" in received.json:
        return refusal(400, message="Unknown parameter: 'stream_options'.")
    return answer("Hello")


def test_max_tokens_gets_its_new_name_where_a_server_asks_for_it_and_no_other_field_is_dropped(
    model: ScriptedModel,
) -> None:
    model.default(new_openai)
    wire = transport(model.base_url)
    body = BODY | {"max_tokens": 7, "temperature": 0.5}
    assert [ask(wire, body), ask(wire, body)] == ["Hello"] * 2
    assert len(model.requests) == 4
    for received in model.requests[2:]:
        assert received.json == {
            "model": "m",
            "messages": [],
            "stream": True,
            "max_completion_tokens": 7,
            "temperature": 0.5,
        }


def test_a_body_with_both_names_of_a_field_is_not_changed(model: ScriptedModel) -> None:
    model.default(new_openai)
    with pytest.raises(ModelFailed):
        ask(transport(model.base_url), {"model": "m", "max_tokens": 7, "max_completion_tokens": 7})
    assert len(model.requests) == 1
