"""The AI SDK's messages: pictures that come in, and the messages of a chat as they go out."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from chat.models import Attachment
from chat.testing import Call, Gate, ScriptedModel, answer, refusal, tool_round
from chat.testing.script import Thought
from tests.contract.expect import assert_problem
from tests.dialects.ai_sdk import PATH, begin, chat_body, history, picture, reply_of, said
from tests.live.client import Client, Json, new_id
from tests.live.pictures import PNG, upload

DATA_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


# Pictures


@pytest.mark.parametrize(
    "part",
    [
        picture(DATA_URL),
        {"type": "file", "mediaType": "image/png", "data": base64.b64encode(PNG).decode()},
        {"type": "file", "mediaType": "image/png", "data": DATA_URL},
        picture(DATA_URL, "image/*", filename="a.png"),
    ],
    ids=["a data URL", "bare data", "a data URL as data", "any type"],
)
def test_a_picture_is_stored_and_shown_by_its_path(model: ScriptedModel, alice: Client, part: Json) -> None:
    message = {"id": new_id("m"), "role": "user", "parts": [{"type": "text", "text": "What?"}, part]}
    reply_of(alice, thread := new_id("t"), message)
    shown = history(alice, thread)["messages"][0]["parts"]
    assert shown[0] == {"type": "text", "text": "What?"}
    assert (shown[1]["type"], shown[1]["mediaType"]) == ("file", "image/png")
    assert alice.get(shown[1]["url"]).content == PNG


def test_a_picture_is_the_same_as_data_and_as_its_path(model: ScriptedModel, alice: Client) -> None:
    thread, name, url = new_id("t"), new_id("m"), upload(alice)["url"]
    replies = {
        reply_of(alice, thread, {"id": name, "role": "user", "parts": [picture(address)]})[1]
        for address in (url, DATA_URL, url)
    }
    old = {"id": name, "role": "user", "parts": [picture(DATA_URL)]}
    reply_of(alice, thread, old, said("assistant", "1", replies.pop()), said("user", "Two"))
    assert (replies, len(model.requests)) == (set(), 2)
    assert Attachment.objects.filter(owner__username=alice.username).count() == 1


@pytest.mark.parametrize(
    "part",
    [
        picture("https://example.org/a.png"),
        picture("data:image/png;base64,AAAA"),
        picture("data:image/png;base64,%%%"),
        picture(DATA_URL, "application/pdf"),
        picture("data:application/zip;base64,UEsDBA==", "application/zip"),
        picture(DATA_URL, media=7),  # type: ignore[arg-type]
        {"type": "file", "mediaType": "image/png"},
        {"type": "file", "mediaType": "image/png", "url": 7},
    ],
    ids=repr,
)
def test_any_other_file_is_a_bad_request(model: ScriptedModel, alice: Client, part: Json) -> None:
    body = chat_body(new_id("t"), {"id": new_id("m"), "role": "user", "parts": [part]})
    assert_problem(alice.http.post(PATH, json=body), "bad_request", 400)
    assert model.requests == []
    assert not Attachment.objects.filter(owner__username=alice.username).exists()


# The messages of a chat


def test_a_reply_is_shown_with_its_thought_and_its_calls_where_they_stood(
    model: ScriptedModel, alice: Client
) -> None:
    calls = [Call("calculate", '{"expression": "6*7"}', "c1"), Call("calculate", '{"oops": 1}', "c2")]
    more = Call("calculate", '{"expression": "1+1"}', "c3")
    model.script(tool_round(*calls, text="Grö"), tool_round(more, text="ße"), answer(Thought("Hm."), ": 5"))
    _, name = reply_of(alice, thread := new_id("t"), prompt := said("user", "Hi"))
    user, reply = history(alice, thread)["messages"]
    assert user == {"id": prompt["id"], "role": "user", "parts": prompt["parts"]}
    assert reply["metadata"] == {"status": "done", "usage": alice.response(name)["usage"]}

    def called(call: str, **end: Any) -> Json:
        return {"type": "tool-calculate", "toolCallId": call, "input": {}, **end}

    done: Json = {"state": "output-available", "output": {"state": "done"}}
    step, text = {"type": "step-start"}, {"type": "text", "state": "done"}
    assert reply["parts"] == [
        step,
        {"type": "reasoning", "text": "Hm.", "state": "done"},
        {**text, "text": "Grö"},
        called("c1", **done),
        called("c2", state="output-error", errorText="The tool failed."),
        step,
        {**text, "text": "ße"},
        called("c3", **done),
        step,
        {**text, "text": ": 5"},
    ]


def test_the_text_of_an_edited_reply_follows_all_of_its_calls(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "6*7"}', "c1"), text="Grö"), answer("ße"))
    _, name = reply_of(alice, thread := new_id("t"), said("user", "Hi"))
    alice.http.put(f"/api/threads/{thread}/messages/{name}", json={"content": "Another"})
    parts = history(alice, thread)["messages"][1]["parts"]
    assert [part["type"] for part in parts] == ["step-start", "tool-calculate", "step-start", "text"]
    assert parts[-1]["text"] == "Another"


def test_the_running_reply_is_shown_with_its_text_so_far(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    reader = begin(alice, thread := new_id("t"), said("user", "Hi")).until("Half")
    name = reader.head.headers["X-Response-Id"]
    shown = history(alice, thread)
    reply = shown["messages"][1]
    assert (shown["id"], shown["activeResponseId"], reply["id"]) == (thread, name, name)
    assert reply["metadata"] == {"status": "streaming", "usage": None}
    gate.open()
    reader.to_end()
    assert history(alice, thread)["activeResponseId"] is None


def test_a_failed_reply_without_text_has_an_empty_step(model: ScriptedModel, alice: Client) -> None:
    model.script(refusal(401))
    begin(alice, thread := new_id("t"), said("user", "Hi")).to_end()
    reply = history(alice, thread)["messages"][1]
    assert (reply["parts"], reply["metadata"]["status"]) == ([{"type": "step-start"}], "failed")
