"""OAuth with servers that misbehave: each lie ends in a clear error, and no code or token goes elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from chat.tools.mcp.oauth import addresses, discovery, grants
from chat.tools.mcp.oauth.http import ANSWER_BYTES, GrantRefused, OAuthError, OAuthHttp
from chat.tools.mcp.oauth.records import Grant
from tests.fixtures.oauth_client import BACK, begun, granted, run
from tests.fixtures.oauth_liar import RESOURCE, SERVER, Liar, liar

ELSEWHERE = "https://elsewhere.example"


@pytest.fixture
def other() -> Iterator[Liar]:
    with liar() as server:
        yield server


def test_a_well_behaved_server_gives_tokens_for_this_server_alone(other: Liar) -> None:
    pending, grant = run(other, begun), run(other, granted)
    asked = parse_qs(urlsplit(grants.authorization_url(pending, "state")).query)
    assert (asked["code_challenge_method"], asked["resource"]) == (["S256"], [other.url])
    assert (grant.access_token, other.forms[-1]["resource"]) == ("good", other.url)
    assert len(other.forms[-1]["code_verifier"]) >= 43


LIES: dict[str, tuple[str, Callable[[Liar], tuple[int, Any]], str]] = {
    "another issuer": (SERVER, lambda one: (200, one.metadata(issuer=ELSEWHERE)), "another issuer"),
    "an issuer with another path": (
        SERVER,
        lambda one: (200, one.metadata(issuer=f"{one.origin}/tenant")),
        "another issuer",
    ),
    "no PKCE": (SERVER, lambda one: (200, one.metadata(code_challenge_methods_supported=None)), "PKCE"),
    "PKCE without a digest": (
        SERVER,
        lambda one: (200, one.metadata(code_challenge_methods_supported=["plain"])),
        "PKCE",
    ),
    "a token endpoint without TLS": (
        SERVER,
        lambda one: (200, one.metadata(token_endpoint="http://elsewhere.example/token")),
        "not an https address",
    ),
    "a page of consent that is a script": (
        SERVER,
        lambda one: (200, one.metadata(authorization_endpoint="javascript:alert(1)")),
        "does not say where",
    ),
    "huge metadata": (SERVER, lambda _: (200, b" " * (ANSWER_BYTES + 1)), "too large"),
    "metadata that redirects": (SERVER, lambda _: (302, ELSEWHERE), "does not say where"),
    "metadata in trouble": (SERVER, lambda _: (503, {}), "in trouble"),
    "metadata that is none": (SERVER, lambda _: (200, b"<html>"), "does not say where"),
    "the metadata of another resource": (
        RESOURCE,
        lambda one: (200, {"resource": ELSEWHERE, "authorization_servers": [one.origin]}),
        "another server",
    ),
    "an authorization server without TLS": (
        RESOURCE,
        lambda one: (
            200,
            {"resource": one.url, "authorization_servers": ["http://elsewhere.example"]},
        ),
        "not an https address",
    ),
    "no registration": (SERVER, lambda one: (200, one.metadata(registration_endpoint=None)), "clientId"),
    "a refused registration": ("/register", lambda _: (400, {"error": "invalid_client_metadata"}), "refused"),
    "a registration with a key": (
        "/register",
        lambda _: (201, {"client_id": "us", "token_endpoint_auth_method": "private_key_jwt"}),
        "cannot use",
    ),
    "a token of another type": (
        "/token",
        lambda _: (200, {"access_token": "good", "token_type": "mac"}),
        "cannot be used",
    ),
    "a token of no type at all": (
        "/token",
        lambda _: (200, {"access_token": "good", "token_type": ["bearer"]}),
        "cannot be used",
    ),
    "PKCE in a word": (
        SERVER,
        lambda one: (200, one.metadata(code_challenge_methods_supported="S256")),
        "PKCE",
    ),
    "metadata of ten megabytes": (
        RESOURCE,
        lambda _: (200, b"{" + b" " * 10_000_000),
        "too large",
    ),
    "a token that breaks headers": (
        "/token",
        lambda _: (200, {"access_token": "a\r\nX: b", "token_type": "bearer"}),
        "cannot be used",
    ),
    "a huge token": (
        "/token",
        lambda _: (200, {"access_token": "a" * 9_000, "token_type": "bearer"}),
        "cannot be used",
    ),
    "a token answer that redirects": ("/token", lambda _: (307, ELSEWHERE), "in trouble"),
    "a code that was used before": ("/token", lambda _: (400, {"error": "invalid_grant"}), "refused"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_ends_in_a_clear_error(other: Liar, lie: str) -> None:
    path, answered, says = LIES[lie]
    other.answers[path] = answered(other)
    with pytest.raises(OAuthError, match=says) as caught:
        run(other, granted)
    assert "elsewhere" not in str(caught.value)


@pytest.mark.parametrize("issuer", [None, ELSEWHERE, ""])
def test_the_answer_must_name_the_server_that_was_asked(other: Liar, issuer: str | None) -> None:
    other.answers[SERVER] = (200, other.metadata(authorization_response_iss_parameter_supported=True))
    pending = run(other, begun)
    grants.check_issuer(pending, other.origin)
    with pytest.raises(OAuthError, match="another sign-in service"):
        grants.check_issuer(pending, issuer)


@pytest.mark.parametrize(
    ("methods", "secret", "in_form", "in_head"),
    [
        (["client_secret_post", "client_secret_basic"], "s:1", "s:1", None),
        (["client_secret_basic"], "s:1", None, "Basic dXM6cyUzQTE="),
        (None, "s:1", None, "Basic dXM6cyUzQTE="),
        (["none"], "", None, None),
    ],
)
def test_a_configured_client_proves_itself_in_the_way_that_the_server_takes(
    other: Liar, methods: list[str] | None, secret: str, in_form: str | None, in_head: str | None
) -> None:
    other.answers[SERVER] = (200, other.metadata(token_endpoint_auth_methods_supported=methods))

    async def exchanged(http: OAuthHttp) -> Grant:
        found = await discovery.discover(http, ["notes", "offline_access"])
        pending = grants.begin(http, found, grants.configured(found, "us", secret), BACK)
        assert "scope=notes+offline_access" in grants.authorization_url(pending, "state")
        return await grants.exchange(http, pending, "code")

    run(other, exchanged)
    assert (other.forms[-1].get("client_secret"), other.authorizations[-1]) == (in_form, in_head)


PASSING: list[tuple[int, Any]] = [
    (503, {}),
    (503, {"error": "invalid_grant"}),
    (400, {"error": "temporarily_unavailable"}),
    (400, {"error": "invalid_request"}),
    (403, {"error": {"code": "rate_limited"}}),
    (401, b'<html>"error"</html>'),
    (400, b'\xff"error"'),
]


def test_a_passing_failure_of_a_refresh_is_no_refusal(other: Liar) -> None:
    grant = msgspec.structs.replace(run(other, granted), refresh_token="again")
    for answered in PASSING:
        other.answers["/token"] = answered
        with pytest.raises(OAuthError) as caught:
            run(other, lambda http: grants.refresh(http, grant))
        assert not isinstance(caught.value, GrantRefused)
    for error in ("invalid_grant", "invalid_client", "unauthorized_client"):
        other.answers["/token"] = (400, {"error": error})
        with pytest.raises(GrantRefused):
            run(other, lambda http: grants.refresh(http, grant))


@pytest.mark.parametrize(
    ("told", "life"), [(0, None), (-5, None), (1, grants.MIN_LIFE), (3600, 3600), (10**30, grants.MAX_LIFE)]
)
def test_an_absurd_life_of_a_token_is_not_believed(other: Liar, told: int, life: int | None) -> None:
    other.answers["/token"] = (200, {"access_token": "good", "token_type": "bearer", "expires_in": told})
    ends = run(other, granted).expires_at
    assert (None if ends is None else round((ends - time.time()) / 10)) == (life and round(life / 10))


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        (
            'Bearer resource_metadata="https://a/b", scope="x y"',
            {"resource_metadata": "https://a/b", "scope": "x y"},
        ),
        ("bearer scope=x,Resource_Metadata=https://a/b", {"scope": "x", "resource_metadata": "https://a/b"}),
        ('Basic realm="Bearer scope=\\"a\\", x", Bearer scope="right"', {"scope": "right"}),
        ('Bearer error_description="say \\"scope=wrong\\", please", scope="a"', {"scope": "a"}),
        ('Bearer x_scope="wrong", scope = "right"', {"scope": "right"}),
        ('Bearer scope="first", Bearer scope="second"', {"scope": "first"}),
        ('Basic scope="wrong"', {}),
        ('Bearer scope="never closed', {}),
    ],
)
def test_a_challenge_is_read_as_the_standard_says(header: str, found: dict[str, str]) -> None:
    read = discovery.bearer_parameters(header)
    assert {name: read[name] for name in read.keys() & {"scope", "resource_metadata"}} == found


def test_a_refresh_token_that_is_not_rotated_stays(other: Liar) -> None:
    grant = msgspec.structs.replace(run(other, granted), refresh_token="again")
    assert run(other, lambda http: grants.refresh(http, grant)).refresh_token == "again"


@pytest.mark.parametrize(
    ("url", "server", "allowed"),
    [
        ("https://a.example/token", "https://b.example/mcp", True),
        ("http://a.example/token", "https://b.example/mcp", False),
        ("http://127.0.0.1:1/token", "http://127.0.0.1:2/mcp", True),
        ("http://[::1]:1/token", "http://localhost:2/mcp", True),
        # A server on the network must not make us call what listens on this machine.
        ("http://127.0.0.1:1/token", "https://b.example/mcp", False),
        *[
            (f"https://{number}/token", "https://b.example/mcp", False)
            for number in (
                "127.0.0.1",
                "127.1",
                "0x7f000001",
                "[::ffff:10.0.0.1]",
                "169.254.169.254",
                "a.localhost.",
            )
        ],
        ("https://10.0.0.5/token", "https://10.0.0.4/mcp", True),
        ("https://93.184.215.14/token", "https://b.example/mcp", True),
        ("https://us@a.example/token", "https://b.example/mcp", False),
        ("javascript:alert(1)", "https://b.example/mcp", False),
        ("https://a.example:x/", "https://b.example/mcp", False),
        ("", "https://b.example/mcp", False),
    ],
)
def test_requests_go_to_https_or_between_loopback_servers(url: str, server: str, allowed: bool) -> None:
    assert addresses.is_allowed(url, server) is allowed
