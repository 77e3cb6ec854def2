"""Every known failure of a model: the received text stays, the error is shown, and the user can go on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from chat.testing import FAULTS, ScriptedModel, answer
from tests.page.conftest import site_of
from tests.page.programs import text
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

QUICK = {name: fault for name, fault in FAULTS.items() if not fault.slow and len(fault.text) < 10_000}
# The last fault of each outcome that a page tells apart; the API's tests go through all of them in every run.
EACH_OUTCOME = {
    (fault.status, fault.code, bool(fault.text.strip()), fault.refused): name for name, fault in QUICK.items()
}
CHOSEN = [
    pytest.param(name, marks=[] if name in EACH_OUTCOME.values() else [pytest.mark.long]) for name in QUICK
]


@pytest.mark.parametrize("name", CHOSEN)
def test_a_failed_answer_shows_its_error_and_can_be_tried_again(
    model: ScriptedModel, tab: Tab, name: str
) -> None:
    fault = FAULTS[name]
    if not fault.refused:
        model.default(fault.behaviour)
    with model.refusing() if fault.refused else contextlib.nullcontext():
        shown = tab.ask("Say it")
    if fault.text.strip():
        expect(shown).to_contain_text(fault.text.split("\n")[0].strip()[:40])
    if fault.status == "failed":
        assert len(shown.locator(".foot .problem").inner_text()) > 10
        model.default(answer(text("Now it works.")))
        tab.button("Try again", shown).click()
        expect(tab.ended()).to_contain_text("Now it works.")


def test_a_refused_prompt_returns_to_the_field(site: Any, open_tab: OpenTab, model: ScriptedModel) -> None:
    tab = open_tab(site)
    tab.expect_console_error("413")
    long = "far too long " * 6000
    tab.say(long)
    expect(tab.answers.first.locator(".problem")).to_contain_text("too large")
    assert tab.page.locator("#prompt").input_value().strip() == long.strip()
    assert model.requests == []


QUOTA = {"code": "quota_exceeded", "detail": "No more responses this hour.", "status": 429}


@pytest.mark.parametrize("kind", ["built", pytest.param("plain", marks=pytest.mark.long)])
def test_a_refused_first_prompt_leaves_no_chat_until_a_retry_succeeds(
    model: ScriptedModel, live: None, servers: Any, built_page: Path, open_tab: OpenTab, kind: str
) -> None:
    tab = open_tab(site_of(servers, built_page if kind == "built" else ""))
    tab.expect_console_error("429")
    tab.page.route("**/api/chat*", lambda route: route.fulfill(status=429, json=QUOTA), times=1)
    tab.say("What bird is it?")
    expect(tab.answers.first.locator(".problem")).to_contain_text("No more responses")
    expect(tab.threads).to_have_count(0)
    expect(tab.button("Share")).to_have_count(0)
    assert urlsplit(tab.page.url).path == "/"
    tab.button("Try again").click()
    expect(tab.threads).to_have_count(1)
    expect(tab.threads).to_contain_text("What bird is it?")
    tab.page.wait_for_url("**/c/*")
    tab.reload()
    expect(tab.prompts).to_have_count(1)
    expect(tab.page.locator("#prompt")).to_have_value("")


@pytest.mark.parametrize("kind", ["built", pytest.param("plain", marks=pytest.mark.long)])
def test_a_first_prompt_beyond_the_quota_is_a_draft_after_a_reload(
    model: ScriptedModel, live: None, servers: Any, built_page: Path, open_tab: OpenTab, kind: str
) -> None:
    build = str(built_page) if kind == "built" else ""
    tab = open_tab(servers.keep(CHAT_PAGE_BUILD=build, CHAT_PER_HOUR="1"))
    tab.expect_console_error("429")
    tab.say("The first")
    expect(tab.answers.first).to_contain_text("Hello from the script.")
    expect(tab.threads).to_have_count(1)
    tab.page.get_by_role("link", name="New chat").click()
    tab.say("The second")
    expect(tab.answers.first.locator(".problem")).to_be_visible()
    expect(tab.threads).to_have_count(1)
    tab.reload()
    expect(tab.threads).to_have_count(1)
    expect(tab.page.locator("#prompt")).to_have_value("The second")
    assert urlsplit(tab.page.url).path == "/"
