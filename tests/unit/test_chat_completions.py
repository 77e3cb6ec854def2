"""A model's profile decides which fields its requests have, and where its thought is sought."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from chat.exceptions import ModelFailed
from chat.llm.clients import official
from chat.llm.clients.base import ModelProfile, ModelRequest
from chat.llm.clients.chat_completions import ChatCompletions
from chat.llm.http import request_head
from chat.llm.http.openai_compatible import OpenAITransport
from chat.testing import Gate, ScriptedModel, answer, refusal
from chat.testing.script import CutOff, Finish, Parts, Script, Thought, broken, document

T = TypeVar("T")

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as server:
        yield server
        server.reset()


def client(model: ScriptedModel, **profile: Any) -> ChatCompletions:
    wire = OpenAITransport(request_head.head(model.base_url, "", ChatCompletions.path))
    parameters = profile.pop("parameters", {})
    return ChatCompletions(
        wire, official.connect(model.base_url, ""), ModelProfile("m", "m", parameters, **profile), {}
    )


def request(**more: Any) -> ModelRequest:
    return ModelRequest([{"role": "user", "content": "Hello"}], [TOOL], **more)


def run(asked: ChatCompletions, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own, in which the client's connections are closed as well."""

    async def to_its_end() -> T:
        try:
            async with asyncio.timeout(20):
                return await work
        finally:
            asked._wire.close()
            await asked._client.close()

    return asyncio.run(to_its_end())


def streamed(asked: ChatCompletions, **more: Any) -> tuple[str, str]:
    """Return the text and the thought of an answer."""

    async def read() -> tuple[str, str]:
        updates = [update async for update in asked.stream(request(**more))]
        thought = "".join(words for update in updates for _, words in update.thinking)
        return "".join(update.text for update in updates), thought

    return run(asked, read())


def read_to_its_end(asked: ChatCompletions, sent: ModelRequest) -> None:
    async def read() -> None:
        async for _ in asked.stream(sent):
            pass

    run(asked, read())


def test_usage_is_asked_for_unless_the_profile_says_no(model: ScriptedModel) -> None:
    streamed(client(model))
    streamed(client(model, stream_usage=False))
    assert ["stream_options" in received.json for received in model.requests] == [True, False]


def test_thought_in_tags_is_sought_where_the_profile_says_so(model: ScriptedModel) -> None:
    model.default(answer("<thi", "nk>Hm.</think>", "Hi"))
    assert streamed(client(model, think_tags=True)) == ("Hi", "Hm.")
    assert streamed(client(model)) == ("<think>Hm.</think>Hi", "")
    model.default(answer("Hm.</thi", "nk>Hi"))
    assert streamed(client(model, think_tags="open")) == ("Hi", "Hm.")


@pytest.mark.parametrize(("form", "text"), [(True, "<thi"), ("open", "Hi")])
def test_what_was_held_is_text_also_where_the_server_cuts_the_connection_after_its_reason(
    model: ScriptedModel, form: bool | str, text: str
) -> None:
    model.default(broken(text, Finish(), CutOff()))
    assert streamed(client(model, think_tags=form))[0] == text


def test_a_tool_whose_name_begins_with_a_digit_is_offered_under_one_that_gemini_takes(
    model: ScriptedModel,
) -> None:
    tool = {"type": "function", "function": {"name": "3d", "parameters": {"type": "object"}}}
    choice = {"type": "function", "function": {"name": "3d"}}
    asked = ModelRequest([{"role": "user", "content": "Hello"}], [tool], parameters={"tool_choice": choice})
    read_to_its_end(client(model), asked)
    sent = model.requests[0].json
    assert (sent["tools"][0]["function"]["name"], sent["tool_choice"]["function"]["name"]) == ("_3d", "_3d")


def test_two_tools_that_would_have_one_name_are_offered_and_remembered_under_two(
    model: ScriptedModel,
) -> None:
    tools = [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
        for name in ("3d", "_3d")
    ]
    calls = [
        {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        for name in ("3d", "_3d")
    ]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "1"} for call in calls]
    asked = ModelRequest([{"role": "assistant", "content": None, "tool_calls": calls}, *results], tools)
    read_to_its_end(client(model), asked)
    sent = model.requests[0].json
    offered = [tool["function"]["name"] for tool in sent["tools"]]
    assert offered[1] == "_3d" != offered[0]
    assert [call["function"]["name"] for call in sent["messages"][0]["tool_calls"]] == offered
    assert (asked.sent_request.shape or {})["names"] == {"3d": offered[0]}


def test_a_field_that_the_owner_set_is_never_left_out(model: ScriptedModel) -> None:
    model.default(refusal(400, message="Unknown field: tool_choice"))
    with pytest.raises(ModelFailed):
        streamed(client(model, parameters={"tool_choice": "auto", "temperature": 0.5}))
    assert [received.json["tool_choice"] for received in model.requests] == ["auto"] * 2
    assert [received.json["temperature"] for received in model.requests] == [0.5] * 2


@pytest.mark.parametrize(
    "thought", [Thought("Hm."), Thought([{"text": "Hm."}], "reasoning_details"), Parts(["Hm."])]
)
def test_a_probe_ends_at_the_first_thought(model: ScriptedModel, thought: Any) -> None:
    gate = Gate()
    model.script(answer(thought, gate))
    asked = client(model)
    run(asked, asked.first_token(request()))
    gate.open()


def whole(content: Any) -> Script:
    return document({"choices": [{"index": 0, "message": {"content": content}, "finish_reason": "stop"}]})


def test_a_whole_answer_in_parts_is_its_text_without_its_thought(model: ScriptedModel) -> None:
    model.script(whole([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"text": "Hi"}]))
    asked = client(model)
    assert run(asked, asked.complete(request())).text == "Hi"
    model.script(whole([5]))
    asked = client(model)
    with pytest.raises(ModelFailed):
        run(asked, asked.complete(request()))
