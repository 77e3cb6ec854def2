"""Session keys as clients send them."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings as django_settings

# Django's default name, under which this program set its cookie before it had a name of its own. Cookies are shared by all
# ports of a host: another Django program there overwrites a cookie of this name.
FORMER_COOKIE_NAME = "sessionid"


def of_cookies(cookies: Mapping[str, str]) -> str | None:
    """Return the session key in the cookies, under the former name if there is none under the present; None for none.

    Every engine's keys are printable ASCII. Django decodes octal escapes in cookies, so that a key may hold any character, and
    Postgres refuses NUL with an error.
    """
    key = cookies.get(django_settings.SESSION_COOKIE_NAME) or cookies.get(FORMER_COOKIE_NAME) or ""
    return key if key.isascii() and key.isprintable() and key else None


def is_former(cookies: Mapping[str, str]) -> bool:
    """Return True if only the former name is among the cookies."""
    return FORMER_COOKIE_NAME in cookies and django_settings.SESSION_COOKIE_NAME not in cookies
