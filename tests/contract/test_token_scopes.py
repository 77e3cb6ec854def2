"""Tokens are limited to their scopes on every route and for every frame, and to their time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import pytest
from django.urls.resolvers import RoutePattern
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chat import urls
from chat.api.base import route_of
from chat.api.consumer import ACCESS_REVOKED_CLOSE_CODE, FRAME_SCOPES
from chat.api.openapi import path_of
from chat.api.operations import operation_of, scope_of
from chat.models import ALL_SCOPES, ApiToken, TokenScope, User
from chat.testing import Gate, ScriptedModel, answer
from tests.live.client import Client, body_of, new_id
from tests.live.page_client import csrf, sign_up
from tests.live.transports import SSE
from tests.unit.documents import code, page

HTTP, SOCKET = page("reference/http.md"), page("reference/websocket.md")
# Queries without which a route knows no caller.
QUERIES = {"/api/ag-ui": "?threadId=unknown"}
# Scopes by default.
OF_METHODS = {"GET": TokenScope.READ}


class Place(NamedTuple):
    """A method of a route that knows its callers."""

    method: str
    path: str
    scope: TokenScope


def places() -> Iterator[Place]:
    for pattern in urls.urlpatterns:
        route = route_of(pattern.callback)
        if route is not None and isinstance(pattern.pattern, RoutePattern):
            for method, view in route.methods.items():
                described = operation_of(view)
                if described is not None and described.access != "anyone":
                    yield Place(method, path_of(pattern), scope_of(method, view))


def limited(alice: Client, *scopes: str, seconds: float | None = None) -> dict[str, str]:
    """Return the headers of a new token of these scopes alone."""
    end = None if seconds is None else timezone.now() + timedelta(seconds=seconds)
    user = User.objects.get(username=alice.username)
    return {"Authorization": f"Bearer {ApiToken.issue(user, 'limited', scopes, end)}"}


def request(alice: Client, headers: dict[str, str], place: Place) -> httpx.Response:
    path = place.path.replace("{", "unknown-").replace("}", "") + QUERIES.get(place.path, "")
    body: dict[str, str] | None = None if place.method == "GET" else {}
    return alice.http.request(place.method, path, headers=headers, json=body)


def refusal(response: httpx.Response) -> str | None:
    """Return the code of an error, in whichever form the route gives it; None for another answer."""
    if not response.is_error:
        return None
    body = response.json()
    return str(body["error"]["code"] if "error" in body else body["code"])


@pytest.mark.parametrize("scope", ALL_SCOPES)
def test_a_route_takes_tokens_of_its_scope_alone(model: ScriptedModel, alice: Client, scope: str) -> None:
    without = limited(alice, *(one for one in ALL_SCOPES if one != scope))
    alone = limited(alice, scope)
    found = [place for place in places() if place.scope == scope]
    assert len(found) > 10
    for place in found:
        refused = request(alice, without, place)
        assert (refused.status_code, refusal(refused)) == (403, "insufficient_scope"), place
        assert refused.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'
        assert refusal(request(alice, alone, place)) not in {"insufficient_scope", "unauthenticated"}, place
    assert model.requests == []


def test_the_scopes_of_routes_are_documented() -> None:
    different = {
        f"{place.method} {place.path}": place.scope.value
        for place in places()
        if place.scope != OF_METHODS.get(place.method, TokenScope.MANAGE)
    }
    written = {name: row[1].strip("`") for row in HTTP.rows("needs") for name in code(row[0])}
    assert written == different


@pytest.mark.parametrize("method", ["info", "agent/connect"])
def test_the_body_decides_on_the_scope_where_one_route_has_several_methods(
    alice: Client, method: str
) -> None:
    body = {"method": method, "params": {"agentId": "default"}, "body": {"threadId": "t", "runId": "r"}}
    for scope, expected in (("read", True), ("send", False), ("manage", False)):
        response = alice.http.post("/api/ag-ui", headers=limited(alice, scope), json=body)
        assert (refusal(response) != "insufficient_scope") is expected


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/api/ag-ui", {"threadId": "t", "runId": "r", "messages": [{"id": "other", "role": "user", "content": "?"}]}),
        ("/api/ai-sdk/chat", {"id": "t", "message": {"role": "user", "parts": [{"type": "text", "text": "?"}]},
                              "unstable_assistantMessageId": "r"}),
    ],
)  # fmt: skip
def test_a_token_that_may_only_send_reads_no_answer_to_another_prompt(
    model: ScriptedModel, alice: Client, path: str, names: dict[str, Any]
) -> None:
    model.script(answer("a secret"))
    alice.chat("Tell me.", thread="t", response="r")
    for scopes, shown in (("send",), False), (("send", "read"), True):
        answered = alice.http.post(path, headers=limited(alice, *scopes), json=names)
        assert ("a secret" in answered.text) is shown, answered.text


def test_a_token_that_may_only_send_is_not_shown_a_thread_that_exists(alice: Client) -> None:
    body = {"threadId": new_id("t"), "title": "a secret"}
    made = alice.http.post("/api/threads", headers=limited(alice, "send"), json=body)
    refused = alice.http.post("/api/threads", headers=limited(alice, "send"), json=body)
    shown = alice.http.post("/api/threads", headers=limited(alice, "send", "read"), json=body)
    assert (made.status_code, refusal(refused), shown.json()["title"]) == (
        201,
        "insufficient_scope",
        "a secret",
    )
    assert "secret" not in refused.text


@pytest.mark.parametrize("kind", FRAME_SCOPES)
def test_a_frame_needs_its_scope(model: ScriptedModel, alice: Client, kind: str) -> None:
    ids = {"responseId": new_id("r")}
    fields = {"send": body_of(response=ids["responseId"]), "watch": {}}.get(kind, ids)
    headers = limited(alice, *(one for one in ALL_SCOPES if one != FRAME_SCOPES[kind]))
    with alice.socket(**headers) as socket:
        assert socket.ask(kind, **fields)["code"] == "insufficient_scope"
        assert socket.ask("ping") == {"type": "pong"}
    assert model.requests == []


def test_the_scopes_of_frames_are_documented() -> None:
    written = {code(row[0])[0]: row[1].strip("`") for row in SOCKET.rows("frame of a client")}
    assert written == {kind: scope.value for kind, scope in FRAME_SCOPES.items()}


def opened(stack: ExitStack, alice: Client, response: str, headers: dict[str, str]) -> tuple[Any, Any] | None:
    """Open a stream and a socket; return None where the token has ended before."""
    url = f"{alice.server.url}/api/responses/{response}/stream?format=sse"
    stream = stack.enter_context(httpx.stream("GET", url, headers=headers))
    try:
        return (stream, stack.enter_context(alice.socket(**headers))) if stream.is_success else None
    except InvalidStatus:
        return None


# Seconds: a busy machine may need more than the first to open everything.
@pytest.mark.parametrize("lives", [(0.7, 4.0, 30.0)])
def test_the_end_of_a_token_ends_everything_open(
    model: ScriptedModel, alice: Client, lives: tuple[float, ...]
) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer("before", gate, "after"))
    whole = SSE.send(alice, response=response).until("before")
    with ExitStack() as stack:
        tokens = (limited(alice, "read", seconds=life) for life in lives)
        tries = ((headers, opened(stack, alice, response, headers)) for headers in tokens)
        headers, (stream, socket) = next((one, both) for one, both in tries if both)
        with pytest.raises(ConnectionClosed) as closed:
            socket.connection.recv(40)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == ACCESS_REVOKED_CLOSE_CODE
        assert httpx.get(f"{alice.server.url}/api/threads", headers=headers).status_code == 401
        gate.open()
        assert "after" not in "".join(stream.iter_text())
    assert whole.rest().end["status"] == "done"


def test_a_token_is_made_with_scopes_and_an_end(alice: Client, visit: Any) -> None:
    user = visit()
    sign_up(user)
    end = (timezone.now() + timedelta(days=1)).isoformat()
    body = {"name": "reader", "scopes": ["read"], "expiresAt": end}
    head = csrf(user)
    assert user.http.post("/api/tokens", json=body, headers=head).status_code == 201
    [listed] = user.get("/api/tokens").json()["tokens"]
    assert (listed["scopes"], listed["expiresAt"][:10]) == (["read"], end[:10])
    wrongs: list[Any] = [{"scopes": []}, {"scopes": ["all"]}, {"expiresAt": "2020-01-01T00:00:00Z"}]
    for wrong in wrongs:
        refused = user.http.post("/api/tokens", json={**body, **wrong}, headers=head)
        assert refused.status_code == 400, json.dumps(wrong)
