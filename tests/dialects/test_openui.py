"""OpenUI's `restStorage`: a thin view on threads."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import ScriptedModel
from tests.contract.expect import assert_problem, assert_utc
from tests.dialects.ag_ui import AG_UI, run_input, user
from tests.live.client import Client, Json, new_id

PATH = "/api/openui/threads"


def create(client: Client, content: Any = "Plan a journey to Oslo") -> Json:
    answered = client.http.post(f"{PATH}/create", json={"messages": [user(content)]})
    assert answered.status_code == 201, answered.text
    return dict(answered.json())


def test_a_thread_is_created_with_a_title_and_without_messages(alice: Client) -> None:
    thread = create(alice)
    assert list(thread) == ["id", "title", "createdAt"]
    assert thread["title"] == "Plan a journey to Oslo"
    assert_utc(thread["createdAt"])
    assert alice.get(f"{PATH}/get/{thread['id']}").json() == []
    assert create(alice, [{"type": "text", "text": "In parts"}])["title"] == "In parts"


def test_the_messages_are_those_of_the_run(model: ScriptedModel, alice: Client) -> None:
    thread, message, run = create(alice)["id"], user("Plan a journey to Oslo"), new_id("r")
    AG_UI.post(alice, run_input(thread, run, message)).to_end()
    reply = {"id": run, "role": "assistant", "content": "Hello from the script."}
    assert alice.get(f"{PATH}/get/{thread}").json() == [message, reply]


def test_the_list_has_a_cursor_only_where_there_is_more(alice: Client) -> None:
    made = [create(alice, f"Thread {number}") for number in range(51)][::-1]
    page = alice.get(f"{PATH}/get").json()
    rest = alice.get(f"{PATH}/get", cursor=page["nextCursor"]).json()
    assert page["threads"] + rest["threads"] == made
    assert "nextCursor" not in rest


def test_a_thread_is_renamed_and_deleted(alice: Client) -> None:
    thread = create(alice)
    changed = alice.http.patch(f"{PATH}/update/{thread['id']}", json={**thread, "title": "Oslo"})
    assert changed.json() == {**thread, "title": "Oslo"}
    assert alice.http.delete(f"{PATH}/delete/{thread['id']}").status_code == 204
    assert_problem(alice.get(f"{PATH}/get/{thread['id']}"), "not_found", 404)
    assert alice.get(f"{PATH}/get").json() == {"threads": []}


def test_another_users_thread_is_an_unknown_one(alice: Client, bob: Client) -> None:
    thread = create(alice)["id"]
    for name in (thread, new_id("t")):
        assert_problem(bob.get(f"{PATH}/get/{name}"), "not_found", 404)
        assert_problem(bob.http.patch(f"{PATH}/update/{name}", json={"title": "x"}), "not_found", 404)
        assert_problem(bob.http.delete(f"{PATH}/delete/{name}"), "not_found", 404)
    assert bob.get(f"{PATH}/get").json() == {"threads": []}


@pytest.mark.parametrize(
    "body", [{}, {"messages": []}, {"messages": [7]}, {"messages": [{}]}, {"messages": [{"content": [7]}]}]
)
def test_a_first_message_that_is_none_is_refused(alice: Client, body: Json) -> None:
    problem = assert_problem(alice.http.post(f"{PATH}/create", json=body), "bad_request", 400)
    assert "messages" in problem["detail"]


def test_a_title_that_is_none_is_refused(alice: Client) -> None:
    path = f"{PATH}/update/{create(alice)['id']}"
    assert_problem(alice.http.patch(path, json={"title": 7}), "bad_request", 400)
    assert_problem(alice.http.patch(path, json={"title": "x" * 201}), "too_large", 413)


def test_changes_by_cookie_need_the_csrf_token(make_client: Any, server: Any) -> None:
    guest = make_client(server, token=False)
    guest.get("/api/session")
    assert_problem(guest.http.post(f"{PATH}/create", json={"messages": [user("x")]}), "csrf_failed", 403)
