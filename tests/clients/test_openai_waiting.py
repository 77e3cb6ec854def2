"""Responses that wait for a person, in OpenAI's protocols with the official client: approvals, and functions of the client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI

from chat.models import Response
from chat.testing import ScriptedModel
from tests.clients.test_openai_responses import create, kinds
from tests.dialects import waiting
from tests.live.client import Client
from tests.live.harness import LiveServer

FUNCTION = {"type": "function", **waiting.LOOK_TOOL}


@pytest.fixture
def server(live: None, servers: Any) -> LiveServer:
    return servers.keep(**waiting.SETTINGS)  # type: ignore[no-any-return]


def approval(request: Any, approve: bool = True) -> list[Any]:
    return [{"type": "mcp_approval_response", "approval_request_id": request.id, "approve": approve}]


def output(call: Any, text: str = "blue") -> Any:
    return {"type": "function_call_output", "call_id": call.call_id, "output": text}


def test_an_approval_is_asked_for_and_the_next_request_goes_on(
    model: ScriptedModel, openai_client: OpenAI
) -> None:
    waiting.script(model, waiting.PAY)
    first = create(openai_client)
    assert [item.type for item in first.output] == ["message", "mcp_call", "mcp_approval_request"]
    request = first.output[-1]
    assert (first.status, request.name, request.arguments) == ("completed", "pay", '{"amount":5}')
    assert openai_client.responses.retrieve(first.id) == first
    then = create(openai_client, approval(request), previous_response_id=first.id)
    assert (then.id, then.status, then.output_text) == (first.id, "completed", "Done.")
    assert [item.type for item in then.output] == ["mcp_call", "message"]
    assert then.output[0].approval_request_id == request.id
    assert "paid 5" in waiting.result(model)
    assert openai_client.responses.retrieve(first.id).output_text == "So: Done."


def test_a_stream_ends_with_the_request_and_another_goes_on_with_marks_of_the_same_log(
    model: ScriptedModel, openai_client: OpenAI
) -> None:
    waiting.script(model, waiting.PAY)
    first = list(create(openai_client, stream=True))
    request = first[-1].response.output[-1]
    assert kinds(first)[-3:] == ["output_item.added", "output_item.done", "completed"]
    then = list(
        create(openai_client, approval(request), previous_response_id=first[0].response.id, stream=True)
    )
    assert kinds(then)[:3] == ["created", "in_progress", "output_item.added"]
    numbers = [event.sequence_number for event in (*first, *then)]
    assert numbers == sorted(set(numbers))
    cut = then[4].sequence_number
    rest = list(openai_client.responses.retrieve(first[0].response.id, stream=True, starting_after=cut))
    assert [event.sequence_number for event in rest] == [one for one in numbers if one > cut]


def test_a_rejected_call_has_failed(model: ScriptedModel, openai_client: OpenAI) -> None:
    waiting.script(model, waiting.PAY)
    first = create(openai_client)
    then = create(openai_client, approval(first.output[-1], approve=False), previous_response_id=first.id)
    assert (then.output[0].status, then.output[0].output) == ("failed", None)
    assert "rejected" in waiting.result(model)
    with pytest.raises(openai.ConflictError):
        create(openai_client, approval(first.output[-1]), previous_response_id=first.id)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_function_of_the_client_is_called_and_its_output_goes_on(
    model: ScriptedModel, openai_client: OpenAI, stream: bool
) -> None:
    waiting.script(model, waiting.LOOK)
    first = create(openai_client, tools=[FUNCTION], stream=stream)
    if stream:
        events = list(first)
        assert kinds(events)[-4:-1] == [
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
        ]
        first = events[-1].response
    call = first.output[-1]
    assert (call.type, call.name, call.arguments) == ("function_call", "look", '{"town":"Rome"}')
    then = create(openai_client, [output(call)], previous_response_id=first.id)
    assert (then.output_text, waiting.result(model)) == ("Done.", "blue")


def test_a_client_that_keeps_the_history_goes_on_with_the_response_that_waits(
    model: ScriptedModel, openai_client: OpenAI
) -> None:
    waiting.script(model, waiting.LOOK)
    history: list[Any] = [{"role": "user", "content": "Where am I?"}]
    first = create(openai_client, history, tools=[FUNCTION])
    history += [*first.output, output(first.output[-1])]
    then = create(openai_client, history, tools=[FUNCTION])
    assert (then.id, then.output_text) == (first.id, "Done.")
    history += [*then.output, {"role": "user", "content": "And now?"}]
    create(openai_client, history, tools=[FUNCTION])
    sent = [(one["role"], one.get("content")) for one in model.requests[-1].messages]
    assert sent == [
        ("user", "Where am I?"),
        ("assistant", "So: "),
        ("assistant", None),
        ("tool", "blue"),
        ("assistant", "Done."),
        ("user", "And now?"),
    ]


def test_another_prompt_ends_the_response_that_waits(model: ScriptedModel, openai_client: OpenAI) -> None:
    waiting.script(model, waiting.PAY, then="Never mind.")
    first = create(openai_client)
    then = create(openai_client, "Something else", previous_response_id=first.id)
    assert then.output_text == "Never mind."
    assert openai_client.responses.retrieve(first.id).status == "cancelled"


def test_a_function_goes_to_the_model_beside_the_servers_tools(
    model: ScriptedModel, openai_client: OpenAI
) -> None:
    create(openai_client, tools=[FUNCTION])
    names = {tool["function"]["name"] for tool in model.requests[-1].json["tools"]}
    assert {"look", "pay"} <= names


def test_another_users_request_is_an_unknown_one(
    model: ScriptedModel, openai_client: OpenAI, bob: Client, connect_openai: Callable[[Client], OpenAI]
) -> None:
    waiting.script(model, waiting.PAY)
    request = create(openai_client).output[-1]
    with pytest.raises(openai.BadRequestError):
        create(connect_openai(bob), approval(request))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_completion_that_would_wait_is_stopped_and_says_so(
    model: ScriptedModel, openai_client: OpenAI, stream: bool
) -> None:
    """No client can come back to it."""
    waiting.script(model, waiting.PAY)
    with pytest.raises(openai.APIError) as raised:
        list(
            openai_client.chat.completions.create(
                model="c1", messages=[{"role": "user", "content": "Hi"}], stream=stream
            )
        )
    assert raised.value.code == "stopped"
    assert Response.objects.latest("pk").status == "stopped"
