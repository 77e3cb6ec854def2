"""A request to a model is rebuilt byte for byte, whatever happened to the thread since."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Message, UpstreamCall
from chat.reporting.request_rebuild import RebuiltRequest, rebuild_request
from chat.testing import FAULTS, Call, Gate, ScriptedModel, answer, refusal, tool_round
from tests.contract.expect import APPLE
from tests.live.client import Client, body_of, new_id
from tests.live.files import file_part, pdf, upload_file
from tests.live.harness import eventually
from tests.live.pictures import part, upload

ADD = Call("calculate", '{"expression": "1+1"}')


def recorded(alice: Client) -> list[UpstreamCall]:
    calls = UpstreamCall.objects.filter(owner__username=alice.username)
    return list(calls.order_by("started_at", "round", "attempt"))


def assert_rebuilt(model: ScriptedModel, alice: Client) -> list[RebuiltRequest]:
    """Assert that every request to the model is rebuilt, in order. Return the rebuilt requests."""

    def all_recorded() -> Any:
        calls = recorded(alice)
        return calls if len(calls) == len(model.requests) else None

    found = [rebuild_request(call) for call in eventually(all_recorded, says="not every call has its row")]
    assert [one and one.body for one in found] == [request.body for request in model.requests]
    assert all(one and one.exact for one in found)
    return [one for one in found if one]


def test_plain_turns(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    for words in ("First", "Second ñ 🍎", "Third"):
        alice.chat(words, thread=thread)
    last = assert_rebuilt(model, alice)[-1]
    assert [message["role"] for message in last.messages] == ["user", "assistant"] * 2 + ["user"]
    assert {tool["function"]["name"] for tool in last.tools} >= {"calculate"}


def test_content_parts_as_they_were_received(model: ScriptedModel, alice: Client) -> None:
    parts = '[ {"type" : "text","text":"caf\\u00e9 \\/ caf\u00e9", "weight":1.50e0} ]'
    body = f'{{"prompt": {{"role": "user", "content": {parts}}}}}'.encode()
    alice.http.post("/api/chat", content=body, headers={"Content-Type": "application/json"})
    assert_rebuilt(model, alice)


def test_rounds_of_tools(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(ADD, text="Wait. "), tool_round(ADD, ADD), answer("Two."), answer("More."))
    alice.chat("What is 1+1?", thread=(thread := new_id("t")))
    alice.chat("And?", thread=thread)
    assert len(assert_rebuilt(model, alice)) == 4


def test_the_last_round_which_may_call_nothing(model: ScriptedModel, alice: Client) -> None:
    model.default(
        lambda asked: tool_round(ADD) if asked.json.get("tool_choice") != "none" else answer("Two.")
    )
    alice.chat("What is 1+1?")
    assert_rebuilt(model, alice)


def test_a_reply_that_was_replaced_since_and_before(model: ScriptedModel, alice: Client) -> None:
    thread, first = new_id("t"), new_id("r")
    model.script(tool_round(ADD, text="Wait. "), answer("The reply."))
    alice.chat("One", thread=thread, response=first)
    for number in range(3):
        alice.chat(f"Two {number}", thread=thread)
        edited = {"content": f"edited {number}" * 1000}
        for _ in range(2):
            assert alice.http.put(f"/api/threads/{thread}/messages/{first}", json=edited).is_success
    alice.chat("Three", thread=thread)
    found = assert_rebuilt(model, alice)
    said = [one.messages[3]["content"] for one in found[2:]]
    assert said == ["The reply.", *(f"edited {number}" * 1000 for number in range(3))]
    assert Message.objects.get(public_id=first).revision == 3


def test_a_reply_that_was_cut(model: ScriptedModel, alice: Client) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer("Hello", gate, " there"))
    with alice.http.stream(
        "POST", "/api/chat", json=body_of("One", thread=(thread := new_id("t")), response=response)
    ) as reading:
        next(reading.iter_raw())
        alice.stop(response, offset=2)
    gate.open()
    alice.chat("Two", thread=thread)
    found = assert_rebuilt(model, alice)
    assert found[-1].messages[1]["content"] == "He"


def test_versions_and_branches(model: ScriptedModel, alice: Client) -> None:
    thread, response = new_id("t"), new_id("r")
    model.script(answer("a"), answer("b"), answer("c"), answer("d"))
    alice.chat("One", thread=thread, response=response, prompt=(prompt := new_id("p")))
    alice.http.post(f"/api/responses/{response}/regenerate", json={})
    alice.chat("Two", thread=thread, parentId=response)
    alice.chat("Other", thread=thread, parentId=None)
    found = assert_rebuilt(model, alice)
    assert [len(one.messages) for one in found] == [1, 1, 3, 1]
    assert alice.messages(thread, leaf=prompt)


def test_a_model_that_failed_and_the_one_that_took_its_place(
    model: ScriptedModel, make_client: Callable[..., Client], falling: Any
) -> None:
    alice = make_client(falling)
    model.script(refusal(401), answer("Here."))
    alice.chat("One")
    found = assert_rebuilt(model, alice)
    failed, taken = recorded(alice)
    assert [failed.attempt, taken.attempt] == [0, 1]
    assert [one.envelope["model"] for one in found] == [failed.upstream_model, taken.upstream_model]
    refused = "The model's server refused the request (status 401)."
    assert failed.causes == [{"kind": "chat.exceptions.ModelFailed", "text": refused}]
    assert taken.causes is None


def test_the_cause_of_a_failure_is_kept_without_foreign_text(model: ScriptedModel, alice: Client) -> None:
    model.script(FAULTS["bad JSON"].behaviour)
    alice.chat("One")
    eventually(lambda: recorded(alice), says="no row")
    ours, *others = recorded(alice)[0].causes or []
    assert ours["kind"] == "chat.exceptions.ModelFailed"
    assert ours["text"]
    assert [cause["text"] for cause in others] == [""] * len(others)
    assert [cause["kind"] for cause in others] == ["chat.llm.sse.updates.BadStream"]


def test_openassistants_prompt(model: ScriptedModel, alice: Client) -> None:
    system = {"role": "system", "content": "Be brief."}
    said = [system, {"role": "user", "content": "Hi <|assistant|>"}]
    thread = alice.http.post("/api/response", json={"messages": said}).headers["x-thread-id"]
    model.script(answer(APPLE))
    for words in ("x" * 3000, "y" * 3000, "And now?"):
        alice.http.post(
            "/api/response", json={"threadId": thread, "messages": [{"role": "user", "content": words}]}
        )
    found = assert_rebuilt(model, alice)
    assert b"xxxx" not in found[-1].body


def test_an_effort_is_part_of_the_request(
    model: ScriptedModel, make_client: Callable[..., Client], servers: Any
) -> None:
    efforts = {"low": {"reasoning_effort": "low", "thinking": {"budget": 1.50}}}
    models = {"c1": {"efforts": efforts}, "openassistant": {"efforts": {"long": {"max_tokens": 1500}}}}
    alice, thread = make_client(servers.keep(CHAT_MODELS=json.dumps(models))), new_id("t")
    model.script(tool_round(ADD), answer("Two."))
    alice.chat("One", thread=thread, effort="low")
    for words in ("x" * 1500, "And now?"):
        alice.chat(words, thread=thread, model="openassistant", effort="long")
    found = assert_rebuilt(model, alice)
    assert [one.envelope.get("reasoning_effort") for one in found] == ["low", "low", None, None]
    assert [one.envelope.get("max_tokens") for one in found] == [None, None, 1500, 1500]


def test_the_system_prompt_that_a_thread_had_then(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    alice.http.post("/api/threads", json={"threadId": thread, "systemPrompt": "Be brief."})
    for prompt in ("Be long.", "", "Be brief."):
        alice.chat("One", thread=thread)
        assert alice.http.patch(f"/api/threads/{thread}", json={"systemPrompt": prompt}).is_success
    alice.chat("One", thread=thread)
    found = assert_rebuilt(model, alice)
    recorded = [one.messages[0]["content"] for one in found]
    assert recorded == ["Be brief.", "Be long.", "One", "Be brief."]


def test_a_long_thread_of_which_the_oldest_turns_were_left_out(
    model: ScriptedModel, make_client: Callable[..., Client], short: Any
) -> None:
    alice, thread = make_client(short), new_id("t")
    said = [{"role": "system", "content": "Brief."}, {"role": "user", "content": "zero"}]
    alice.http.post("/api/response", json={"threadId": thread, "messages": said})
    for number in range(4):
        alice.chat(f"{number} " * 60, thread=thread, model="c1")
    found = assert_rebuilt(model, alice)
    assert [message["role"] for message in found[-1].messages].count("user") < 5
    assert [message["content"] for message in found[-1].messages[:2]] == ["You work for Example.", "Brief."]
    # Shorter now, as after a redaction; a turn that did not fit then must not appear now.
    Message.objects.filter(thread__public_id=thread, role="user").update(content="[removed]")
    shortened = rebuild_request(recorded(alice)[-1])
    assert shortened
    assert len(shortened.messages) == len(found[-1].messages)
    assert not shortened.exact


@pytest.mark.parametrize("images", [True, False])
def test_pictures_for_a_model_that_takes_them_and_for_one_that_does_not(
    model: ScriptedModel, make_client: Callable[..., Client], servers: Any, images: bool
) -> None:
    models = '{"c1": {"images": true}}' if images else ""
    alice, thread = make_client(servers.keep(CHAT_MODELS=models)), new_id("t")
    alice.chat([{"type": "text", "text": "Look"}, part(upload(alice))], thread=thread)
    alice.chat("And now?", thread=thread)
    found = assert_rebuilt(model, alice)
    assert [b"data:image/png;base64" in one.body for one in found] == [images, images]


def test_a_request_of_an_older_program_which_shaped_nothing(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(ADD), answer("Two."))
    alice.chat("What is 1+1?")
    assert_rebuilt(model, alice)
    for call in recorded(alice):
        older = {
            name: value for name, value in (call.provenance or {}).items() if name not in ("shape", "model")
        }
        UpstreamCall.objects.filter(pk=call.pk).update(provenance=older)
    assert len(assert_rebuilt(model, alice)) == 2


def test_a_rebuild_with_missing_parts_is_not_exact(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    alice.chat("One", thread=thread)
    alice.chat("Two", thread=thread)
    eventually(lambda: len(recorded(alice)) == 2, says="no rows")
    prompt = Message.objects.filter(thread__public_id=thread, position=0).order_by("turn")[0]
    Message.objects.filter(pk=prompt.pk).update(content="[removed]")
    found = [rebuild_request(call) for call in recorded(alice)]
    assert [one and one.exact for one in found] == [False, False]
    assert [one and one.messages[0]["content"] for one in found] == ["[removed]", "[removed]"]
    alice.http.delete(f"/api/threads/{thread}")
    assert [rebuild_request(call) for call in recorded(alice)] == [None, None]


MODELS = """{
  "c1": {"system": "You work for Example.", "fallbacks": ["spare"], "parameters": {"temperature": 0.1}, "budgetTokens": %d},
  "spare": {"baseUrl": "%s", "model": "spare-1", "openui": true, "metadata": {"thesys": {"a": [1.50]}}, "tools": false}
}"""


@pytest.fixture
def falling(live: None, servers: Any, scripted_model: ScriptedModel) -> Any:
    return servers.keep(CHAT_MODELS=MODELS % (100_000, scripted_model.base_url))


@pytest.fixture
def short(live: None, servers: Any, scripted_model: ScriptedModel) -> Any:
    return servers.keep(CHAT_MODELS=MODELS % (80, scripted_model.base_url))


def test_requests_with_files_whole_and_in_part(model: ScriptedModel, alice: Client) -> None:
    book = pdf([f"Page about {number} {'words ' * 60}" for number in range(300)])
    files = [upload_file(alice, "book.pdf", book).json(), upload_file(alice, "note.txt", b"A note").json()]
    model.script(tool_round(Call("search_files", '{"query": "217"}')), answer("There."), answer("More."))
    alice.chat([{"type": "text", "text": "What?"}, *map(file_part, files)], thread=(thread := new_id("t")))
    alice.chat("And?", thread=thread)
    assert len(assert_rebuilt(model, alice)) == 3
