"""AG-UI's own rules: bodies, known runs without a mark, other answers and edits, versions, pictures, TanStack's history."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import Thought
from tests.contract.expect import assert_problem
from tests.dialects.ag_ui import AG_UI, PATH, get, run_input, snapshot_of, user
from tests.live.client import Client, Json, new_id
from tests.live.harness import eventually
from tests.live.pictures import PNG

SUM = Call("calculate", '{"expression": "6*7"}', "call_1")


def said(name: str, content: str) -> Json:
    """Return a reply as the client keeps it."""
    return {"id": name, "role": "assistant", "content": content}


def contents(client: Client, thread: str) -> list[Any]:
    return [message["content"] for message in client.messages(thread)]


# Prompts


def test_only_the_newest_message_is_new(model: ScriptedModel, alice: Client) -> None:
    thread, one, two = new_id("t"), user("One"), user("Two")
    AG_UI.post(alice, run_input(thread, run := new_id("r"), one)).to_end()
    invented = said(run, "Something that the model never said.")
    AG_UI.post(alice, run_input(thread, new_id("r"), one, invented, two)).to_end()
    assert contents(alice, thread) == ["One", "Hello from the script.", "Two", "Hello from the script."]
    assert [message["content"] for message in model.requests[1].messages[-2:]] == [
        "Hello from the script.",
        "Two",
    ]


def test_a_new_thread_takes_the_earlier_messages(model: ScriptedModel, alice: Client) -> None:
    earlier = [
        {"id": "s", "role": "developer", "content": "Be brief."},
        user("One"),
        {"id": "x", "role": "reasoning", "content": "Hm."},
        {"id": "c", "role": "assistant", "toolCalls": []},
        said("a", "1"),
        {"id": "v", "role": "activity", "activityType": "plan", "content": {"steps": []}},
    ]
    AG_UI.post(alice, run_input(thread := new_id("t"), new_id("r"), *earlier, user("Two"))).to_end()
    assert contents(alice, thread) == ["One", "1", "Two", "Hello from the script."]
    assert model.requests[0].messages[0]["content"] == "Be brief."


def test_the_same_message_under_a_new_run_is_another_answer(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("First."), answer("Second."))
    thread, message = new_id("t"), user("Hi")
    for run in (first := new_id("r"), second := new_id("r")):
        AG_UI.post(alice, run_input(thread, run, message)).to_end()
    assert contents(alice, thread) == ["Hi", "Second."]
    assert alice.messages(thread)[-1]["versions"] == [first, second]


def test_a_message_of_another_dialect_is_known_in_the_clients_own_form(
    model: ScriptedModel, alice: Client
) -> None:
    parts = [{"text": "Hi ", "type": "text"}, {"type": "text", "text": "there"}]
    alice.chat(parts, thread=(thread := new_id("t")), prompt=(name := new_id("m")))
    AG_UI.post(alice, run_input(thread, new_id("r"), user("Hi there", name))).to_end()
    prompt, reply = alice.messages(thread)
    assert (len(prompt["versions"]), len(reply["versions"])) == (1, 2)


def test_the_same_words_under_a_new_id_are_a_new_prompt(model: ScriptedModel, alice: Client) -> None:
    thread, one, two = new_id("t"), user("Again"), user("Again")
    AG_UI.post(alice, run_input(thread, run := new_id("r"), one)).to_end()
    AG_UI.post(alice, run_input(thread, new_id("r"), one, said(run, "Hello from the script."), two)).to_end()
    assert contents(alice, thread)[::2] == ["Again", "Again"]


def test_another_content_of_a_known_message_is_an_edit(model: ScriptedModel, alice: Client) -> None:
    thread, message = new_id("t"), user("Hi")
    AG_UI.post(alice, run_input(thread, new_id("r"), message)).to_end()
    edited = {**message, "content": "Ho"}
    for _ in range(2):
        AG_UI.post(alice, run_input(thread, new_id("r"), edited)).to_end()
    assert contents(alice, thread)[0] == "Ho"
    assert len(alice.messages(thread)[0]["versions"]) == 2


def test_the_model_is_that_of_the_forwarded_properties(model: ScriptedModel, alice: Client) -> None:
    body = run_input(new_id("t"), run := new_id("r"), user("Hi"), forwardedProps={"model": "openassistant"})
    AG_UI.post(alice, body).to_end()
    assert alice.response(run)["model"] == "openassistant"


def test_a_picture_is_stored_once_and_shown_by_its_path(model: ScriptedModel, alice: Client) -> None:
    data = base64.b64encode(PNG).decode()
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image", "source": {"type": "data", "value": data, "mimeType": "image/png"}},
    ]
    older = [parts[0], {"type": "binary", "mimeType": "image/png", "data": data}]
    thread, first, run = new_id("t"), user(parts), new_id("r")
    AG_UI.post(alice, run_input(thread, run, first)).to_end()
    said_first = said(run, "Hello from the script.")
    AG_UI.post(alice, run_input(thread, new_id("r"), first, said_first, user(older))).to_end()
    shown = [message["content"][1]["image_url"]["url"] for message in alice.messages(thread)[::2]]
    assert shown[0] == shown[1]
    assert alice.get(shown[0]).content == PNG
    image = {"type": "image", "source": {"type": "url", "value": shown[0]}}
    by_path = user([parts[0], image])
    AG_UI.post(alice, run_input(thread, new_id("r"), first, said_first, by_path)).to_end()
    reader = AG_UI.post(alice, run_input(thread, run, first))
    reader.rest()
    assert snapshot_of(reader.events)[0]["content"] == [parts[0], image]


# Known runs without a mark


def test_a_running_one_gives_a_snapshot_and_then_only_what_follows(
    model: ScriptedModel, alice: Client
) -> None:
    gate, thread, run, message = Gate(), new_id("t"), new_id("r"), user("Hi")
    model.script(tool_round(SUM, text="Grö"), answer(Thought("Hä?"), "ße", gate, " und mehr"))
    first = AG_UI.post(alice, run_input(thread, run, message)).until("Größe")
    again = AG_UI.post(alice, run_input(thread, run, message)).begun()
    gate.open()
    first.to_end()
    again.rest()
    call = {"id": "call_1", "type": "function", "function": {"name": "calculate", "arguments": "{}"}}
    assert snapshot_of(again.events) == [
        message,
        {"id": f"{run}:thought:0", "role": "reasoning", "content": "Hä?"},
        {**said(run, "Größe"), "toolCalls": [call]},
        {"id": f"{run}:call_1", "role": "tool", "toolCallId": "call_1", "content": ""},
    ]
    assert again.received.text.decode() == " und mehr"
    AG_UI.assert_grammar(again.events)
    assert {event.mark for event in again.marked} == {-1}


def test_an_ended_one_gives_its_messages_and_its_end(model: ScriptedModel, alice: Client) -> None:
    thread, run, message = new_id("t"), new_id("r"), user("Hi")
    first = AG_UI.post(alice, run_input(thread, run, message)).to_end()
    again = AG_UI.post(alice, run_input(thread, run, user("Whatever else")))
    again.rest()
    assert snapshot_of(again.events) == [message, said(run, "Hello from the script.")]
    assert again.events[2:] == [first[-1].data]


def test_a_failed_one_is_attached_to_and_not_asked_again(model: ScriptedModel, alice: Client) -> None:
    with model.refusing():
        AG_UI.post(alice, body := run_input(new_id("t"), new_id("r"), user("Hi"))).to_end()
    again = AG_UI.post(alice, body)
    again.rest()
    assert [event["type"] for event in again.events] == ["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_ERROR"]
    assert again.events[2]["code"] == "unavailable"


def test_a_known_run_with_a_mark_is_resumed(model: ScriptedModel, alice: Client) -> None:
    body = run_input(new_id("t"), new_id("r"), user("Hi"))
    events = AG_UI.post(alice, body).to_end()
    assert AG_UI.post(alice, body, events[2].mark).to_end() == events[3:]


# Versions


def test_a_client_that_names_a_version_gets_it_and_outcomes(model: ScriptedModel, alice: Client) -> None:
    body = run_input(new_id("t"), new_id("r"), user("Hi"), protocolVersion="1.0")
    events = AG_UI.post(alice, body).to_end()
    assert events[0].data["protocolVersion"] == "1.0"
    assert events[-1].data["outcome"] == {"type": "success"}


def test_a_stop_is_a_cancelled_outcome_to_new_clients_alone(model: ScriptedModel, alice: Client) -> None:
    for more, outcome in (({"protocolVersion": "1.0"}, {"type": "cancelled"}), ({}, None)):
        model.script(answer("Half", Gate()))
        thread, run = new_id("t"), new_id("r")
        reader = AG_UI.post(alice, run_input(thread, run, user("Hi"), **more)).until("Half")
        AG_UI.stop(alice, thread, run)
        assert reader.to_end()[-1].data.get("outcome") == outcome


def test_the_end_has_the_usage(model: ScriptedModel, alice: Client) -> None:
    last = AG_UI.send(alice, thread=new_id("t"), run=(run := new_id("r"))).to_end()[-1].data
    usage, [told] = alice.response(run)["usage"], last["usage"]
    assert (told["inputTokens"], told["outputTokens"]) == (usage["promptTokens"], usage["completionTokens"])
    assert told["totalTokens"] == told["inputTokens"] + told["outputTokens"]


# History, as TanStack AI asks for it


def test_the_history_of_a_thread_names_its_running_run(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("Hel", gate := Gate(), "lo"))
    thread, run, message = new_id("t"), new_id("r"), user("Hi")
    reader = AG_UI.post(alice, run_input(thread, run, message)).until("Hel")
    eventually(lambda: len(get(alice, threadId=thread).json()["messages"]) == 2)
    assert get(alice, threadId=thread).json() == {
        "messages": [
            {"id": message["id"], "role": "user", "parts": [{"type": "text", "content": "Hi"}]},
            {"id": run, "role": "assistant", "parts": [{"type": "text", "content": "Hel"}]},
        ],
        "activeRun": {"runId": run},
        "interrupts": None,
    }
    gate.open()
    reader.to_end()
    assert get(alice, threadId=thread).json()["activeRun"] is None


def test_the_history_comes_in_pages_where_it_is_asked_for_so(model: ScriptedModel, alice: Client) -> None:
    AG_UI.send(alice, thread=(thread := new_id("t")), run=(run := new_id("r"))).to_end()
    newest = get(alice, threadId=thread, limit=1).json()
    assert ([one["id"] for one in newest["messages"]], newest["page"]) == (
        [run],
        {"truncated": True, "cursor": run},
    )
    older = get(alice, threadId=thread, before=run).json()
    assert (len(older["messages"]), older["page"]) == (1, {"truncated": False, "cursor": None})


def test_an_unknown_or_foreign_thread_has_an_empty_history(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    AG_UI.send(alice, thread=(thread := new_id("t")), run=new_id("r")).to_end()
    empty: Json = {"messages": [], "activeRun": None, "interrupts": None}
    assert get(bob, threadId=thread).json() == get(bob, threadId=new_id("t")).json() == empty


# Bad input

HI = {"id": "m", "role": "user", "content": "Hi"}
WRONG: list[tuple[Json, str]] = [
    ({"threadId": 7}, "threadId"),
    ({"threadId": ""}, "threadId"),
    ({"runId": None}, "runId"),
    ({"runId": "a b"}, "runId"),
    ({"messages": []}, "messages"),
    ({"messages": {}}, "messages"),
    ({"messages": [7]}, "messages[0]"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{**HI, "content": ""}]}, "messages[0].content"),
    ({"messages": [{**HI, "content": {"a": 1}}]}, "messages[0].content"),
    ({"messages": [{**HI, "content": [{"type": "audio"}]}]}, "messages[0].content"),
    ({"messages": [{**HI, "content": [{"type": "image"}]}]}, "messages[0].content"),
    ({"messages": [{**HI, "id": "a b"}]}, "messages[0].id"),
    ({"messages": [{**HI, "role": 7}]}, "messages[0].role"),
    ({"messages": [{**HI, "role": "assistant"}]}, "messages"),
    ({"messages": [HI, {"role": "tool", "content": "42", "toolCallId": "c"}]}, "messages"),
    ({"forwardedProps": {"model": 7}}, "forwardedProps.model"),
    ({"resume": [{"interruptId": "i", "status": "resolved"}]}, "resume"),
    ({"protocolVersion": 1}, "protocolVersion"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG, ids=lambda one: str(one)[:40])
def test_a_wrong_field_is_named_and_nothing_stored(alice: Client, wrong: Json, field: str) -> None:
    thread = new_id("t")
    body = {**run_input(thread, new_id("r"), HI), **wrong}
    problem = assert_problem(alice.http.post(PATH, json=body), "bad_request", 400)
    assert field in problem["detail"]
    assert alice.get(f"/api/threads/{thread}").status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "https://pictures.example/cat.png",
        "data:image/png;base64,%%%",
        "data:image/png,AAAA",
        "data:image/svg+xml;base64,PHN2Zy8+",
        "/api/attachments/nothing",
    ],
)
def test_an_address_that_is_no_picture_is_refused(alice: Client, url: str) -> None:
    part = {"type": "image", "source": {"type": "url", "value": url}}
    body = run_input(thread := new_id("t"), new_id("r"), user([part]))
    assert_problem(alice.http.post(PATH, json=body), "bad_request", 400)
    assert alice.get(f"/api/threads/{thread}").status_code == 404


def test_too_many_messages_and_too_long_ones_are_refused(tight: Client) -> None:
    many = run_input(new_id("t"), new_id("r"), *[HI] * 1001)
    assert_problem(tight.http.post(PATH, json=many), "too_large", 413)
    long = run_input(new_id("t"), new_id("r"), user("x" * 5001))
    assert_problem(tight.http.post(PATH, json=long), "too_large", 413)


def test_a_get_without_a_name_and_with_an_unknown_run_are_refused(alice: Client) -> None:
    assert_problem(get(alice), "bad_request", 400)
    assert_problem(get(alice, runId=new_id("r")), "not_found", 404)
    assert_problem(get(alice, threadId="a b"), "bad_request", 400)
