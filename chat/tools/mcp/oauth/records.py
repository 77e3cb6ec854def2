"""Structs of an authorization as they are stored, encrypted."""

from __future__ import annotations

import msgspec

# Methods by which a client proves to an authorization server who it is (RFC 7591, section 2).
BASIC, POST, NONE = "client_secret_basic", "client_secret_post", "none"


class AuthorizationServer(msgspec.Struct, frozen=True):
    """The authorization server of an MCP server; `resource` is the MCP server's name in requests to it (RFC 8707).

    `sends_issuer`: its redirects back to us name it (RFC 9207). Endpoints that it lacks are empty.
    """

    issuer: str
    resource: str
    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str = ""
    revocation_endpoint: str = ""
    sends_issuer: bool = False
    auth_methods: tuple[str, ...] = ()
    scope: str = ""


class OAuthClient(msgspec.Struct, frozen=True):
    """This program, as an authorization server knows it."""

    client_id: str
    secret: str = ""
    auth_method: str = NONE


class PendingAuthorization(msgspec.Struct, frozen=True):
    """An authorization, for the MCP server at `url`, that waits for the user to come back."""

    url: str
    server: AuthorizationServer
    client: OAuthClient
    redirect_uri: str
    verifier: str
    challenge: str


class Grant(msgspec.Struct, frozen=True):
    """Tokens of a user, and where they come from. `expires_at` is a Unix time; None where the server says none."""

    server: AuthorizationServer
    client: OAuthClient
    access_token: str
    refresh_token: str = ""
    expires_at: float | None = None
