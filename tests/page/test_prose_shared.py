"""The page of a shared chat: drawn like the chat, continued by its readers, and of one answer alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from chat.models import Thread
from chat.testing import ScriptedModel, answer
from tests.page.programs import demo
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

WORDS = "## Growth\n\nBy $x_1$:\n\n```python\nprint(1)\n```\n\n| a | b |\n|--|--:|\n| 1 | 2 |"


@pytest.fixture
def tab(model: ScriptedModel, site: Any, open_tab: OpenTab) -> Tab:
    """Open a tab with a chat of two answers: a chart, and words with math and code."""
    tab = open_tab(site, permissions=["clipboard-read", "clipboard-write"])
    model.default(demo)
    tab.ask("Show me sales by region")
    model.default(answer(WORDS))
    tab.ask("And growth?")
    return tab


def copied(tab: Tab) -> str:
    address: str = tab.page.evaluate("() => navigator.clipboard.readText()")
    return address


def visit(browser: Browser, address: str, **options: Any) -> Page:
    """Open an address as a stranger without cookies."""
    page = browser.new_context(**options).new_page()
    page.goto(address)
    return page


def test_a_shared_chat_is_drawn_like_the_chat_and_continued_by_a_stranger(
    model: ScriptedModel, tab: Tab, browser: Browser
) -> None:
    tab.button("Share").click()
    tab.button("Make a link").click()
    expect(tab.page.locator(".shares a")).to_be_visible()
    page = visit(browser, copied(tab))
    expect(page.locator("svg.recharts-surface").first).to_be_visible()
    expect(page.locator("math")).to_have_count(1)
    expect(page.locator(".hljs-built_in")).to_have_text("print")
    expect(page.get_by_role("heading", name="Growth", level=3)).to_be_visible()
    assert page.context.cookies() == []
    assert page.locator("meta[property='og:title']").get_attribute("content") == "Show me sales by region"
    page.get_by_role("link", name="Continue in my own chat").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("article.reply")).to_have_count(2)
    page.fill("#prompt", "Go on")
    page.press("#prompt", "Enter")
    expect(page.locator("article.reply > .message-actions")).to_have_count(3)
    sent = " ".join(
        message["content"] for message in model.requests[-1].messages if message["role"] == "user"
    )
    assert [words for words in ("Show me sales by region", "And growth?", "Go on") if words not in sent] == []
    copy, shared = Thread.objects.order_by("-pk").values_list("owner", flat=True)[:2]
    assert copy != shared
    page.context.close()


def test_one_answer_is_shared_alone(tab: Tab, browser: Browser) -> None:
    tab.button("Share this answer alone", tab.answers.nth(1)).click()
    expect(tab.answers.nth(1)).to_contain_text("The link to this answer is copied.")
    page = visit(browser, copied(tab), java_script_enabled=False)
    expect(page.locator("article")).to_have_count(1)
    expect(page.locator("article")).to_contain_text("Growth")
    assert "sales" not in page.locator("#messages").inner_text().lower()
    page.context.close()
    tab.button("Share").click()
    expect(tab.page.locator(".shares")).to_contain_text("one answer alone")
