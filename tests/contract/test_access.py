"""Contract section 7: access by cookie, token or guest account, and requests from other sites' pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import override_settings
from websockets.exceptions import InvalidStatus

from chat.models import User
from chat.testing import ScriptedModel
from tests.contract.expect import assert_problem
from tests.live.client import Client, body_of, connect_socket, new_id
from tests.live.harness import SECRET_KEY

ROUTES = [
    ("GET", "/api/threads"),
    ("POST", "/api/threads"),
    ("GET", "/api/threads/x"),
    ("PATCH", "/api/threads/x"),
    ("DELETE", "/api/threads/x"),
    ("GET", "/api/threads/x/messages"),
    ("PUT", "/api/threads/x/messages/y"),
    ("GET", "/api/responses/x"),
    ("GET", "/api/responses/x/stream"),
    ("POST", "/api/responses/x/stop"),
    ("GET", "/api/threads/x/shares"),
    ("POST", "/api/threads/x/shares"),
    ("DELETE", "/api/threads/x/shares/y"),
    ("GET", "/api/threads/x/export"),
    ("GET", "/api/export"),
    ("POST", "/api/attachments"),
    ("GET", "/api/attachments/x"),
    ("POST", "/api/chat"),
    ("POST", "/api/response"),
    ("GET", "/api/session"),
]
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
OWN_SITES = ["same-origin", "none"]


@pytest.fixture
def guest(make_client: Any, server: Any) -> Client:
    """Return a client with the cookies of a guest account."""
    client: Client = make_client(server, token=False)
    session = client.get("/api/session")
    assert session.status_code == 200
    assert session.json()["guest"] is True
    return client


def csrf(client: Client) -> dict[str, str]:
    return {"X-CSRFToken": client.get("/api/session").json()["csrfToken"]}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_credentials_every_route_is_closed(
    make_client: Any, strict: Any, method: str, path: str
) -> None:
    visitor = make_client(strict, token=False)
    assert_problem(
        visitor.http.request(method, path, json={} if method != "GET" else None), "unauthenticated", 401
    )


@pytest.mark.parametrize("value", ["Bearer nonsense", "Bearer x y", "Bearer", "Basic eDp5", "Bearer \u00e9"])
def test_a_wrong_token_is_unauthenticated(make_client: Any, server: Any, value: str) -> None:
    visitor = make_client(server, token=False)
    answered = visitor.http.get("/api/threads", headers={"Authorization": value.encode()})
    assert_problem(answered, "unauthenticated", 401)


def test_the_session_names_the_user_and_the_models(alice: Client, guest: Client) -> None:
    body = alice.get("/api/session").json()
    assert (body["user"]["username"], body["guest"], body["demo"]) == (alice.username, False, False)
    assert {"c1", "openassistant"} <= {
        model if isinstance(model, str) else model["name"] for model in body["models"]
    }
    assert guest.get("/api/session").json()["csrfToken"]


@pytest.mark.parametrize("path", ["/api/chat", "/api/response"])
def test_a_guest_is_made_by_the_first_send(
    model: ScriptedModel, make_client: Any, server: Any, path: str
) -> None:
    visitor = make_client(server, token=False)
    answered = visitor.http.post(path, json=body_of("Hi"))
    assert (answered.status_code, answered.text) == (200, "Hello from the script.")
    assert visitor.response(answered.headers["x-response-id"])["status"] == "done"


def test_the_page_makes_a_guest_too(make_client: Any, server: Any) -> None:
    visitor = make_client(server, token=False)
    assert visitor.get("/").status_code == 200
    assert visitor.get("/api/threads").json()["threads"] == []


def test_two_guests_are_two_users(model: ScriptedModel, make_client: Any, server: Any) -> None:
    one, other = make_client(server, token=False), make_client(server, token=False)
    response = one.http.post("/api/chat", json=body_of("Hi")).headers["x-response-id"]
    other.get("/api/session")
    assert_problem(other.get(f"/api/responses/{response}"), "not_found", 404)


def test_a_cookie_needs_the_csrf_token_to_change_something(guest: Client) -> None:
    assert_problem(guest.http.post("/api/threads", json={}), "csrf_failed", 403)
    wrong = guest.http.post("/api/threads", json={}, headers={"X-CSRFToken": "x" * 32})
    assert_problem(wrong, "csrf_failed", 403)
    assert guest.http.post("/api/threads", json={}, headers=csrf(guest)).status_code == 201


CHANGING = [route for route in ROUTES if route[0] != "GET" and route[1] not in {"/api/chat", "/api/response"}]


@pytest.mark.parametrize(("method", "path"), CHANGING)
def test_every_changing_route_asks_a_cookie_for_the_token(guest: Client, method: str, path: str) -> None:
    assert_problem(guest.http.request(method, path, json={}), "csrf_failed", 403)


def test_a_foreign_page_fails_even_with_the_token(guest: Client) -> None:
    headers = {**csrf(guest), "Origin": "https://evil.example"}
    assert_problem(guest.http.post("/api/threads", json={}, headers=headers), "csrf_failed", 403)


def test_a_token_needs_no_csrf(alice: Client) -> None:
    assert alice.http.post("/api/threads", json={}).status_code == 201


@pytest.mark.parametrize("path", ["/api/chat", "/api/response"])
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_sends_from_other_sites_are_refused(
    model: ScriptedModel, guest: Client, path: str, headers: Any
) -> None:
    answered = guest.http.post(path, json=body_of(), headers=headers)
    assert_problem(answered, "forbidden_origin", 403)
    assert model.requests == []


@pytest.mark.parametrize("site", OWN_SITES)
def test_sends_from_this_site_need_no_csrf_token(model: ScriptedModel, guest: Client, site: str) -> None:
    headers = {"Origin": guest.server.url, "Sec-Fetch-Site": site}
    assert guest.http.post("/api/chat", json=body_of(), headers=headers).status_code == 200


TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
    "text/json",
]


@pytest.mark.parametrize("kind", TYPES)
def test_a_body_that_is_not_json_is_refused(model: ScriptedModel, alice: Client, kind: str) -> None:
    body = b'{"prompt": {"role": "user", "content": "x"}}'
    answered = alice.http.post("/api/chat", content=body, headers={"Content-Type": kind})
    assert_problem(answered, "unsupported_media_type", 415)
    assert model.requests == []


def test_a_json_body_may_name_its_charset(model: ScriptedModel, alice: Client) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    body = b'{"prompt": {"role": "user", "content": "x"}}'
    assert alice.http.post("/api/chat", content=body, headers=headers).status_code == 200


def refused(client: Client, **headers: str) -> int:
    with (
        pytest.raises(InvalidStatus) as caught,
        connect_socket(client.server, {**client.headers, **headers}),
    ):
        pass
    return caught.value.response.status_code


def cookie(client: Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.http.cookies.items())


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "x", ""])
def test_a_handshake_with_a_foreign_origin_is_refused(alice: Client, guest: Client, origin: str) -> None:
    assert refused(guest, Cookie=cookie(guest), Origin=origin) == 403
    assert refused(alice, Origin=origin) == 403


def test_a_handshake_with_a_cookie_needs_an_origin(guest: Client) -> None:
    assert refused(guest, Cookie=cookie(guest)) == 403
    with connect_socket(guest.server, {"Cookie": cookie(guest), "Origin": guest.server.url}) as socket:
        socket.send('{"type": "ping"}')
        assert json.loads(socket.recv(10)) == {"type": "pong"}


def test_a_handshake_without_credentials_is_refused(make_client: Any, server: Any) -> None:
    visitor = make_client(server, token=False)
    assert refused(visitor) == 403
    assert refused(visitor, Origin=server.url) == 403
    assert refused(visitor, Authorization="Bearer nonsense") == 403


def test_a_token_may_come_with_this_sites_origin_or_none(alice: Client) -> None:
    for headers in ({}, {"Origin": alice.server.url}):
        with alice.socket(**headers) as socket:
            assert socket.ask("ping") == {"type": "pong"}


def test_without_guests_the_page_redirects_to_the_login(make_client: Any, strict: Any) -> None:
    answered = make_client(strict, token=False).get("/")
    assert (answered.status_code, answered.headers["location"].split("?")[0]) == (302, "/login/")


def session_of(user: User) -> str:
    """Create a session of the user and return its key."""
    session = SessionStore()
    backend = "django.contrib.auth.backends.ModelBackend"
    with override_settings(SECRET_KEY=SECRET_KEY):  # which signs the session, and is not this process's
        digest = user.get_session_auth_hash()
        session.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: backend, HASH_SESSION_KEY: digest})
        session.save()
    return str(session.session_key)


def test_an_account_may_use_its_session_cookie(make_client: Any, server: Any) -> None:
    user = User.objects.create(username=new_id("user"))
    visitor = make_client(server, token=False)
    visitor.get("/api/session")
    (cookie,) = (name for name in visitor.http.cookies if name.startswith("chat_session"))
    visitor.http.cookies.delete(cookie)
    visitor.http.cookies.set(cookie, session_of(user))
    body = visitor.get("/api/session").json()
    assert (body["user"]["username"], body["guest"]) == (user.username, False)
