"""MCP servers that each user connects: sign-in, tool calls as that user, refused tokens, and the end of a connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from chat.accounts.mcp_connections.sign_in import MAX_SIGN_INS
from chat.models import ServerConnection, User
from chat.testing import Call, Received, Script, ScriptedModel, answer, tool_round
from tests.contract.expect import assert_problem
from tests.fixtures.mcp_oauth import OAuthServer, oauth_server
from tests.live.client import Client
from tests.live.harness import LiveServer, eventually
from tests.live.page_client import PASSWORD, csrf, sign_in, sign_up, submit


@pytest.fixture(scope="module")
def oauth() -> Iterator[OAuthServer]:
    with oauth_server() as server:
        yield server


@pytest.fixture
def settings(oauth: OAuthServer) -> dict[str, str]:
    servers = {"gone": {"url": "http://127.0.0.1:1/mcp", "auth": "oauth"}}
    mcp = json.dumps({**servers, "notes": {"url": oauth.url, "auth": "oauth"}})
    return {"CHAT_MCP": mcp, "CHAT_TOOL_POLICY": '{"notes_*": "allow"}'}


@pytest.fixture
def server(live: None, servers: Any, settings: dict[str, str]) -> Any:
    return servers.keep(**settings, CHAT_ACTIVE_PER_USER="20")


@pytest.fixture
def user(visit: Any) -> Client:
    client: Client = visit()
    sign_up(client)
    return client


def authorization_url(user: Client) -> str:
    begun = user.http.post("/api/connections/notes", headers=csrf(user))
    assert begun.status_code == 200, begun.text
    return str(begun.json()["authorizationUrl"])


def consent(url: str, name: str = "Ada", reply: str = "allow") -> str:
    """Consent on the server's page; return the address to which it sends the browser back."""
    page = httpx.get(url).headers["location"]
    form = {"request": parse_qs(urlsplit(page).query)["request"][0], "name": name, "answer": reply}
    return httpx.post(page, data=form).headers["location"]


def outcome(answered: httpx.Response) -> str:
    assert (answered.status_code, answered.headers["cache-control"]) == (303, "no-store")
    return parse_qs(urlsplit(answered.headers["location"]).query)["outcome"][0]


def connect(user: Client, name: str = "Ada") -> None:
    assert outcome(user.http.get(consent(authorization_url(user), name))) == "connected"


def state(user: Client) -> str:
    listed = user.get("/api/connections").json()["connections"]
    states = {one["server"]: one["state"] for one in listed}
    assert states["gone"] == "none"
    return str(states["notes"])


def offered(user: Client, model: ScriptedModel) -> set[str]:
    user.chat()
    return {tool["function"]["name"] for tool in model.requests[-1].json.get("tools", [])}


def connect_and_wait(user: Client, model: ScriptedModel, name: str = "Ada") -> None:
    """Connect, and wait until the server's tools are offered: a process imports the package at its first need."""
    connect(user, name)
    eventually(lambda: "notes_whose" in offered(user, model))


def call(user: Client, model: ScriptedModel) -> str:
    """Return the result that the model gets after calling the tool."""
    model.script(tool_round(Call("notes_whose", "{}")), answer("done"))
    assert user.chat().text.endswith("done")
    return str(model.requests[-1].messages[-1]["content"])


def test_a_user_connects_calls_and_disconnects(
    model: ScriptedModel, user: Client, oauth: OAuthServer
) -> None:
    assert (state(user), "notes_whose" in offered(user, model)) == ("none", False)
    connect_and_wait(user, model)
    assert state(user) == "connected"
    assert call(user, model) == "The notes of Ada"
    assert user.http.delete("/api/connections/notes", headers=csrf(user)).status_code == 204
    assert (state(user), "notes_whose" in offered(user, model)) == ("none", False)
    assert oauth.provider.tokens_of("Ada") == []


def test_each_user_has_connections_of_their_own(model: ScriptedModel, user: Client, visit: Any) -> None:
    other = visit()
    sign_up(other)
    connect_and_wait(user, model)
    assert "notes_whose" not in offered(other, model)
    connect_and_wait(other, model, "Bob")
    assert (call(user, model), call(other, model)) == ("The notes of Ada", "The notes of Bob")


def test_who_connects_again_leaves_no_former_token(user: Client, oauth: OAuthServer) -> None:
    connect(user, "Tim")
    former = set(oauth.provider.tokens_of("Tim"))
    connect(user, "Tim")
    now = oauth.provider.tokens_of("Tim")
    assert (len(now), former.isdisjoint(now)) == (2, True)


