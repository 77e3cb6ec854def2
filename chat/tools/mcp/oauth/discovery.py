"""The authorization server of an MCP server, by the metadata of both (RFC 9728, RFC 8414, OpenID Connect Discovery)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from mcp.client.auth.utils import (
    build_oauth_authorization_server_metadata_discovery_urls as server_metadata_urls,
)
from mcp.client.auth.utils import (
    build_protected_resource_metadata_discovery_urls as resource_metadata_urls,
)
from mcp.client.auth.utils import get_client_metadata_scopes, issuers_match
from mcp.shared.auth import DEFAULT_GRANT_TYPES, OAuthMetadata, ProtectedResourceMetadata
from mcp.shared.auth_utils import check_resource_allowed, resource_url_from_server_url

from chat.tools.mcp.oauth.addresses import is_allowed, origin
from chat.tools.mcp.oauth.documents import M, parsed
from chat.tools.mcp.oauth.http import OAuthError, OAuthHttp
from chat.tools.mcp.oauth.records import AuthorizationServer

# A request that every MCP server answers with 401 to a stranger.
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
PING_HEADERS = {"Accept": "application/json, text/event-stream"}


# A parameter, its value a token or quoted, or the name of a scheme.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_CHALLENGE_PART = re.compile(
    rf"""(?P<name>{_TOKEN})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<value>[^\s,"]+))|(?P<scheme>{_TOKEN})"""
)


class Challenge(NamedTuple):
    """Facts in the answer to a request without a token."""

    metadata_url: str | None
    scope: str | None


async def discover(http: OAuthHttp, scopes: Sequence[str] = ()) -> AuthorizationServer:
    """Return the authorization server of the MCP server of `http`. Raises OAuthError."""
    challenge = await _challenge(http)
    resource = await _first(
        http, resource_metadata_urls(challenge.metadata_url, http.server), ProtectedResourceMetadata
    )
    if resource is not None:
        _check_resource(http, resource)
    # Servers of the protocol's version 2025-03-26 have no such metadata, and are their own authorization server.
    issuer = str(resource.authorization_servers[0]) if resource else None
    found = await _first(http, server_metadata_urls(issuer, http.server), OAuthMetadata)
    if found is None:
        raise OAuthError("The MCP server does not say where its users sign in.")
    _check_server(found, issuer or origin(http.server))
    wanted = get_client_metadata_scopes(challenge.scope, resource, found, DEFAULT_GRANT_TYPES)
    return _checked(http, _authorization_server(http, found, resource, " ".join(scopes) or wanted or ""))


async def _challenge(http: OAuthHttp) -> Challenge:
    reply = await http.post(http.server, json=PING, headers=PING_HEADERS)
    if reply.status not in (401, 403):
        return Challenge(None, None)
    told = bearer_parameters(reply.headers.get("WWW-Authenticate", ""))
    return Challenge(told.get("resource_metadata") or None, told.get("scope") or None)


def bearer_parameters(header: str) -> dict[str, str]:
    """Return the parameters of the first challenge of the scheme Bearer in a header WWW-Authenticate (RFC 9110, 11.6.1)."""
    scheme, found = "", dict[str, str]()
    for match in _CHALLENGE_PART.finditer(header):
        if match["scheme"]:
            if scheme == "bearer":
                break
            scheme = match["scheme"].lower()
        elif scheme == "bearer":
            quoted = match["quoted"]
            value = match["value"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            found.setdefault(match["name"].lower(), value)
    return found


async def _first(http: OAuthHttp, urls: Sequence[str], kind: type[M]) -> M | None:
    """Return the first metadata document that is there; a server that is in trouble ends the search."""
    for url in urls:
        reply = await http.get(url)
        if reply.status == 429 or reply.status >= 500:
            raise OAuthError("The sign-in service is in trouble. Try again later.")
        if reply.status == 200:
            with contextlib.suppress(OAuthError):
                return parsed(kind, reply.body, "It is no document.")
    return None


def _check_resource(http: OAuthHttp, found: ProtectedResourceMetadata) -> None:
    if not check_resource_allowed(resource_url_from_server_url(http.server), str(found.resource)):
        raise OAuthError("The MCP server's metadata is that of another server.")


def _check_server(found: OAuthMetadata, issuer: str) -> None:
    if not issuers_match(str(found.issuer), issuer):
        raise OAuthError("The sign-in service names another issuer than its own.")
    if "S256" not in (found.code_challenge_methods_supported or ()):
        raise OAuthError("The sign-in service does not support PKCE (S256).")


def _authorization_server(
    http: OAuthHttp, found: OAuthMetadata, resource: ProtectedResourceMetadata | None, scope: str
) -> AuthorizationServer:
    return AuthorizationServer(
        issuer=str(found.issuer),
        resource=str(resource.resource) if resource else resource_url_from_server_url(http.server),
        authorization_endpoint=str(found.authorization_endpoint),
        token_endpoint=str(found.token_endpoint),
        registration_endpoint=str(found.registration_endpoint or ""),
        revocation_endpoint=str(found.revocation_endpoint or ""),
        sends_issuer=bool(found.authorization_response_iss_parameter_supported),
        auth_methods=tuple(found.token_endpoint_auth_methods_supported or ()),
        scope=scope,
    )


def _checked(http: OAuthHttp, found: AuthorizationServer) -> AuthorizationServer:
    endpoints = (found.authorization_endpoint, found.token_endpoint)
    optional = (found.registration_endpoint, found.revocation_endpoint)
    if not all(is_allowed(url, http.server) for url in (*endpoints, *filter(None, optional))):
        raise OAuthError("An address of the sign-in service is not an https address.")
    return found
