"""OAuth with servers of odd documents: a field that is not needed costs no sign-in, a failed refresh no connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from chat.tools.mcp.oauth import grants
from chat.tools.mcp.oauth import http as oauth_http
from chat.tools.mcp.oauth.http import GrantRefused, OAuthError
from tests.fixtures.oauth_client import granted, run
from tests.fixtures.oauth_liar import RESOURCE, SERVER, Liar, liar


@pytest.fixture
def other() -> Iterator[Liar]:
    with liar() as server:
        yield server


# Fields that the sign-in does not need, as servers give them.
LIVES: list[Any] = ["3600", "soon", -1, 1e30, 3599.5, float("inf"), None, "", [], {}]
ODD: list[tuple[str, dict[str, Any]]] = [
    *[("/token", {"expires_in": life}) for life in LIVES],
    *[("/token", {"token_type": kind}) for kind in ("BEARER", "bEaReR")],
    ("/token", {"scope": ["notes"]}),
    ("/token", {"scope": None, "refresh_token": None}),
    ("/token", {"refresh_token": 5}),
    *[(SERVER, {name: ""}) for name in ("revocation_endpoint", "service_documentation", "jwks_uri")],
    (SERVER, {"op_tos_uri": "/terms"}),
    (SERVER, {"scopes_supported": "notes mail"}),
    (RESOURCE, {"resource_documentation": "", "scopes_supported": "notes"}),
    ("/register", {"client_id_issued_at": 1.5, "client_secret_expires_at": "never"}),
    ("/register", {"contacts": "a@b.example", "logo_uri": "x", "grant_types": "authorization_code"}),
    ("/register", {"redirect_uris": "x"}),
]


@pytest.mark.parametrize(("path", "fields"), ODD)
def test_an_odd_field_that_is_not_needed_costs_no_sign_in(
    other: Liar, path: str, fields: dict[str, Any]
) -> None:
    status, answered = other.answers[path]
    other.answers[path] = (status, answered | fields)
    assert run(other, granted).access_token == "good"


@pytest.mark.parametrize(
    "answered", [(200, b"<html>"), (200, b"{" * 60_000), (200, b" " * 200_000), (200, [])]
)
def test_a_refresh_that_answers_with_something_else_may_succeed_later(
    other: Liar, answered: tuple[int, Any]
) -> None:
    grant = msgspec.structs.replace(run(other, granted), refresh_token="again")
    other.answers["/token"] = answered
    with pytest.raises(OAuthError) as caught:
        run(other, lambda http: grants.refresh(http, grant))
    assert not isinstance(caught.value, GrantRefused)


def test_a_refresh_that_never_answers_ends(other: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = msgspec.structs.replace(run(other, granted), refresh_token="again")
    monkeypatch.setattr(oauth_http, "REQUEST_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/token"
        server = msgspec.structs.replace(grant.server, token_endpoint=address)
        with pytest.raises(OAuthError, match="could not be reached"):
            run(other, lambda http: grants.refresh(http, msgspec.structs.replace(grant, server=server)))