def test_a_revoked_access_token_is_replaced_within_the_call(
    model: ScriptedModel, user: Client, oauth: OAuthServer
) -> None:
    connect_and_wait(user, model)
    assert call(user, model) == "The notes of Ada"
    oauth.provider.access.clear()
    assert call(user, model) == "The notes of Ada"
    assert state(user) == "connected"


def test_after_a_refusal_the_call_and_the_state_say_to_connect_again(
    model: ScriptedModel, user: Client, oauth: OAuthServer
) -> None:
    connect_and_wait(user, model)

    def call_without_sign_in(received: Received) -> Script:
        # Only once the tool was offered: a stream of the connection that begins late may meet the refusal, too.
        oauth.provider.access.clear()
        oauth.provider.refresh.clear()
        return tool_round(Call("notes_whose", "{}"))

    model.script(call_without_sign_in, answer("done"))
    assert user.chat().text.endswith("done")
    assert "has to connect notes again" in str(model.requests[-1].messages[-1]["content"])
    assert (state(user), "notes_whose" in offered(user, model)) == ("refused", False)
    connect_and_wait(user, model)
    assert call(user, model) == "The notes of Ada"


def test_an_answer_counts_once_and_for_the_session_that_asked(user: Client, visit: Any) -> None:
    stranger, elsewhere = visit(), visit()
    sign_up(stranger)
    address = consent(authorization_url(user))
    assert outcome(stranger.http.get(address)) == "expired"
    sign_in(elsewhere, user.get("/api/session").json()["user"]["username"])
    assert outcome(elsewhere.http.get(address)) == "expired"
    assert outcome(user.http.get(address)) == "connected"
    assert outcome(user.http.get(address)) == "expired"
    assert state(stranger) == "none"


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        ({"error": "access_denied"}, "denied"),
        ({"error": "server_error"}, "failed"),
        ({"code": "forged"}, "failed"),
        ({"code": "forged", "iss": "https://elsewhere.example"}, "failed"),
        ({}, "failed"),
    ],
)
def test_other_answers_connect_nothing(user: Client, answered: dict[str, str], expected: str) -> None:
    asked = parse_qs(urlsplit(authorization_url(user)).query)["state"][0]
    assert outcome(user.get("/api/oauth/callback", state=asked, **answered)) == expected
    assert state(user) == "none"


def test_only_sessions_of_accounts_connect(visit: Any, alice: Client, user: Client) -> None:
    guest = visit()
    refused = guest.http.post("/api/connections/notes", headers=csrf(guest))
    assert_problem(refused, "bad_request", 400)
    assert_problem(user.http.post("/api/connections/notes"), "csrf_failed", 403)
    assert_problem(user.http.post("/api/connections/other", headers=csrf(user)), "not_found", 404)
    assert_problem(alice.get("/api/connections"), "not_found", 404)
    assert_problem(alice.http.post("/api/connections/notes"), "not_found", 404)
    assert outcome(alice.get("/api/oauth/callback", state="x", code="y")) == "expired"


def test_a_server_out_of_reach_is_an_error_and_attempts_are_limited(user: Client) -> None:
    head = csrf(user)
    tried = [user.http.post("/api/connections/gone", headers=head) for _ in range(MAX_SIGN_INS + 1)]
    assert_problem(tried[0], "connection_failed", 502)
    assert {one.status_code for one in tried[:-1]} == {502}
    assert_problem(tried[-1], "quota_exceeded", 429)


def test_tokens_are_in_no_row_export_or_log(user: Client, server: LiveServer, oauth: OAuthServer) -> None:
    connect(user, "Eve")
    secrets = oauth.provider.tokens_of("Eve")
    assert len(secrets) == 2
    assert all(secrets)
    exported = user.get("/api/export")
    assert [one["server"] for one in exported.json()["connections"]] == ["notes"]
    rows = str(list(ServerConnection.objects.values()))
    assert not [secret for secret in secrets if secret in exported.text + rows + server.log]


def test_an_erased_account_leaves_no_row_and_no_token(user: Client, oauth: OAuthServer) -> None:
    connect(user, "Kim")
    pk = User.objects.get(username=user.get("/api/session").json()["user"]["username"]).pk
    submit(user, "/settings/", do="delete-account", confirmation="delete", password=PASSWORD)
    assert not ServerConnection.objects.filter(owner=pk).exists()
    assert oauth.provider.tokens_of("Kim") == []
