"""Session keys and CSRF cookies as clients send them: under their present names, or under former ones."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings as django_settings
from django.http import HttpRequest

# Django's default name, under which this program set its cookie before it had a name of its own. Cookies are shared by all
# ports of a host: another Django program there overwrites a cookie of this name.
FORMER_COOKIE_NAME = "sessionid"


def of_cookies(cookies: Mapping[str, str]) -> str | None:
    """Return the session key in the cookies, under a former name if there is none under the present; None for none.

    Every engine's keys are printable ASCII. Django decodes octal escapes in cookies, so that a key may hold any character, and
    Postgres refuses NUL with an error.
    """
    names = (django_settings.SESSION_COOKIE_NAME, *_former_names())
    key = next((found for name in names if (found := cookies.get(name))), "")
    return key if key.isascii() and key.isprintable() and key else None


def is_former(cookies: Mapping[str, str]) -> bool:
    """Return True if only former names are among the cookies."""
    return django_settings.SESSION_COOKIE_NAME not in cookies and not cookies.keys().isdisjoint(
        _former_names()
    )


def rename_csrf_cookie(request: HttpRequest) -> None:
    """Let the CSRF cookie of a former name count under the present one, and be sent once more under that."""
    name, cookies = django_settings.CSRF_COOKIE_NAME, request.COOKIES
    former = next((one for one in _names_before("CSRF_COOKIE_FORMER_NAMES") if one in cookies), None)
    if former is not None and name not in cookies:
        cookies[name] = cookies[former]
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True


def _former_names() -> tuple[str, ...]:
    return (*_names_before("SESSION_COOKIE_FORMER_NAMES"), FORMER_COOKIE_NAME)


def _names_before(setting: str) -> tuple[str, ...]:
    """Return former names of a cookie: a project that names its cookies by its secret key lists those of the fallbacks."""
    return tuple(getattr(django_settings, setting, ()))
