"""Sharing and saving a chat: revocable links, files, and an account that takes over the guest's chats."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from chat.testing import ScriptedModel, answer
from tests.page.programs import demo, text
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]
DRAWN_PROMPTS = (
    "Show me sales by region",
    "Plan a trip to Lisbon",
    "A form to book a table",
    "What is on the menu?",
)
PASSWORD = "a long enough passphrase"


@pytest.fixture
def tab(model: ScriptedModel, site: Any, open_tab: OpenTab) -> Tab:
    """Open a tab of a visitor with one chat about a heron."""
    model.default(answer(text("A grey heron.")))
    tab = open_tab(site, permissions=["clipboard-read", "clipboard-write"])
    tab.ask("What bird is it?")
    return tab


def test_a_link_shows_the_chat_to_any_visitor_until_it_is_revoked(
    tab: Tab, site: Any, open_tab: OpenTab
) -> None:
    tab.button("Share").click()
    tab.button("Make a link").click()
    link = tab.page.locator(".shares a")
    expect(link).to_be_visible()
    tab.shot("share")
    address = link.get_attribute("href") or ""
    assert tab.page.evaluate("() => navigator.clipboard.readText()") == address
    stranger = open_tab(site)
    stranger.page.goto(address)
    expect(stranger.page.get_by_text("A grey heron.").first).to_be_visible()
    assert stranger.page.locator("textarea").count() == 0
    tab.button("Revoke").click()
    expect(tab.page.get_by_text("No link has been made yet.")).to_be_visible()
    stranger.expect_console_error("404")
    stranger.page.reload()
    expect(stranger.page.get_by_text("A grey heron.")).to_have_count(0)


@pytest.mark.parametrize(
    ("choice", "ending"),
    [("Save as Markdown", ".md"), pytest.param("Save as JSON", ".json", marks=pytest.mark.long)],
)
def test_a_chat_is_saved_as_a_file(tab: Tab, choice: str, ending: str, tmp_path: Path) -> None:
    with tab.page.expect_download() as saved:
        tab.choose("More", choice)
    assert saved.value.suggested_filename.endswith(ending)
    saved.value.save_as(tmp_path / "chat")
    content = (tmp_path / "chat").read_text()
    assert "What bird is it?" in content
    assert ending == ".md" or json.loads(content)


def test_a_saved_chat_holds_the_markdown_that_is_copied(
    model: ScriptedModel, site: Any, open_tab: OpenTab, tmp_path: Path
) -> None:
    model.default(demo)
    tab = open_tab(site, permissions=["clipboard-read", "clipboard-write"])
    copied = [_copied_markdown(tab, tab.ask(words)) for words in DRAWN_PROMPTS]
    with tab.page.expect_download() as saved:
        tab.choose("More", "Save as Markdown")
    saved.value.save_as(tmp_path / "chat.md")
    document = _ungrouped((tmp_path / "chat.md").read_text())
    assert "\n| --- | --- |" in document
    for markdown in copied:
        assert _ungrouped(markdown) in document


def _copied_markdown(tab: Tab, reply: Locator) -> str:
    tab.choose("Copy", "Copy as Markdown", reply)
    expect(reply.locator(".done-note")).to_have_text("Copied.")
    text: str = tab.page.evaluate("() => navigator.clipboard.readText()")
    return text


def _ungrouped(text: str) -> str:
    """Return the text without digit grouping, which the page adds in the browser's locale."""
    return re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)


def test_signing_up_keeps_the_guest_s_chats(
    model: ScriptedModel, servers: Any, built_page: Path, open_tab: OpenTab, live: None
) -> None:
    site = servers.keep(CHAT_PAGE_BUILD=str(built_page), CHAT_SIGNUP="1")
    model.default(answer(text("A grey heron.")))
    tab = open_tab(site)
    tab.ask("What bird is it?")
    tab.page.get_by_role("link", name="Sign up").click()
    name = f"ada-{tab.page.evaluate('() => Date.now()')}"
    tab.page.locator("input[name=username]").fill(name)
    for field in tab.page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    tab.page.locator("button[type=submit]").last.click()
    tab.open("/")
    expect(tab.page.locator("#who")).to_contain_text(name)
    expect(tab.threads.filter(has_text="What bird is it?")).to_have_count(1)
