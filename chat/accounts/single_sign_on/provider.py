"""Requests to the provider of single sign-on: bounded bytes and time, no redirects, https or loopback."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from chat.conf import settings
from chat.tools.mcp.oauth.http import OAuthError, Reply, open_http

WELL_KNOWN = "/.well-known/openid-configuration"


class ProviderError(Exception):
    """The provider cannot be reached, or its answer cannot be used. The text is public."""


class RefreshRefused(ProviderError):
    """The provider refuses to renew a session: it has ended there, or its user is gone."""


def check() -> None:
    """Raise ImproperlyConfigured if only a part of the settings is there."""
    if settings.sso_url and not (settings.sso_client_id and settings.sso_client_secret):
        raise ImproperlyConfigured("CHAT_SSO_URL needs CHAT_SSO_CLIENT_ID and CHAT_SSO_CLIENT_SECRET.")
    if settings.sso_only and not settings.sso_url:
        raise ImproperlyConfigured("CHAT_SSO_ONLY needs CHAT_SSO_URL: nobody could sign in.")


async def send(method: str, url: str, **content: Any) -> Reply:
    """Return the provider's answer. Raises ProviderError."""
    try:
        async with open_http(settings.sso_url) as http:
            return await (http.post if method == "POST" else http.get)(url, **content)
    except OAuthError as problem:
        raise ProviderError(str(problem)) from None


async def configuration() -> dict[str, Any]:
    """Return the provider's configuration, which must be that of the issuer asked for. Raises ProviderError."""
    found = parse(await send("GET", settings.sso_url.rstrip("/") + WELL_KNOWN))
    check_issuer(found)
    return found


def check_issuer(configured: dict[str, Any]) -> None:
    """Raise ProviderError for the configuration of another issuer (OpenID Connect Discovery, section 4.3)."""
    if str(configured.get("issuer", "")).rstrip("/") != settings.sso_url.rstrip("/"):
        raise ProviderError("The provider says that it is another issuer.")


async def refresh(token: str) -> dict[str, Any]:
    """Return new tokens for a refresh token. Raises RefreshRefused, or ProviderError for a passing failure."""
    found = await configuration()
    endpoint = str(found.get("token_endpoint", ""))
    form = {"grant_type": "refresh_token", "refresh_token": token}
    pair = settings.sso_client_id, settings.sso_client_secret
    if takes_basic(found):
        reply = await send("POST", endpoint, data=form, headers=basic(*pair))
    else:
        reply = await send("POST", endpoint, data={**form, "client_id": pair[0], "client_secret": pair[1]})
    if 400 <= reply.status < 500 and b'"invalid_grant"' in reply.body:
        raise RefreshRefused("The provider has ended this session.")
    return parse(reply)


def takes_basic(configured: dict[str, Any]) -> bool:
    """Return True if the provider takes a client's secret in a header, which is its default."""
    methods = configured.get("token_endpoint_auth_methods_supported")
    return not isinstance(methods, list) or "client_secret_basic" in methods


def basic(client_id: str, secret: str) -> dict[str, str]:
    """Return the header by which this server names itself (RFC 6749, section 2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def parse(reply: Reply) -> dict[str, Any]:
    """Return the JSON object of an answer. Raises ProviderError."""
    try:
        found = json.loads(reply.body) if reply.status == 200 else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProviderError("The provider gave an answer that cannot be used.")
    return found
