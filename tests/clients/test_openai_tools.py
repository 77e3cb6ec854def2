"""A client's own tools in `/v1/chat/completions`, with the official `openai` client: nothing of them runs on the server."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from openai import OpenAI

from chat.models import Message, Response, Thread, ToolUse
from chat.testing import Call, ScriptedModel, answer, refusal, tool_round

HI: list[Any] = [{"role": "user", "content": "What is the weather in Rome?"}]
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell the weather.",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
        "strict": True,
    },
    "cache_control": {"type": "ephemeral"},
}
ROME = Call("weather", '{"town": "Rome"}', id="call_a", pieces=3)
PARIS = Call("weather", '{"town": "Paris"}', id="call_b", index=1)


def calls_of(name: str = "call_a", arguments: str = "{}", **more: Any) -> dict[str, Any]:
    """Return an assistant's message with one call."""
    call = {"id": name, "type": "function", "function": {"name": "weather", "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call], **more}


def result_of(name: str = "call_a", content: Any = "sunny") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": name, "content": content}


def ask(client: OpenAI, messages: list[Any], **more: Any) -> Any:
    return client.chat.completions.create(model="c1", messages=messages, **{"tools": [WEATHER], **more})


def test_a_whole_answer_holds_the_calls(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(tool_round(ROME, PARIS, text="Let me look."))
    (choice,) = ask(openai_client, HI).choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", "Let me look.")
    called = [(one.id, one.function.name, one.function.arguments) for one in choice.message.tool_calls]
    assert called == [("call_a", "weather", ROME.arguments), ("call_b", "weather", PARIS.arguments)]


def test_a_streamed_answer_holds_the_calls(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(tool_round(ROME, PARIS, text="Let me look."))
    with openai_client.chat.completions.stream(model="c1", messages=HI, tools=[WEATHER]) as stream:  # type: ignore[list-item]
        (choice,) = stream.get_final_completion().choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", "Let me look.")
    called = [(one.id, one.function.name, one.function.arguments) for one in choice.message.tool_calls or ()]
    assert called == [("call_a", "weather", ROME.arguments), ("call_b", "weather", PARIS.arguments)]


def test_the_clients_tools_go_to_the_model_as_they_came_and_the_servers_do_not(
    model: ScriptedModel, openai_client: OpenAI
) -> None:
    choice = {"type": "function", "function": {"name": "weather"}}
    ask(openai_client, HI, tool_choice=choice, parallel_tool_calls=False)
    sent = model.requests[-1].json
    assert (sent["tools"], sent["tool_choice"], sent["parallel_tool_calls"]) == ([WEATHER], choice, False)


def test_a_loop_of_rounds_ends_with_text(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(tool_round(ROME), tool_round(PARIS), answer("Sunny and grey."))
    messages: list[Any] = [{"role": "system", "content": "Be brief."}, *HI]
    for result in ("sunny", [{"type": "text", "text": "grey"}]):
        message = ask(openai_client, messages).choices[0].message
        messages += [message.model_dump(exclude_none=True), result_of(message.tool_calls[0].id, result)]
    done = ask(openai_client, messages)
    assert (done.choices[0].message.content, done.choices[0].finish_reason) == ("Sunny and grey.", "stop")
    sent = [(one["role"], one.get("content"), one.get("tool_call_id")) for one in model.requests[-1].messages]
    assert sent[2:] == [
        ("assistant", None, None),
        ("tool", "sunny", "call_a"),
        ("assistant", None, None),
        ("tool", "grey", "call_b"),
    ]
    arguments = [
        one["tool_calls"][0]["function"]["arguments"]
        for one in model.requests[-1].messages
        if "tool_calls" in one
    ]
    assert arguments == [ROME.arguments, PARIS.arguments]
    assert not ToolUse.objects.filter(response=Response.objects.latest("pk")).exists()


def test_rounds_of_earlier_prompts_are_history(model: ScriptedModel, openai_client: OpenAI) -> None:
    earlier = [*HI, calls_of(content="Let me look."), result_of(), {"role": "assistant", "content": "Sunny."}]
    ask(openai_client, [*earlier, {"role": "user", "content": "And Paris?"}])
    sent = [(one["role"], one["content"]) for one in model.requests[-1].messages]
    assert sent == [
        ("user", HI[0]["content"]),
        ("assistant", "Let me look."),
        ("tool", "sunny"),
        ("assistant", "Sunny."),
        ("user", "And Paris?"),
    ]


def test_calls_and_results_are_stored_as_hidden_messages(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(tool_round(PARIS, text="Next."))
    ask(openai_client, [*HI, calls_of(), result_of()])
    thread = Thread.objects.latest("pk")
    rows = Message.objects.filter(thread=thread).order_by("turn", "position")
    assert [(row.role, row.hidden, row.content) for row in rows] == [
        ("user", False, HI[0]["content"]),
        ("assistant", True, ""),
        ("tool", True, "sunny"),
        ("assistant", True, "Next."),
        ("assistant", False, "Next."),
    ]
    assert [row.parent_id for row in rows][1:] == [row.pk for row in rows][:-1]
    assert Response.objects.get(thread=thread).finish_reason == "tool_calls"


def test_without_tools_the_servers_own_run_unseen(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1+1"}')), answer("2"))
    (choice,) = openai_client.chat.completions.create(model="c1", messages=HI, tools=[]).choices
    assert (choice.message.content, choice.message.tool_calls, choice.finish_reason) == ("2", None, "stop")


def test_a_choice_that_the_model_refuses_is_not_left_out(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(refusal(400), answer("Sunny."))
    ask(openai_client, HI, tool_choice="required")
    # The one field that the server had added of itself is gone from the second request.
    assert len(model.requests) == 2
    assert all(request.json["tool_choice"] == "required" for request in model.requests)


def renamed(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0]"),
        ({"tools": [renamed("a b")]}, "tools[0]"),
        ({"tools": [renamed("x" * 65)]}, "tools[0]"),
        ({"tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]}, "tools[0]"),
        ({"tools": [renamed(f"t{number}") for number in range(129)]}, "129"),
        ({"tools": [renamed("a"), renamed("b"), renamed("a")]}, "`a`"),
        ({"tools": [{"type": "function", "function": {"name": "a", "description": "x" * 300_000}}]}, "bytes"),
        ({"tool_choice": {"type": "function", "function": {"name": "other"}}}, "tool_choice"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"messages": [*HI, result_of()]}, "messages[1]"),
        ({"messages": [*HI, calls_of(), result_of("call_z")]}, "messages[2]"),
        ({"messages": [*HI, calls_of(), result_of(), result_of()]}, "messages[3]"),
        ({"messages": [*HI, calls_of(), *HI]}, "call_a"),
        ({"messages": [*HI, calls_of()]}, "call_a"),
        ({"messages": [calls_of(), result_of()]}, "messages"),
        ({"messages": [*HI, calls_of(arguments="x" * 1024 * 1024), result_of()]}, "bytes"),
        ({"messages": [*HI, calls_of(""), result_of("")]}, "messages"),
        ({"messages": [*HI, {**calls_of(), "role": "user"}, result_of()]}, "messages[1]"),
        ({"messages": [*HI, calls_of(), result_of(content=[{"type": "image_url"}])]}, "content"),
        ({"messages": [*HI, {"role": "function", "name": "a", "content": "b"}]}, "messages[1]"),
    ],
    ids=[
        "custom tool",
        "no function",
        "bad name",
        "long name",
        "bad parameters",
        "too many",
        "names alike",
        "too large",
        "unknown choice",
        "bad choice",
        "result without call",
        "result of another call",
        "result twice",
        "call without result",
        "call at the end",
        "no prompt",
        "huge arguments",
        "call without id",
        "call of a user",
        "picture as result",
        "old role",
    ],
)
def test_bad_tools_and_histories_are_refused_in_openais_form(
    openai_client: OpenAI, more: dict[str, Any], said: str
) -> None:
    before = Thread.objects.count()
    with pytest.raises(openai.BadRequestError) as refused:
        ask(openai_client, **{"messages": HI, **more})
    body = json.loads(refused.value.response.content)["error"]
    assert body["type"] == "invalid_request_error"
    assert said in body["message"]
    assert Thread.objects.count() == before


def test_a_model_that_calls_no_tools_refuses_them(openai_client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="calls no tools"):
        openai_client.chat.completions.create(model="openassistant", messages=HI, tools=[WEATHER])  # type: ignore[list-item]
