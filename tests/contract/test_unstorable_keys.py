"""Keys, ids and cookies that Postgres cannot store or Django never makes: clear answers, never an error of the server."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.live.client import Client, connect_socket, new_id
from tests.live.page_client import sign_up, submit

BAD_VALUES = ["\0", "a\0b", "\x01", "é", "\ud7ff", "'", "x" * 5_000, "../..", "%", "a b", "\n", "\U0010ffff"]
BAD_COOKIES = [
    '"abcdefgh\\000ijkl"',
    '"' + "\\000" * 32 + '"',
    '"\\377\\376"',
    "é" * 16,
    "x" * 3_000,
    "' OR 1=1 --",
    "A" * 32,
    "a" * 31,
    "",
]
FORMER_COOKIES = ["sessionid", "csrftoken", "messages", "django_language"]
PATHS_WITH_COOKIES = [
    "/",
    "/login/",
    "/settings/",
    "/s/x",
    "/admin/",
    "/api/threads",
    "/api/session",
    "/readyz",
]
PATHS = [
    ("GET", "/api/threads/{}"),
    ("PATCH", "/api/threads/{}"),
    ("DELETE", "/api/threads/{}"),
    ("GET", "/api/threads/{}/messages"),
    ("GET", "/api/threads/t/messages?before={}"),
    ("GET", "/api/threads/t/messages?leaf={}"),
    ("GET", "/api/threads/t/messages?limit={}"),
    ("GET", "/api/threads?cursor={}"),
    ("GET", "/api/threads?q={}"),
    ("GET", "/api/threads?archived={}"),
    ("PUT", "/api/threads/t/messages/{}"),
    ("PUT", "/api/threads/t/messages/{}/feedback"),
    ("GET", "/api/threads/{}/shares"),
    ("DELETE", "/api/threads/t/shares/{}"),
    ("GET", "/api/threads/{}/export"),
    ("GET", "/api/threads/t/export?format={}"),
    ("GET", "/api/attachments/{}"),
    ("GET", "/api/responses/{}"),
    ("GET", "/api/responses/{}/stream"),
    ("GET", "/api/responses/t/stream?offset={}"),
    ("POST", "/api/responses/{}/stop"),
    ("POST", "/api/responses/{}/regenerate"),
    ("GET", "/s/{}"),
    ("GET", "/s/x?skip={}"),
    ("GET", "/c/{}"),
    ("GET", "/page/{}/assets/x.js"),
    ("GET", "/page/0123456789abcdef/assets/{}"),
    ("GET", "/login/?next={}"),
    ("GET", "/{}"),
]


@pytest.mark.parametrize("value", BAD_COOKIES, ids=repr)
def test_a_cookie_that_is_no_key_is_none(visit: Any, value: str) -> None:
    client = visit()
    with httpx.Client(base_url=client.server.url) as http:
        for name in [*FORMER_COOKIES, *client.http.cookies]:
            for path in PATHS_WITH_COOKIES:
                http.cookies.clear()
                answer = http.get(path, headers={b"Cookie": f"{name}={value}".encode()})
                assert answer.status_code < 500, (name, path, answer.text[:200])


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: repr(value[:8]))
def test_an_id_or_query_that_cannot_be_stored_is_refused(alice: Client, value: str) -> None:
    alice.http.post("/api/threads", json={"threadId": "t"})
    for method, path in PATHS:
        address = path.format(quote(value, safe="", errors="surrogatepass"))
        body = {"content": "x", "score": 1} if method in {"PUT", "PATCH"} else None
        answer = alice.http.request(method, address, json=body)
        assert answer.status_code < 500, (method, address[:80], answer.text[:200])


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: repr(value[:8]))
def test_a_form_field_that_cannot_be_stored_is_refused(visit: Any, value: str) -> None:
    account = visit()
    sign_up(account)
    for do in ("make-token", "revoke-token", "revoke-link", "delete-account", value):
        fields = dict.fromkeys(("name", "token", "link", "confirmation", "password"), value)
        assert submit(account, "/settings/", do=do, **fields).status_code < 500, do
    fields = {"oldpassword": value, "password1": value, "password2": value}
    assert submit(account, "/password/", **fields).status_code < 500


BLANKS = ["", " ", "\t", "\0", "x" * 200]


@pytest.mark.parametrize("path", ["/login/", "/signup/"])
@pytest.mark.parametrize("password", ["", "x"])
def test_a_form_with_empty_fields_is_shown_again(visit: Any, path: str, password: str) -> None:
    guest = visit()
    for name in BLANKS:
        fields = {
            "login": name,
            "username": name,
            **dict.fromkeys(("password", "password1", "password2"), password),
        }
        assert submit(guest, path, **fields).status_code == 200, repr(name)
    assert guest.get("/api/session").json()["guest"] is True


def test_a_form_without_its_fields_is_shown_again(visit: Any) -> None:
    for path in ("/login/", "/signup/", "/settings/"):
        assert submit(visit(), path).status_code in {200, 400}, path


def test_a_handshake_with_a_cookie_that_is_no_key_is_refused(visit: Any) -> None:
    client = visit()
    for name in ["sessionid", *client.http.cookies]:
        headers = {"Cookie": f'{name}="abcdefgh\\000ijkl"', "Origin": client.server.url}
        with pytest.raises(InvalidStatus) as refused, connect_socket(client.server, headers):
            pass
        assert refused.value.response.status_code == 403


def test_a_bad_id_in_a_frame_is_refused(visit: Any, alice: Client) -> None:
    with alice.socket() as socket:
        for value in BAD_VALUES:
            for kind in ("follow", "stop", "unfollow"):
                assert socket.ask(kind, responseId=value, offset=0)["type"] == "error", (kind, value[:8])
        assert socket.ask("ping") == {"type": "pong"}
    assert alice.http.post("/api/threads", json={"threadId": new_id("t")}).status_code == 201
