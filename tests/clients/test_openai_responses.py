"""`/v1/responses` with the official `openai` client for Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import openai
import pytest
from openai import OpenAI

from chat.models import Response, Thread, UpstreamCall
from chat.reporting.request_rebuild import rebuild_request
from chat.testing import Call, Gate, ScriptedModel, answer, refusal, tool_round
from chat.testing.script import CutOff, Script, Text, Thought
from tests.live.client import Client
from tests.live.harness import LiveServer, eventually

TEXT_EVENTS = ["output_item.added", "content_part.added", "output_text.delta"]
TEXT_ENDS = ["output_text.done", "content_part.done", "output_item.done"]
CALL_BEGINS = ["output_item.added", "mcp_call.in_progress"]
CALL_ENDS = ["mcp_call_arguments.done", "mcp_call.completed", "output_item.done"]


def kinds(events: Sequence[Any]) -> list[str]:
    """Return the types of events, each run of pieces of text as one."""
    names = [event.type.removeprefix("response.") for event in events]
    return [
        name for at, name in enumerate(names) if not (at and name == names[at - 1] == "output_text.delta")
    ]


def delta_text(events: Sequence[Any]) -> str:
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def create(client: OpenAI, words: Any = "Hi", **more: Any) -> Any:
    return client.responses.create(model="c1", input=words, **more)


def test_a_whole_response_has_its_text_and_usage(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(answer("Hel", "lo", usage=(11, 7)))
    done = create(openai_client, metadata={"a": "b"}, temperature=0.5, max_output_tokens=50)
    assert (done.output_text, done.status, done.usage.total_tokens) == ("Hello", "completed", 18)
    assert (done.metadata, done.temperature, done.max_output_tokens) == ({"a": "b"}, 0.5, 50)
    assert (model.requests[-1].json["temperature"], model.requests[-1].json["max_tokens"]) == (0.5, 50)
    assert openai_client.responses.retrieve(done.id) == done


def test_a_stream_has_the_protocols_events_in_order(model: ScriptedModel, openai_client: OpenAI) -> None:
    call = Call("calculate", '{"expression": "1234567*1000"}')
    model.script(tool_round(call, text="I count. "), answer(Thought("Hm."), "4", "2"))
    events = list(create(openai_client, stream=True))
    assert kinds(events) == [
        "created",
        "in_progress",
        *TEXT_EVENTS,
        *TEXT_ENDS,
        *CALL_BEGINS,
        *CALL_ENDS,
        *TEXT_EVENTS,
        *TEXT_ENDS,
        "completed",
    ]
    final = events[-1].response
    assert [item.type for item in final.output] == ["message", "mcp_call", "message"]
    assert [item.id for item in final.output] == [
        events[at].item.id for at in range(len(events)) if events[at].type == "response.output_item.added"
    ]
    assert (delta_text(events), final.output_text) == ("I count. 42", "I count. 42")
    assert not any(hidden in str(events) for hidden in ("1234567*1000", "1234567000"))
    assert openai_client.responses.retrieve(final.id) == final


def test_the_sdks_accumulator_takes_the_stream(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "6*7"}'), text="So: "), answer("42"))
    with openai_client.responses.stream(model="c1", input="Hi") as stream:
        for _ in stream:
            pass
        assert stream.get_final_response().output_text == "So: 42"


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
def test_every_sequence_number_resumes_exactly(
    model: ScriptedModel,
    alice: Client,
    second: LiveServer,
    connect_openai: Callable[[Client], OpenAI],
    elsewhere: bool,
) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "6*7"}'), text="Gr"), answer("ab", "cd"))
    events = list(create(connect_openai(alice), stream=True))
    reader = connect_openai(alice.at(second) if elsewhere else alice)
    name = events[0].response.id
    for event in events[:-1]:
        after = event.sequence_number
        rest = list(reader.responses.retrieve(name, stream=True, starting_after=after))
        expected = [one for one in events if one.sequence_number > after]
        assert kinds(rest) == kinds(expected)
        assert delta_text(rest) == delta_text(expected)
        assert rest[-1] == events[-1]


def test_a_background_response_is_polled_and_then_resumed(
    model: ScriptedModel, openai_client: OpenAI
) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    begun = create(openai_client, background=True)
    assert (begun.status, begun.output, begun.background) == ("in_progress", [], True)
    gate.open()
    eventually(lambda: openai_client.responses.retrieve(begun.id).status == "completed")
    replayed = list(openai_client.responses.retrieve(begun.id, stream=True))
    assert delta_text(replayed) == "Half and all"


def test_a_chain_follows_its_previous_response_and_branches(
    model: ScriptedModel, alice: Client, openai_client: OpenAI
) -> None:
    model.script(answer("1"), answer("2"), answer("2b"))
    first = create(openai_client, "One", instructions="Be brief.")
    then = create(openai_client, "Two", previous_response_id=first.id)
    create(openai_client, "Two b", previous_response_id=first.id)
    assert then.conversation.id == first.conversation.id
    sent = [[(one["role"], one["content"]) for one in request.messages] for request in model.requests]
    history = [("user", "One"), ("assistant", "1")]
    assert sent == [
        [("system", "Be brief."), ("user", "One")],
        [*history, ("user", "Two")],
        [*history, ("user", "Two b")],
    ]
    shown = [message["content"] for message in alice.messages(first.conversation.id)]
    assert shown == ["One", "1", "Two b", "2b"]


def test_an_input_of_items_begins_a_thread_with_its_history(
    model: ScriptedModel, openai_client: OpenAI
) -> None:
    items = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "One"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "1"}]},
        {"role": "user", "content": "Two"},
    ]
    done = create(openai_client, items)
    sent = [(one["role"], one["content"]) for one in model.requests[-1].messages]
    assert sent == [("system", "Be brief."), ("user", "One"), ("assistant", "1"), ("user", "Two")]
    listed: list[Any] = openai_client.responses.input_items.list(done.id).data
    assert [item.content[0].text for item in listed] == ["Two"]


def test_cancel_stops_it_and_keeps_the_text(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(answer("Half", Gate()))
    stream = create(openai_client, stream=True)
    for event in stream:
        if event.type == "response.output_text.delta":
            break
    name = Response.objects.latest("pk").public_id
    assert openai_client.responses.cancel(name).status == "cancelled"
    assert openai_client.responses.cancel(name).output_text == "Half"
    rest = list(stream)
    assert (rest[-1].type, rest[-1].response.status) == ("response.incomplete", "cancelled")


def test_a_deleted_response_is_unknown_and_what_followed_it_stays(
    model: ScriptedModel, alice: Client, openai_client: OpenAI
) -> None:
    model.script(answer("Zebra"), answer("2"))
    first = create(openai_client, "One", instructions="Zebra")
    then = create(openai_client, "Two", previous_response_id=first.id)
    openai_client.responses.delete(first.id)
    for ask in (openai_client.responses.retrieve, openai_client.responses.delete):
        with pytest.raises(openai.NotFoundError):
            ask(first.id)
    shown = [message["content"] for message in alice.messages(first.conversation.id)]
    assert shown == ["One", "[removed]", "Two", "2"]
    assert openai_client.responses.retrieve(then.id).output_text == "2"
    assert not Response.objects.filter(options__contains="Zebra").exists()


def test_leaving_stops_nothing_that_is_stored(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    with create(openai_client, stream=True) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                break
    gate.open()
    name = Response.objects.latest("pk").public_id
    eventually(lambda: openai_client.responses.retrieve(name).output_text == "Half and all")


def test_without_store_it_is_in_no_list_and_leaving_stops_it(
    model: ScriptedModel, alice: Client, openai_client: OpenAI
) -> None:
    model.script(answer("Half", Gate()))
    with create(openai_client, stream=True, store=False) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                break
    name = Response.objects.latest("pk").public_id
    eventually(lambda: Response.objects.get(public_id=name).status == "stopped")
    assert alice.get("/api/threads").json()["threads"] == []
    with pytest.raises(openai.NotFoundError) as raised:
        create(openai_client, previous_response_id=name)
    assert raised.value.code == "previous_response_not_found"


def test_an_answer_cut_at_the_cap_is_incomplete(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(answer("Hel", finish="length"), answer("Hel", finish="content_filter"))
    cut, filtered = create(openai_client), list(create(openai_client, stream=True))[-1]
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert filtered.type == "response.incomplete"
    assert filtered.response.incomplete_details.reason == "content_filter"


def test_a_failure_is_told_in_the_protocols_way(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(refusal(403))
    with pytest.raises(openai.InternalServerError) as raised:
        create(openai_client)
    assert raised.value.response.headers["x-should-retry"] == "false"
    model.script(refusal(403))
    assert list(create(openai_client, stream=True))[-1].type == "response.failed"
    model.script(Script([Text("Half"), CutOff()]))
    failed = create(openai_client)
    assert (failed.status, failed.error.code, failed.output_text) == ("failed", "server_error", "Half")


def test_a_response_that_waits_is_queued(model: ScriptedModel, openai_client: OpenAI) -> None:
    model.script(answer("1", gate := Gate()), answer("2"))
    first = create(openai_client, "One", background=True)
    gate.wait_until_reached()
    waiting = create(openai_client, "Two", conversation=first.conversation.id, background=True)
    assert waiting.status == "queued"
    gate.open()
    eventually(lambda: openai_client.responses.retrieve(waiting.id).status == "completed")
    replayed = list(openai_client.responses.retrieve(waiting.id, stream=True))
    assert kinds(replayed)[:3] == ["created", "queued", "in_progress"]
    assert [event.sequence_number for event in replayed[:3]] == [0, 1, 2]


def test_another_users_response_is_an_unknown_one(
    model: ScriptedModel, openai_client: OpenAI, bob: Client, connect_openai: Callable[[Client], OpenAI]
) -> None:
    mine, theirs = create(openai_client), connect_openai(bob)
    for ask in (theirs.responses.retrieve, theirs.responses.cancel, theirs.responses.input_items.list):
        with pytest.raises(openai.NotFoundError):
            ask(mine.id)
    with pytest.raises(openai.NotFoundError):
        create(theirs, previous_response_id=mine.id)
    with pytest.raises(openai.NotFoundError):
        create(theirs, conversation=mine.conversation.id)
    assert Thread.objects.filter(owner__username=bob.username).count() == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": ""},
        {"input": []},
        {"input": [{"role": "assistant", "content": "Hi"}]},
        {"input": [{"type": "function_call_output", "call_id": "c", "output": "1"}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
        {"input": "Hi", "tools": [{"type": "web_search"}]},
        {"input": "Hi", "previous_response_id": "a", "conversation": "b"},
        {"input": "Hi", "store": False, "conversation": "b"},
        {"input": "Hi", "metadata": {str(number): "" for number in range(17)}},
        {"input": "Hi", "max_output_tokens": 0},
    ],
    ids=str,
)
def test_a_request_of_another_form_is_refused(alice: Client, body: Any) -> None:
    refused = alice.http.post("/v1/responses", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize("after", ["-2", "x", "1.5", "9" * 16])
def test_a_sequence_number_that_is_none_is_refused(
    model: ScriptedModel, alice: Client, openai_client: OpenAI, after: str
) -> None:
    refused = alice.get(f"/v1/responses/{create(openai_client).id}", stream="true", starting_after=after)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_offset")


def test_a_request_with_instructions_and_parameters_is_rebuilt_byte_for_byte(
    model: ScriptedModel, openai_client: OpenAI
) -> None:
    create(openai_client, instructions="Be brief.", temperature=0.5)
    rebuilt = rebuild_request(UpstreamCall.objects.latest("pk"))
    assert rebuilt is not None
    assert rebuilt.exact
    assert rebuilt.messages[0] == {"role": "system", "content": "Be brief."}
