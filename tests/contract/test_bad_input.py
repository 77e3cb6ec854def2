"""Contract section 8: no input gives a 500, a traceback or a hang, and no refused input is stored."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import pytest

from chat.api.base import BODY_BYTES
from chat.testing import ScriptedModel
from chat.urls import urlpatterns
from tests.contract.expect import assert_problem
from tests.live.client import SECONDS, Client, body_of, new_id

USER = '"role": "user"'
JSON_TYPE = {"Content-Type": "application/json"}
MALFORMED = [
    b"",
    b"x",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"7",
    b"{}",
    b"\xff\xfe",
    b"\x00",
    b'{"prompt": {"role": "user", "content": "\xff"}}',
    b'{"prompt": {"role": "user", "content": NaN}}',
    b'{"prompt": {"role": "user", "content": "x"}',
    b'{"prompt": {"role": "user", "content": "x"}} trailing',
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"prompt": ' + b"9" * 5_000 + b"}",
    b'{"prompt": {"role": "user", "content": ' + b"9" * 5_000 + b"}}",
]
WRONG_PROMPTS: list[Any] = [
    None,
    7,
    "x",
    [],
    {},
    {"role": "user"},
    {"role": "user", "content": None},
    {"role": "user", "content": 7},
    {"role": "user", "content": {}},
    {"role": "user", "content": [7]},
    {"role": "user", "content": ["x"]},
    {"role": "user", "content": [{"text": "x"}]},
    {"role": "user", "content": []},
    {"role": "assistant", "content": "x"},
    {"role": "system", "content": "x"},
    {"role": "tool", "content": "x"},
    {"content": "x", "role": 7},
    {"role": "user", "content": "x", "id": 7},
    {"role": "user", "content": "x", "id": ""},
    {"role": "user", "content": "x", "id": "a b"},
    {"role": "user", "content": "x", "id": "é"},
    {"role": "user", "content": "x", "id": "x" * 129},
    {"role": "user", "content": "x", "id": "a\n"},
]
WRONG_FIELDS: list[dict[str, Any]] = [
    {"threadId": 7},
    {"threadId": ""},
    {"threadId": "a/b"},
    {"threadId": "x" * 129},
    {"responseId": []},
    {"responseId": "a b"},
    {"responseId": "a\x00"},
    {"responseId": "ü"},
    {"model": 7},
    {"model": ""},
    {"busy": 7},
    {"busy": ""},
]
PATHS = [
    "/api/nothing",
    "/api/",
    "/api",
    "/api/threads/",
    "/api/chat/",
    "/api/responses",
    "/api/threads/a/b/c/d",
]


def post(client: Client, content: bytes, path: str = "/api/chat") -> Any:
    return client.http.post(path, content=content, headers=JSON_TYPE)


@pytest.mark.parametrize("path", ["/api/chat", "/api/response"])
def test_a_malformed_body_is_a_bad_request(model: ScriptedModel, alice: Client, path: str) -> None:
    for body in MALFORMED:
        assert_problem(post(alice, body, path), "bad_request", 400)
    assert model.requests == []
    assert alice.get("/api/threads").json()["threads"] == []


@pytest.mark.parametrize("prompt", WRONG_PROMPTS, ids=repr)
def test_a_prompt_of_another_form_is_a_bad_request(model: ScriptedModel, alice: Client, prompt: Any) -> None:
    assert_problem(alice.http.post("/api/chat", json={"prompt": prompt}), "bad_request", 400)
    assert (model.requests, alice.get("/api/threads").json()["threads"]) == ([], [])


@pytest.mark.parametrize("fields", WRONG_FIELDS, ids=repr)
def test_a_field_of_another_form_is_a_bad_request(model: ScriptedModel, alice: Client, fields: Any) -> None:
    assert_problem(alice.http.post("/api/chat", json={**body_of("x"), **fields}), "bad_request", 400)
    assert model.requests == []


@pytest.mark.parametrize("name", ["a", "A.b_c:d-9", "x" * 128, ".", "..", ":", "-"])
def test_every_allowed_id_works(model: ScriptedModel, alice: Client, name: str) -> None:
    assert alice.chat("x", thread=name, response=name, prompt=f"p{name}"[:128]).status_code == 200
    assert [thread["threadId"] for thread in alice.get("/api/threads").json()["threads"]] == [name]


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud83c", "\\udf4e x", "\\ud800\\ud800"])
def test_text_that_cannot_be_stored_does_no_harm(model: ScriptedModel, alice: Client, escape: str) -> None:
    body = f'{{"prompt": {{{USER}, "content": "a{escape}"}}, "threadId": "t"}}'
    answered = post(alice, body.encode())
    assert answered.status_code in {200, 400}
    if answered.status_code == 400:
        assert_problem(answered, "bad_request", 400)
    else:
        assert "\ufffd" in alice.messages("t")[0]["content"]


def test_duplicate_keys_do_no_harm(model: ScriptedModel, alice: Client) -> None:
    body = f'{{"threadId": "t", "threadId": "u", "prompt": {{{USER}, "content": "x", "content": "y"}}}}'
    assert post(alice, body.encode()).status_code in {200, 400}


def test_content_beyond_the_limit_is_too_large(model: ScriptedModel, alice: Client) -> None:
    assert alice.chat("x" * 65_536).status_code == 200
    assert_problem(alice.chat("x" * 65_537), "too_large", 413)
    assert_problem(alice.chat("é" * 32_769), "too_large", 413)
    assert_problem(alice.chat([{"type": "text", "text": "x" * 65_537}]), "too_large", 413)
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    ("field", "limit", "unit"),
    [("title", 200, "é"), ("model", 64, "é"), ("message", 65_536, "x"), ("systemPrompt", 32_768, "é")],
)
def test_a_text_beyond_its_limit_is_too_large(alice: Client, field: str, limit: int, unit: str) -> None:
    """Limits of titles, names and comments count characters, those of contents bytes."""
    answered = alice.http.post("/api/threads", json={field: unit * (limit + 1)})
    assert field in assert_problem(answered, "too_large", 413)["detail"]
    # No model has a name of 64 characters.
    accepted = alice.http.post("/api/threads", json={field: unit * limit})
    assert accepted.status_code == (400 if field == "model" else 201)


def test_a_changed_title_and_a_comment_have_their_limits_too(model: ScriptedModel, alice: Client) -> None:
    alice.chat("x", thread="t", response="r")
    for wide, status in (("😀" * 200, 200), ("😀" * 201, 413)):
        assert alice.http.patch("/api/threads/t", json={"title": wide}).status_code == status
    for wide, status in (("é" * 2_000, 200), ("é" * 2_001, 413)):
        body = {"score": 1, "comment": wide}
        assert alice.http.put("/api/threads/t/messages/r/feedback", json=body).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/api/chat",
        "/api/responses/r/stop",
        "/api/responses/r/regenerate",
        "/api/ai-sdk/chat/t/stop",
        "/api/ag-ui/agent/default/stop/t",
    ],
)
def test_a_body_beyond_the_limit_of_its_route_is_refused(alice: Client, path: str) -> None:
    body = json.dumps({"x": "x" * BODY_BYTES}).encode()
    assert_problem(alice.http.post(path, content=body, headers=JSON_TYPE), "too_large", 413)


def test_a_body_beyond_the_hard_cap_is_refused(model: ScriptedModel, alice: Client) -> None:
    from http.client import HTTPConnection

    connection = HTTPConnection(alice.server.url.removeprefix("http://"), timeout=SECONDS)
    connection.putrequest("POST", "/api/chat")
    for name, value in {**alice.headers, **JSON_TYPE, "Content-Length": str(10**9)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert alice.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_api_path_is_not_found(alice: Client, path: str) -> None:
    assert_problem(alice.get(path), "not_found", 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/chat"),
        ("PUT", "/api/response"),
        ("DELETE", "/api/threads"),
        ("POST", "/api/threads/x"),
        ("POST", "/api/responses/x"),
        ("GET", "/api/responses/x/stop"),
        ("DELETE", "/api/session"),
        ("PATCH", "/api/chat"),
    ],
)
def test_another_method_is_not_allowed(alice: Client, method: str, path: str) -> None:
    assert_problem(alice.http.request(method, path), "method_not_allowed", 405)


@pytest.mark.parametrize(
    "name", ["%00", "%0a", "a%20b", "%ff", "%ed%a0%80", "x" * 129, "x" * 5000, "%F0%9F%8D%8E"]
)
def test_strange_ids_in_paths_are_unknown(alice: Client, name: str) -> None:
    for path in (f"/api/threads/{name}", f"/api/responses/{name}", f"/api/threads/{name}/messages"):
        answered = alice.get(path)
        assert answered.status_code in {400, 404, 414}, answered.text


NO_IDS = ["%00", "a%00b", "a%20b", "%ff", "%ed%a0%80", "x" * 129, "%F0%9F%8D%8E", "a%0a"]
ROUTES = [route for route in urlpatterns if "<" in str(route.pattern)]


@pytest.mark.parametrize("route", ROUTES, ids=[str(route.pattern) for route in ROUTES])
def test_no_path_takes_a_value_that_cannot_be_an_id(model: ScriptedModel, alice: Client, route: Any) -> None:
    alice.chat("x", thread="t", response="r")
    names = re.findall("<[^>]*>", str(route.pattern))
    for name in names:
        for value in NO_IDS:
            path = str(route.pattern).replace(name, value)
            path = re.sub("<[^>]*thread_id>", "t", re.sub("<[^>]*response_id>", "r", path))
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                answered = alice.http.request(
                    method, f"/{re.sub('<[^>]*>', 'r', path)}", json={"content": "y"}
                )
                assert answered.status_code in {404, 405}, (method, path, answered.text)
                body = answered.json()
                # OpenAI's routes have errors in OpenAI's form.
                assert body.get("error", body)["code"] in {"not_found", "method_not_allowed"}


@pytest.mark.parametrize("value", NO_IDS)
def test_no_query_takes_a_value_that_cannot_be_an_id(model: ScriptedModel, alice: Client, value: str) -> None:
    alice.chat("x", thread="t", response="r")
    for name in ("before", "leaf"):
        answered = alice.http.get(f"/api/threads/t/messages?{name}={value}")
        assert name in assert_problem(answered, "bad_request", 400)["detail"]


def test_strange_queries_give_no_server_error(model: ScriptedModel, alice: Client) -> None:
    alice.chat("x", thread="t", response="r")
    for query in (
        "?%00=%00",
        "?offset=%00",
        "?" + "a=1&" * 3000,
        "?offset=1&offset=2",
        "?limit=%ff",
        "?before=%00",
        "?format=%00",
    ):
        for path in ("/api/threads", "/api/threads/t/messages", "/api/responses/r/stream"):
            assert alice.http.get(path + query).status_code < 500


RAW = [
    b"GET\r\n\r\n",
    b"\x16\x03\x01\x00",
    b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n",
    b"POST /api/chat HTTP/1.1\r\n" * 20,
]


@pytest.mark.parametrize("data", RAW)
def test_bytes_that_are_no_http_do_no_harm(alice: Client, data: bytes) -> None:
    host, port = alice.server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        assert b" 500 " not in connection.recv(65536)
    assert alice.get("/healthz").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "x" * 300])
def test_a_foreign_host_is_refused(alice: Client, host: str) -> None:
    for path in ("/api/threads", "/api/session", "/login/"):
        answered = alice.http.get(path, headers={"Host": host})
        assert answered.status_code in {400, 403, 404, 421}, answered.text


def test_a_refused_prompt_creates_no_thread(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    alice.chat("x" * 70_000, thread=thread)
    assert_problem(alice.get(f"/api/threads/{thread}"), "not_found", 404)


@pytest.mark.parametrize("size", [20_000, 60_000])
def test_an_address_that_is_too_long_is_a_bad_request(alice: Client, size: int) -> None:
    assert_problem(alice.get("/api/threads", q="x" * size), "bad_request", 400)
