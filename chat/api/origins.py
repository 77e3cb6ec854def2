"""The hosts that are served, and the pages that may call: this site's own, and those of CHAT_ALLOWED_ORIGINS."""

from __future__ import annotations

from django.conf import settings as django_settings
from django.http.request import split_domain_port, validate_host

from chat.conf import settings

OWN_FETCH_SITES = ("same-origin", "none")  # of Sec-Fetch-Site: this very origin, or typed by the user

DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]"]  # as HttpRequest.get_host has them


def is_served(host: str) -> bool:
    """Return True for a Host header that ALLOWED_HOSTS names, by the rule that Django has for requests."""
    allowed = django_settings.ALLOWED_HOSTS
    if django_settings.DEBUG and not allowed:
        allowed = DEBUG_HOSTS
    return validate_host(split_domain_port(host)[0], allowed)


def is_allowed(origin: str, scheme: str, host: str) -> bool:
    """Whether an Origin header (RFC 6454; `null` never) is the one that the request's own Host names, or an allowed one."""
    origin = origin.lower()
    return origin == f"{scheme}://{host}".lower() or origin in {
        one.lower().rstrip("/") for one in settings.allowed_origins
    }
