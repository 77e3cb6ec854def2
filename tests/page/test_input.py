"""Keys of input methods, and the clipboard with and without https, on the built and the plain page."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from chat.testing import ScriptedModel, answer
from tests.page.conftest import site_of
from tests.page.programs import card
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

# Chromium marks keys of an input method with both, Safari the confirming one with the code alone.
COMPOSING: dict[str, dict[str, Any]] = {"by flag": {"isComposing": True}, "by code": {"keyCode": 229}}
KEYS = [*product(("Enter", "Escape"), COMPOSING)]
PRESS = """(element, options) => {
  const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...options });
  return element.dispatchEvent(event);
}"""
WITHOUT_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })"


@pytest.fixture(params=["built", "plain"])
def any_site(request: pytest.FixtureRequest, live: None, servers: Any) -> Any:
    build = request.getfixturevalue("built_page") if request.param == "built" else ""
    return site_of(servers, build)


def belongs_to_input_method(field: Locator, key: str, mark: str) -> bool:
    """Press a key while an input method composes. Return true if the page left it alone."""
    return bool(field.evaluate(PRESS, {"key": key, **COMPOSING[mark]}))


def test_enter_of_an_input_method_sends_nothing(
    model: ScriptedModel, any_site: Any, open_tab: OpenTab
) -> None:
    tab = open_tab(any_site)
    field = tab.page.locator("#prompt")
    field.fill("日本")
    for mark in COMPOSING:
        assert belongs_to_input_method(field, "Enter", mark)
        expect(field).to_have_value("日本")
        expect(tab.prompts).to_have_count(0)
    field.press("Enter")
    expect(tab.prompts).to_have_count(1)
    expect(tab.answers.first).to_have_attribute("aria-busy", "false")


def test_a_key_of_an_input_method_ends_no_edit(model: ScriptedModel, site: Any, open_tab: OpenTab) -> None:
    model.default(answer("Yes."))
    tab = open_tab(site)
    tab.ask("First")
    tab.prompts.first.hover()
    tab.button("Edit the message").click()
    field = tab.page.locator(".editing textarea")
    for key, mark in KEYS:
        assert belongs_to_input_method(field, key, mark)
        expect(field).to_be_visible()
    tab.do("First", "Rename")
    title = tab.threads.get_by_role("textbox")
    title.fill("日本")
    for key, mark in KEYS:
        assert belongs_to_input_method(title, key, mark)
        expect(title).to_have_value("日本")


@pytest.mark.long
def test_a_key_of_an_input_method_ends_no_renaming_on_the_plain_page(
    model: ScriptedModel, servers: Any, open_tab: OpenTab, live: None
) -> None:
    tab = open_tab(site_of(servers, ""))
    tab.say("First")
    # The list is drawn anew when the answer ends, and with it the field.
    tab.page.wait_for_load_state("networkidle")
    tab.threads.hover()
    tab.button("Rename First").click()
    title = tab.threads.get_by_role("textbox")
    for key, mark in KEYS:
        assert belongs_to_input_method(title, key, mark)
        expect(title).to_be_visible()


def pasted(tab: Tab) -> str:
    """Return the clipboard's text, pasted into the message field."""
    field = tab.page.locator("#prompt")
    field.fill("")
    field.press("Control+v")
    return field.input_value()


def test_without_https_everything_is_copied_too(model: ScriptedModel, site: Any, open_tab: OpenTab) -> None:
    model.default(answer(card('code = CodeBlock("python", "print(1)")')))
    tab = open_tab(site)
    tab.reusable = False
    tab.page.add_init_script(WITHOUT_CLIPBOARD)
    tab.reload()
    reply = tab.ask("Say it")
    tab.prompts.first.hover()
    tab.button("Copy", tab.prompts.first).click()
    expect(tab.page.locator("#announcements")).to_have_text("Copied.")
    assert pasted(tab) == "Say it"
    tab.choose("Copy", "Copy as Markdown", reply)
    assert pasted(tab) == "```python\nprint(1)\n```"
    tab.page.get_by_role("button", name="Copy code").click()
    assert pasted(tab) == "print(1)"
    tab.button("Share").click()
    tab.button("Make a link").click()
    address = tab.page.locator(".shares a").get_attribute("href")
    tab.button("Copy the link").click()
    tab.page.keyboard.press("Escape")
    assert pasted(tab) == address


@pytest.mark.long
def test_without_https_the_plain_page_copies_a_link(
    model: ScriptedModel, servers: Any, open_tab: OpenTab, live: None
) -> None:
    tab = open_tab(site_of(servers, ""))
    tab.reusable = False
    tab.page.add_init_script(WITHOUT_CLIPBOARD)
    tab.reload()
    tab.say("Say it")
    tab.page.locator("#share").click()
    tab.button("Make a link").click()
    expect(tab.page.locator("#made-link")).to_be_visible()
    address = tab.page.locator("#share-link").input_value()
    tab.page.locator("#copy-link").click()
    expect(tab.page.locator("#announcements")).to_have_text("Copied.")
    tab.page.keyboard.press("Escape")
    assert pasted(tab) == address
    assert "/s/" in address
