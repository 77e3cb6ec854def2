"""A provider of single sign-on that never answers: the server goes on."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.fixtures.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.live.harness import eventually

pytestmark = pytest.mark.long

# Visitors who want to sign in at once: more than a process makes pages at once.
VISITORS = 20


def test_a_provider_that_never_answers_holds_neither_the_loop_nor_the_pages(live: None, servers: Any) -> None:
    provider = OpenIdProvider()
    provider.answers["/.well-known/openid-configuration"] = None
    try:
        keys = {"CHAT_SSO_CLIENT_ID": CLIENT_ID, "CHAT_SSO_CLIENT_SECRET": CLIENT_SECRET}
        with servers.own(CHAT_SSO_URL=provider.url, **keys) as server, ThreadPoolExecutor(VISITORS) as pool:
            waiting = [pool.submit(press, server.url) for _ in range(VISITORS)]
            eventually(lambda: len([one for one in waiting if one.done()]) == VISITORS - 4)
            started = time.monotonic()
            for path in ("/healthz", "/api/session", "/login/", "/signup/") * 5:
                assert httpx.get(server.url + path, timeout=20).status_code == 200, path
            took = time.monotonic() - started
            assert not all(one.done() for one in waiting), "the others were to be waited for"
            assert took < 5
            statuses = sorted(one.result() for one in waiting)
    finally:
        provider.close()
    assert statuses == [401] * 4 + [503] * (VISITORS - 4)


def press(site: str) -> int:
    """Press the button of single sign-on as a new visitor; return the status."""
    with httpx.Client(base_url=site, timeout=30) as browser:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/login/").text)
        assert found
        return browser.post("/login/sso/", data={"csrfmiddlewaretoken": found[1]}).status_code
