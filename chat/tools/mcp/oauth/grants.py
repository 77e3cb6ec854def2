"""The steps of OAuth with an authorization server: registration, authorization, tokens, revocation."""

from __future__ import annotations

import base64
import time
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import msgspec
from mcp.client.auth.oauth2 import PKCEParameters
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from chat.tools.mcp.oauth.addresses import is_loopback
from chat.tools.mcp.oauth.documents import parsed
from chat.tools.mcp.oauth.http import GrantRefused, OAuthError, OAuthHttp, Reply
from chat.tools.mcp.oauth.records import (
    BASIC,
    NONE,
    POST,
    AuthorizationServer,
    Grant,
    OAuthClient,
    PendingAuthorization,
)

# Errors by which the server says that the code, the token or this client counts no more (RFC 6749, section 5.2). After any
# other one the same request may succeed later.
REFUSALS = {"invalid_grant", "invalid_client", "unauthorized_client"}
# Characters of a token; longer ones fit into no header.
TOKEN_CHARACTERS = 8_000
# Seconds of the life of a token that are believed. A shorter one would be replaced before each request; the server
# refuses the token after its end.
MIN_LIFE, MAX_LIFE = 120, 10 * 365 * 86_400


async def register(http: OAuthHttp, server: AuthorizationServer, redirect_uri: str) -> OAuthClient:
    """Register this program (RFC 7591). Raises OAuthError."""
    if not server.registration_endpoint:
        raise OAuthError("The sign-in service wants a `clientId` from the operator of this server.")
    wanted = OAuthClientMetadata.model_validate(_metadata(server, redirect_uri))
    body = wanted.model_dump(mode="json", exclude_none=True)
    reply = await http.post(server.registration_endpoint, json=body)
    if reply.status not in (200, 201):
        raise OAuthError("The sign-in service refused to register this program.")
    made = parsed(OAuthClientInformationFull, reply.body, "The sign-in service gave an answer that is none.")
    return _usable(made, str(wanted.token_endpoint_auth_method))


def _metadata(server: AuthorizationServer, redirect_uri: str) -> dict[str, Any]:
    parts = urlsplit(redirect_uri)
    return {
        "client_name": f"Chat ({parts.netloc})",
        "redirect_uris": [redirect_uri],
        "token_endpoint_auth_method": _auth_method(server, secret=True),
        # OpenID Connect takes no loopback address of a web application.
        "application_type": "native" if is_loopback(parts.hostname or "") else "web",
        "scope": server.scope or None,
    }


def _usable(made: OAuthClientInformationFull, wanted: str) -> OAuthClient:
    method = made.token_endpoint_auth_method or wanted
    if method not in (BASIC, POST, NONE) or (method != NONE and not made.client_secret):
        raise OAuthError("The sign-in service registered this program in a way that it cannot use.")
    return OAuthClient(made.client_id, made.client_secret or "" if method != NONE else "", method)


def configured(server: AuthorizationServer, client_id: str, secret: str) -> OAuthClient:
    """Return the client that the operator registered."""
    return OAuthClient(client_id, secret, _auth_method(server, secret=bool(secret)))


def _auth_method(server: AuthorizationServer, *, secret: bool) -> str:
    """Return the first method that both sides know; without metadata it is BASIC (RFC 8414).

    POST comes first: servers of the official package revoke nothing for a client without its secret in the form.
    """
    offered = server.auth_methods or (BASIC,)
    known = (POST, BASIC, NONE) if secret else (NONE,)
    return next((method for method in known if method in offered), known[0])


def begin(
    http: OAuthHttp, server: AuthorizationServer, client: OAuthClient, redirect_uri: str
) -> PendingAuthorization:
    """Begin an authorization, with a secret of its own (PKCE)."""
    pkce = PKCEParameters.generate()
    return PendingAuthorization(
        http.server, server, client, redirect_uri, pkce.code_verifier, pkce.code_challenge
    )


