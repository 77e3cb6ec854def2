"""Another user's id and an id that does not exist get the same answer, on every route and frame."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.testing import ScriptedModel
from tests.live.client import Client, new_id
from tests.live.pictures import upload

PICTURE = {"type": "image_url", "image_url": {"url": "/api/attachments/{attachment}"}}
ROUTES = [
    ("GET", "/api/threads/{thread}", None),
    ("PATCH", "/api/threads/{thread}", {"title": "mine"}),
    ("PATCH", "/api/threads/{thread}", {"title": 7}),
    ("DELETE", "/api/threads/{thread}", None),
    ("GET", "/api/threads/{thread}/messages", None),
    ("GET", "/api/threads/{thread}/messages?before={prompt}", None),
    ("PUT", "/api/threads/{thread}/messages/{response}", {"content": "mine"}),
    ("PUT", "/api/threads/{thread}/messages/{prompt}", {"content": "mine"}),
    ("GET", "/api/threads/{thread}/shares", None),
    ("POST", "/api/threads/{thread}/shares", {}),
    ("DELETE", "/api/threads/{thread}/shares/{share}", None),
    ("GET", "/api/threads/{thread}/export", None),
    ("GET", "/api/threads/{thread}/export?format=markdown", None),
    ("GET", "/api/attachments/{attachment}", None),
    ("POST", "/api/chat", {"prompt": {"role": "user", "content": [PICTURE]}}),
    ("GET", "/api/responses/{response}", None),
    ("GET", "/api/responses/{response}/stream", None),
    ("GET", "/api/responses/{response}/stream?format=sse&offset=3", None),
    ("GET", "/api/responses/{response}/stream?offset=999999", None),
    ("GET", "/api/responses/{response}/stream?offset=-1", None),
    ("POST", "/api/responses/{response}/stop", {}),
    ("POST", "/api/responses/{response}/stop", {"offset": -1}),
]
FRAMES = [
    {"type": "follow", "responseId": "{response}", "offset": 0},
    {"type": "follow", "responseId": "{response}", "offset": 999_999},
    {"type": "stop", "responseId": "{response}"},
    {"type": "unfollow", "responseId": "{response}"},
]


@pytest.fixture
def ids(model: ScriptedModel, alice: Client) -> dict[str, str]:
    """Create Alice's thread, response, prompt, link and picture; return their ids."""
    named = {"thread": new_id("t"), "response": new_id("r"), "prompt": new_id("p")}
    alice.chat("Alice's words", **named)
    share = alice.http.post(f"/api/threads/{named['thread']}/shares").json()["shareId"]
    return {**named, "share": share, "attachment": upload(alice)["attachmentId"]}


def unknown() -> dict[str, str]:
    return {kind: new_id(kind[0]) for kind in ("thread", "response", "prompt", "share", "attachment")}


def without(text: str, ids: dict[str, str]) -> str:
    for kind, value in ids.items():
        text = text.replace(value, kind)
    return text


def filled(body: Any, ids: dict[str, str]) -> Any:
    """Return the body with the picture's id filled in."""
    return json.loads(json.dumps(body).replace("{attachment}", ids["attachment"]))


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_a_foreign_id_is_answered_like_an_unknown_one(
    ids: dict[str, str], alice: Client, bob: Client, method: str, path: str, body: Any
) -> None:
    answers = []
    for named in (ids, unknown()):
        answered = bob.http.request(method, path.format(**named), json=filled(body, named))
        answers.append((answered.status_code, without(answered.text, named)))
    assert answers[0] == answers[1]
    assert answers[0][0] in {400, 404}
    assert next(message["content"] for message in alice.messages(ids["thread"])) == "Alice's words"


@pytest.mark.parametrize("frame", FRAMES, ids=str)
def test_a_frame_with_a_foreign_id_is_answered_like_an_unknown_one(
    ids: dict[str, str], bob: Client, frame: dict[str, Any]
) -> None:
    heard = []
    with bob.socket() as socket:
        for named in (ids, unknown()):
            filled = {
                key: value.format(**named) if isinstance(value, str) else value
                for key, value in frame.items()
            }
            heard.append(without(str(socket.ask(filled.pop("type"), **filled)), named))
    assert heard[0] == heard[1]


def test_a_foreign_thread_id_makes_a_new_thread(ids: dict[str, str], alice: Client, bob: Client) -> None:
    own = {kind: ids[kind] for kind in ("thread", "response", "prompt")}
    assert bob.chat("Bob's words", **own).text == "Hello from the script."
    assert len(alice.messages(ids["thread"])) == 2
    assert bob.messages(ids["thread"])[0]["content"] == "Bob's words"


def test_lists_and_searches_show_only_the_callers_threads(ids: dict[str, str], bob: Client) -> None:
    for params in ({}, {"q": "Alice"}, {"archived": "1"}):
        assert bob.get("/api/threads", **params).json()["threads"] == []
