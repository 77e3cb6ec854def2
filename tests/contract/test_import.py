"""Import of exports: this server's own, ChatGPT's and Open WebUI's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import Message, Thread
from chat.testing import ScriptedModel
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.page_client import csrf


def send(client: Client, value: Any, **headers: str) -> Any:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return client.http.post(
        "/api/import", content=body, headers={"Content-Type": "application/json", **headers}
    )


def node(name: str, parent: str | None, role: str, text: str, **more: Any) -> dict[str, Any]:
    content = {"content_type": "text", "parts": [text], **more}
    message = {"id": name, "author": {"role": role}, "content": content, "create_time": 1_700_000_000.5}
    return {"id": name, "parent": parent, "children": [], "message": message}


def chatgpt(**more: Any) -> dict[str, Any]:
    """Return a chat with a hidden root, a thought, two answers to the first question, and a second question."""
    names = {part: new_id(part) for part in ("root", "q1", "think", "a1", "a1b", "q2", "a2")}
    mapping = {
        names["root"]: {"id": names["root"], "parent": None, "message": None},
        names["q1"]: node(names["q1"], names["root"], "user", "What is a tide?"),
        names["think"]: node(names["think"], names["q1"], "assistant", "hm", content_type="thoughts"),
        names["a1"]: node(names["a1"], names["think"], "assistant", "Old answer"),
        names["a1b"]: node(names["a1b"], names["q1"], "assistant", "Tides\ue200cite\ue202turn0\ue201 rise."),
        names["q2"]: node(names["q2"], names["a1b"], "user", "Why?"),
        names["a2"]: node(names["a2"], names["q2"], "assistant", "The moon."),
    }
    head = {"title": "Tides", "conversation_id": new_id("chatgpt"), "create_time": 1_700_000_000.0}
    return {**head, "current_node": names["a2"], "update_time": 1_700_000_100.0, "mapping": mapping, **more}


def open_webui() -> dict[str, Any]:
    question, answer = new_id("q"), new_id("a")
    details = '<details type="reasoning" done="true"><summary>Thought</summary>hm</details>\nFour.'
    messages = {
        question: {
            "id": question,
            "parentId": None,
            "childrenIds": [answer],
            "role": "user",
            "content": "2+2?",
            "timestamp": 1_700_000_000,
        },
        answer: {
            "id": answer,
            "parentId": question,
            "childrenIds": [],
            "role": "assistant",
            "content": details,
        },
    }
    chat = {"title": "Sums", "models": ["x"], "history": {"messages": messages, "currentId": answer}}
    head = {"id": new_id("owui"), "user_id": "u", "title": "Sums", "archived": True, "pinned": False}
    return {**head, "chat": chat, "updated_at": 1_700_000_000, "created_at": 1_700_000_000}


def own(content: Any) -> bytes:
    """Return an export of this server, of a chat with one message."""
    message = {"id": new_id("q"), "role": "user", "content": content}
    return json.dumps({"thread": {"threadId": new_id("t"), "messages": [message]}}).encode()


def shown(client: Client, thread: str) -> list[tuple[str, str]]:
    return [(one["role"], one["content"]) for one in client.messages(thread)]


def test_chatgpts_chat_comes_with_its_shown_branch_title_and_times(alice: Client) -> None:
    given = chatgpt()
    [thread] = send(alice, [given]).json()["threads"]
    assert thread == given["conversation_id"]
    assert shown(alice, thread) == [
        ("user", "What is a tide?"),
        ("assistant", "Tides rise."),
        ("user", "Why?"),
        ("assistant", "The moon."),
    ]
    listed = alice.get(f"/api/threads/{thread}").json()
    assert (listed["title"], listed["updatedAt"][:10]) == ("Tides", "2023-11-14")


def test_the_other_versions_of_an_answer_come_too(alice: Client) -> None:
    [thread] = send(alice, [chatgpt()]).json()["threads"]
    first = alice.messages(thread)[1]
    assert len(first["versions"]) == 2
    old = next(one for one in first["versions"] if one != first["id"])
    alice.http.patch(f"/api/threads/{thread}", json={"leaf": old})
    assert shown(alice, thread) == [("user", "What is a tide?"), ("assistant", "Old answer")]


def test_open_webuis_chat_comes_without_its_thought(alice: Client) -> None:
    given = open_webui()
    assert send(alice, [given]).json() == {"threads": [given["id"]], "known": 0, "empty": 0}
    assert shown(alice, given["id"]) == [("user", "2+2?"), ("assistant", "Four.")]
    assert alice.get(f"/api/threads/{given['id']}").json()["archived"] is True


def test_an_export_of_this_server_comes_back_at_another_account(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    alice.chat("hello", thread=(thread := new_id("t")))
    alice.http.patch(f"/api/threads/{thread}", json={"title": "Mine", "pinned": True})
    for path in (f"/api/threads/{thread}/export?format=json", "/api/export"):
        given = alice.get(path).content
        assert send(bob, given).json()["threads"] == [thread]
        assert shown(bob, thread) == shown(alice, thread)
        assert bob.get("/api/threads").json()["threads"][0]["title"] == "Mine"
        bob.http.delete(f"/api/threads/{thread}")


def test_a_second_import_changes_nothing(alice: Client) -> None:
    given = [chatgpt(), open_webui()]
    assert len(send(alice, given).json()["threads"]) == 2
    before = Message.objects.count()
    assert send(alice, given).json() == {"threads": [], "known": 2, "empty": 0}
    assert Message.objects.count() == before


def test_an_imported_chat_is_continued_by_a_model(model: ScriptedModel, alice: Client) -> None:
    [thread] = send(alice, [chatgpt()]).json()["threads"]
    alice.chat("And at night?", thread=thread)
    said = [one["content"] for one in model.requests[-1].json["messages"] if one["role"] != "system"]
    assert said[:4] == ["What is a tide?", "Tides rise.", "Why?", "The moon."]
    assert len(alice.messages(thread)) == 6


REFUSED = {
    "no JSON": b"{",
    "a text": b'"x"',
    "an empty list": b"[]",
    "another list": b'[{"a": 1}]',
    "a mapping of another kind": b'[{"mapping": {"a": 3}}]',
    "one bad chat among good ones": json.dumps([chatgpt(), {"chat": {"history": {"messages": 3}}}]).encode(),
    "deep JSON": b"[" * 100_000 + b"]" * 100_000,
    "parts without a type": own([{"text": "x"}]),
    "a part with a number as its text": own([{"type": "text", "text": 5}]),
    "a file without a name": own([{"type": "file", "file": {"file_id": 5}}]),
    "deep parts": own([{"type": "text", "text": "x", "more": json.loads("[" * 100 + "]" * 100)}]),
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_any_other_file_is_refused_and_nothing_is_stored(alice: Client, body: bytes) -> None:
    before = Thread.objects.count()
    assert_problem(send(alice, body), "bad_request", 400)
    assert Thread.objects.count() == before


def test_a_file_with_too_many_chats_is_refused(alice: Client) -> None:
    assert_problem(send(alice, [{"mapping": {}}] * 1_001), "too_large", 413)


def test_chats_without_text_are_counted_and_left_out(alice: Client) -> None:
    assert send(alice, [{"mapping": {}}]).json() == {"threads": [], "known": 0, "empty": 1}


def test_messages_that_are_their_own_ancestors_are_left_out(alice: Client) -> None:
    given = chatgpt()
    given["mapping"] |= {
        "x": node("x", "y", "user", "loop"),
        "y": node("y", "x", "assistant", "loop"),
    }
    [thread] = send(alice, [given]).json()["threads"]
    assert len(shown(alice, thread)) == 4


def test_an_import_beyond_the_quota_stores_nothing(tight: Client) -> None:
    long = node("q", None, "user", "x" * 900_000)
    given = [{**chatgpt(), "mapping": {f"q{at}": long} | {}} for at in range(7)]
    limit = Thread.objects.count()
    answered = send(tight, [{**one, "conversation_id": new_id("c")} for one in given])
    assert answered.status_code in (413, 429), answered.text
    assert Thread.objects.count() == limit


def test_an_import_by_cookie_needs_the_csrf_token(visit: Any) -> None:
    guest = visit()
    assert_problem(send(guest, [chatgpt()]), "csrf_failed", 403)
    assert send(guest, [chatgpt()], **csrf(guest)).status_code == 201
