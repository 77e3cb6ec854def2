"""Checks of the Host and Origin headers against ALLOWED_HOSTS and CHAT_ALLOWED_ORIGINS."""

from __future__ import annotations

from django.conf import settings as django_settings
from django.http.request import split_domain_port, validate_host

from chat.conf import settings

# Accepted values of Sec-Fetch-Site: this very origin, or typed by the user.
OWN_FETCH_SITES = ("same-origin", "none")

# Hosts that HttpRequest.get_host allows in debug mode.
DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]"]


def is_served(host: str) -> bool:
    """Return True for a Host header that ALLOWED_HOSTS names, by Django's own rule."""
    allowed = django_settings.ALLOWED_HOSTS
    if django_settings.DEBUG and not allowed:
        allowed = DEBUG_HOSTS
    return validate_host(split_domain_port(host)[0], allowed)


def is_allowed(origin: str, scheme: str, host: str) -> bool:
    """Return True for an Origin header (RFC 6454) that the request's Host or CHAT_ALLOWED_ORIGINS names; never for `null`."""
    return origin.lower() == f"{scheme}://{host}".lower() or is_listed(origin)


def is_listed(origin: str) -> bool:
    """Return True for an Origin header that CHAT_ALLOWED_ORIGINS names."""
    return origin.lower() in {one.lower().rstrip("/") for one in settings.allowed_origins}
