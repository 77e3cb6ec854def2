"""Signing in, in a real Chromium: at a real provider of OpenID Connect, and with second factors and passkeys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from chat.models import ApiToken, Thread, User
from chat.testing import ScriptedModel, answer
from chatproject.dev.frontend.node import NodeMissing
from chatproject.dev.frontend.page_build import BuildFailed
from tests.integration.test_second_factor import code_of
from tests.live.client import new_id
from tests.live.harness import eventually
from tests.live.page_client import PASSWORD
from tests.openid import CLIENT, RealProvider, real_provider
from tests.page.tab import Tab

pytestmark = [pytest.mark.long]

# Seconds for a check at the provider: one lease after the start, and the next heartbeat.
CHECK_SECONDS = 30.0


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[RealProvider]:
    try:
        with real_provider(tmp_path) as made:
            yield made
    except (NodeMissing, BuildFailed, OSError) as problem:
        pytest.skip(f"the provider could not be installed: {problem}")


@pytest.fixture
def site(live: None, servers: Any, built_page: Path, provider: RealProvider) -> Iterator[Any]:
    """Start a server that knows the provider, and tell the provider of it."""
    groups = {"CHAT_SSO_GROUPS": "research,support", "CHAT_SSO_NAME": "Example Ltd"}
    times = {"CHAT_SSO_REFRESH_SECONDS": "1", "CHAT_LEASE_SECONDS": "4"}
    with servers.own(
        CHAT_PAGE_BUILD=str(built_page), CHAT_SSO_URL=provider.url, **CLIENT, **groups, **times
    ) as made:
        site = made.url
        provider.command(callback=f"{site}/login/sso/callback/", logout=f"{site}/login/sso/logout/")
        yield made


def visitor(open_tab: Callable[..., Tab], site: Any) -> Page:
    """Return the page of a guest."""
    tab = open_tab(site, cold=True)
    tab.problems = _Ignored()
    return tab.page


class _Ignored(list[str]):
    """Requests to other hosts, the provider and `localhost`, are no problems here."""

    def append(self, problem: str) -> None:
        if "error:" in problem:
            super().append(problem)


def sign_in(page: Page, name: str = "") -> None:
    """Sign in at the provider; without a name the provider still knows the user."""
    page.goto("/login/")
    page.get_by_role("button", name="Log in with Example Ltd").click()
    if name:
        page.locator("[name=login]").fill(name)
        page.locator("[name=password]").fill("any")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()
    expect(page.locator("#prompt")).to_be_visible()


def session(page: Page) -> Any:
    return page.request.get("/api/session").json()


def groups_of(name: str) -> set[str]:
    return set(User.objects.get(username=name).groups.values_list("name", flat=True))


def test_a_user_signs_in_at_a_real_provider_and_is_out_at_its_word(
    model: ScriptedModel, provider: RealProvider, site: Any, open_tab: Callable[..., Tab]
) -> None:
    name = new_id("ada")
    provider.command(groups={name: ["research", "unknown"]})
    page = visitor(open_tab, site)
    model.script(answer("Hello."))
    page.locator("#prompt").fill("As a guest")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name="Answer").get_by_text("Hello.")).to_be_visible()
    guest = session(page)["user"]["username"]
    sign_in(page, name)
    assert session(page)["user"]["username"] == name
    assert Thread.objects.filter(owner__username=name).count() == 1
    assert not Thread.objects.filter(owner__username=guest).exists()
    assert groups_of(name) == {"research"}
    provider.command(groups={name: ["support"]})
    page.request.post("/logout/", headers={"X-CSRFToken": session(page)["csrfToken"]}, max_redirects=0)
    assert session(page)["guest"] is True
    sign_in(page)
    assert groups_of(name) == {"support"}
    page.goto(f"{provider.url}/session/end")
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_load_state()
    eventually(lambda: page.request.get(f"{site.url}/api/session").json()["guest"], CHECK_SECONDS)


def test_a_user_whom_the_provider_removes_is_out_at_the_next_check(
    live: None, provider: RealProvider, site: Any, open_tab: Callable[..., Tab]
) -> None:
    name = new_id("bob")
    page = visitor(open_tab, site)
    sign_in(page, name)
    assert session(page)["user"]["username"] == name
    program = {"Authorization": f"Bearer {ApiToken.issue(User.objects.get(username=name))}"}
    assert httpx.get(f"{site.url}/api/threads", headers=program).status_code == 200
    provider.command(remove=name)
    eventually(lambda: session(page)["guest"], CHECK_SECONDS)
    eventually(
        lambda: httpx.get(f"{site.url}/api/threads", headers=program).status_code == 401, CHECK_SECONDS
    )


@pytest.fixture
def account(live: None, servers: Any, built_page: Path, open_tab: Callable[..., Tab]) -> Page:
    """Provide the page of a new account, on a host that browsers give passkeys to, with an authenticator."""
    made = servers.keep(CHAT_PAGE_BUILD=str(built_page), CHAT_ACTIVE_PER_USER="20")
    page = visitor(open_tab, made)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    options |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(made.url.replace("127.0.0.1", "localhost") + "/signup/")
    page.locator("[name=username]").fill(new_id("eve"))
    page.locator("[name=password1]").fill(PASSWORD)
    page.locator("[name=password2]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#prompt")).to_be_visible()
    return page


def here(page: Page, path: str) -> str:
    host = page.url.partition("//")[2].partition("/")[0]
    return f"http://{host}{path}"


def log_out(page: Page) -> None:
    page.goto(here(page, "/settings/"))
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#prompt")).to_be_visible()


def confirm(page: Page) -> None:
    """Enter the password where it is asked for again."""
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_an_account_is_opened_by_a_passkey_an_app_and_a_recovery_code(account: Page) -> None:
    page = account
    name = page.request.get(here(page, "/api/session")).json()["user"]["username"]
    page.goto(here(page, "/2fa/keys/new/"))
    confirm(page)
    page.locator("[name=passwordless]").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()
    codes = page.locator("textarea").input_value().split()
    page.goto(here(page, "/2fa/keys/"))
    expect(page.get_by_text("Never used.")).to_be_visible()
    log_out(page)
    page.goto(here(page, "/login/"))
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.locator("#prompt")).to_be_visible()
    assert page.request.get(here(page, "/api/session")).json()["user"]["username"] == name
    page.goto(here(page, "/2fa/app/"))
    confirm(page)
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("[name=code]").fill(code_of(secret))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Two-Factor Authentication")).to_be_visible()
    for code in (code_of(secret, 1), codes[0]):
        log_out(page)
        page.goto(here(page, "/login/"))
        page.locator("[name=login]").fill(name)
        confirm(page)
        page.locator("[name=code]").fill(code)
        page.keyboard.press("Enter")
        expect(page.locator("#prompt")).to_be_visible()
        assert page.request.get(here(page, "/api/session")).json()["user"]["username"] == name
    page.goto(here(page, "/sessions/"))
    page.get_by_role("button", name="Log out everywhere").click()
    page.wait_for_url("**/login/**")