def authorization_url(pending: PendingAuthorization, state: str) -> str:
    """Return the address of the page on which the user consents."""
    server = pending.server
    asked = {
        "response_type": "code",
        "client_id": pending.client.client_id,
        "redirect_uri": pending.redirect_uri,
        "state": state,
        "code_challenge": pending.challenge,
        "code_challenge_method": "S256",
        "resource": server.resource,
        **({"scope": server.scope} if server.scope else {}),
        # OpenID Connect gives a refresh token only with it.
        **({"prompt": "consent"} if "offline_access" in server.scope.split() else {}),
    }
    return str(httpx2.URL(server.authorization_endpoint).copy_merge_params(asked))


def check_issuer(pending: PendingAuthorization, issuer: str | None) -> None:
    """Raise OAuthError if the answer comes from another authorization server (RFC 9207)."""
    if issuer is None and not pending.server.sends_issuer:
        return
    if issuer != pending.server.issuer:
        raise OAuthError("The answer comes from another sign-in service than the one that was asked.")


async def exchange(http: OAuthHttp, pending: PendingAuthorization, code: str) -> Grant:
    """Return the tokens for a code. Raises OAuthError."""
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": pending.redirect_uri,
        "code_verifier": pending.verifier,
    }
    token = await _token(http, pending.server, pending.client, asked)
    return _grant(pending.server, pending.client, token)


async def refresh(http: OAuthHttp, grant: Grant) -> Grant:
    """Return new tokens. Raises GrantRefused if the user has to connect again, OAuthError for a passing failure."""
    asked = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
    token = await _token(http, grant.server, grant.client, asked)
    return _grant(grant.server, grant.client, token, grant.refresh_token)


async def revoke(http: OAuthHttp, grant: Grant) -> None:
    """Revoke both tokens (RFC 7009), where the server can. Raises OAuthError."""
    for kind in ("refresh_token", "access_token"):
        token = getattr(grant, kind)
        if grant.server.revocation_endpoint and token:
            form, headers = _authenticated(grant.client, {"token": token, "token_type_hint": kind})
            await http.post(grant.server.revocation_endpoint, data=form, headers=headers)


async def _token(
    http: OAuthHttp, server: AuthorizationServer, client: OAuthClient, asked: dict[str, str]
) -> OAuthToken:
    form, headers = _authenticated(client, {**asked, "resource": server.resource})
    reply = await http.post(server.token_endpoint, data=form, headers=headers)
    if reply.status not in (200, 201):
        raise _refusal(reply)
    problem = "The sign-in service gave a token that cannot be used."
    token = parsed(OAuthToken, reply.body, problem)
    if not (_is_header_value(token.access_token) and len(token.refresh_token or "") <= TOKEN_CHARACTERS):
        raise OAuthError(problem)
    return token


class _TokenError(msgspec.Struct):
    error: str = ""


def _refusal(reply: Reply) -> OAuthError:
    try:
        error = msgspec.json.decode(reply.body, type=_TokenError).error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        error = ""
    if 400 <= reply.status < 500 and error in REFUSALS:
        return GrantRefused("The sign-in service refused.")
    return OAuthError("The sign-in service is in trouble. Try again later.")


def _is_header_value(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token and 0 < len(token) <= TOKEN_CHARACTERS


def _authenticated(client: OAuthClient, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the form and the headers of a request by this client."""
    if client.auth_method == BASIC:
        pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return {**form, "client_id": client.client_id}, headers
    secret = {"client_secret": client.secret} if client.auth_method == POST else {}
    return {**form, "client_id": client.client_id, **secret}, {}


def _grant(
    server: AuthorizationServer, client: OAuthClient, token: OAuthToken, former_refresh_token: str = ""
) -> Grant:
    told = token.expires_in or 0
    life = min(max(told, MIN_LIFE), MAX_LIFE) if told > 0 else None
    return Grant(
        server,
        client,
        token.access_token,
        # A server that does not rotate it leaves it out (RFC 6749, section 6).
        token.refresh_token or former_refresh_token,
        None if life is None else time.time() + life,
    )
