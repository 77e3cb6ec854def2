"""A user's own instructions, the tokens of their programs, and what the session says about the models."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import ApiToken, User
from chat.testing import ScriptedModel
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.page_client import csrf, sign_up


def test_instructions_go_to_the_model_in_new_chats(model: ScriptedModel, alice: Client) -> None:
    alice.chat("before", thread=(old := new_id("t")))
    assert alice.http.put("/api/instructions", json={"instructions": "Be brief."}).is_success
    assert alice.get("/api/instructions").json() == {"instructions": "Be brief."}
    alice.chat("after", thread=(new := new_id("t")))
    alice.chat("more", thread=old)
    systems = [_system(call.json) for call in model.requests[-2:]]
    assert "Be brief." in systems[0]
    assert "Be brief." not in systems[1]
    assert [message["role"] for message in alice.messages(new)] == ["user", "assistant"]


def _system(body: Any) -> str:
    return " ".join(str(one["content"]) for one in body["messages"] if one["role"] == "system")


@pytest.mark.parametrize("body", [{}, {"instructions": 1}, {"instructions": "x" * 9_000}])
def test_unusable_instructions_are_refused(alice: Client, body: Any) -> None:
    refused = alice.http.put("/api/instructions", json=body)
    assert_problem(refused, *(("too_large", 413) if len(str(body)) > 100 else ("bad_request", 400)))
    assert alice.get("/api/instructions").json() == {"instructions": ""}


def test_a_user_makes_lists_and_revokes_tokens(visit: Any, server: Any) -> None:
    user = visit()
    sign_up(user)
    head = csrf(user)
    made = user.http.post("/api/tokens", json={"name": "backup"}, headers=head)
    assert made.status_code == 201
    program = Client(server, made.json()["token"])
    assert program.get("/api/threads").status_code == 200
    [listed] = user.get("/api/tokens").json()["tokens"]
    assert (listed["name"], "token" in listed) == ("backup", False)
    assert user.http.delete(f"/api/tokens/{listed['id']}", headers=head).status_code == 204
    assert program.get("/api/threads").status_code == 401
    program.close()


def test_a_token_makes_and_shows_no_tokens(alice: Client) -> None:
    assert_problem(alice.http.post("/api/tokens", json={"name": "more"}), "not_found", 404)
    assert_problem(alice.get("/api/tokens"), "not_found", 404)
    assert ApiToken.objects.filter(user=User.objects.get(username=alice.username)).count() == 1


def test_tokens_need_the_csrf_token_and_an_account(visit: Any) -> None:
    guest = visit()
    assert_problem(guest.http.post("/api/tokens", json={"name": "x"}), "csrf_failed", 403)
    refused = guest.http.post("/api/tokens", json={"name": "x"}, headers=csrf(guest))
    assert_problem(refused, "bad_request", 400)


def test_the_session_describes_each_model(alice: Client) -> None:
    session = alice.get("/api/session").json()
    assert list(session["modelDetails"]) == session["models"]
    fields = {"title", "description", "images", "tools", "interfaces", "demo"}
    assert session["modelDetails"]["c1"].keys() == fields
    assert session["modelDetails"]["c1"]["interfaces"] is True
