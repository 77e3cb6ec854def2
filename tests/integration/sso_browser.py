"""A browser without scripts that signs in at the provider."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client

from tests.fixtures.openid_provider import OpenIdProvider

CALLBACK = "/login/sso/callback/"


def begin(browser: Client, **fields: str) -> str:
    """Press the button on the page for signing in; return the state that the provider is sent."""
    page = browser.post("/login/sso/", fields)
    assert page.status_code == 200, page.status_code
    found = re.search(r'content="0;url=([^"]+)"', page.text)
    assert found, page.text
    return parse_qs(urlsplit(html.unescape(found[1])).query)["state"][0]


def sign_in(browser: Client, provider: OpenIdProvider, **fields: str) -> Any:
    state = begin(browser, **fields)
    return browser.get(CALLBACK, {"state": state, "code": provider.code()})
