"""The page's frame: folding, pins, selection, model menu, command palette, shortcuts, theme, settings, temporary chats."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from chat.models import Thread, User
from chat.testing import ScriptedModel, answer
from tests.live.harness import eventually
from tests.page.programs import text
from tests.page.tab import Tab

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
def short_answers(model: ScriptedModel) -> None:
    model.default(answer(text("Yes.")))


def ask(tab: Tab, words: str) -> str:
    """Begin a chat and return its id."""
    tab.page.get_by_role("link", name="New chat").click()
    tab.ask(words)
    return tab.page.url.rpartition("/")[2]


def group(tab: Tab, name: str) -> Locator:
    return tab.page.locator("#threads section").filter(has=tab.page.get_by_role("heading", name=name))


def test_the_sidebar_folds_and_stays_folded(tab: Tab) -> None:
    tab.button("Hide the list of chats").click()
    expect(tab.page.locator("#sidebar")).to_be_hidden()
    expect(tab.button("Show the list of chats")).to_be_focused()
    tab.reload()
    expect(tab.page.locator("#sidebar")).to_be_hidden()
    tab.page.keyboard.press("Control+Shift+S")
    expect(tab.page.locator("#sidebar")).to_be_visible()
    tab.reload()
    expect(tab.page.locator("#sidebar")).to_be_visible()


def test_a_pinned_chat_stands_first_until_it_is_unpinned(tab: Tab) -> None:
    pinned = ask(tab, "A pinned one")
    ask(tab, "A newer one")
    tab.do("A pinned one", "Pin")
    expect(group(tab, "Pinned").locator("li")).to_contain_text("A pinned one")
    tab.reload()
    assert tab.threads.first.inner_text().startswith("A pinned one")
    assert Thread.objects.get(public_id=pinned).pinned
    tab.do("A pinned one", "Unpin")
    expect(group(tab, "Pinned")).to_have_count(0)


def test_selected_chats_are_deleted_together_and_come_back_by_undo(tab: Tab) -> None:
    for words in ("First of two", "Second of two", "The one kept"):
        ask(tab, words)
    count = tab.threads.count()
    tab.button("Select chats").click()
    for words in ("First of two", "Second of two"):
        tab.page.get_by_role("checkbox", name=words).check()
    expect(tab.page.locator(".selection")).to_contain_text("2 chats selected")
    tab.button("Delete").click()
    expect(tab.threads).to_have_count(count - 2)
    expect(tab.page.locator("#undo")).to_contain_text("2 chats are deleted.")
    tab.button("Undo").click()
    expect(tab.threads).to_have_count(count)


def test_escape_ends_a_selection(tab: Tab) -> None:
    ask(tab, "To be left")
    ask(tab, "To be left too")
    tab.button("Select chats").click()
    tab.page.get_by_role("checkbox", name="To be left too").press("Escape")
    expect(tab.page.locator(".selection")).to_have_count(0)


def test_the_model_menu_names_and_describes_models_and_is_used_by_keyboard(tab: Tab) -> None:
    tab.page.locator("#model").focus()
    tab.page.keyboard.press("Enter")
    items = tab.page.get_by_role("menuitemradio")
    expect(items.filter(has_text="C1")).to_contain_text("Answers with charts, tables and forms")
    expect(items.filter(has_text="C1")).to_contain_text("Interfaces · Tools")
    expect(items.first).to_be_focused()
    tab.page.keyboard.press("o")
    expect(items.filter(has_text="OpenAssistant")).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("#model")).to_have_accessible_name("Model: OpenAssistant")
    expect(tab.page.locator("#model")).to_be_focused()
    tab.page.locator("#model").click()
    items.filter(has_text="C1").click()


def test_the_palette_finds_a_chat_by_its_words_and_opens_it(tab: Tab) -> None:
    thread = ask(tab, "Where do herons nest")
    tab.page.get_by_role("link", name="New chat").click()
    tab.page.keyboard.press("Control+k")
    tab.page.get_by_role("combobox").fill("herons")
    expect(tab.page.get_by_role("option").first).to_contain_text("Where do herons nest")
    tab.page.keyboard.press("Enter")
    expect(tab.page).to_have_url(re.compile(f"/c/{thread}$"))
    expect(tab.page.get_by_role("combobox")).to_have_count(0)


def test_the_palette_runs_commands(tab: Tab) -> None:
    tab.page.keyboard.press("Control+k")
    tab.page.get_by_role("combobox").fill("theme dark")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("html")).to_have_attribute("data-theme", "dark")
    tab.page.keyboard.press("Control+k")
    tab.page.get_by_role("combobox").fill("theme system")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("html")).not_to_have_attribute("data-theme", re.compile(""))


def test_a_question_mark_shows_the_shortcuts_outside_of_fields_alone(tab: Tab) -> None:
    tab.page.locator("#prompt").focus()
    tab.page.keyboard.type("?")
    expect(tab.page.get_by_role("dialog")).to_have_count(0)
    tab.page.fill("#prompt", "")
    tab.page.locator("#new-chat").focus()
    tab.page.keyboard.press("?")
    expect(tab.page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("New chat")
    tab.page.keyboard.press("Escape")
    expect(tab.page.get_by_role("dialog")).to_have_count(0)
    expect(tab.page.locator("#new-chat")).to_be_focused()


def test_the_theme_is_chosen_in_the_settings_and_there_before_the_first_paint(tab: Tab) -> None:
    tab.page.locator("#who").click()
    tab.page.get_by_role("radio", name="Dark").check()
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = tab.page.evaluate(ground)
    tab.page.add_init_script(
        "new MutationObserver(() => { if (document.body) window.firstTheme ??= document.documentElement.dataset.theme"
        " ?? 'none'; }).observe(document, { childList: true, subtree: true });"
    )
    tab.reload()
    assert tab.page.evaluate("() => window.firstTheme") == "dark"
    assert tab.page.evaluate(ground) == dark
    tab.page.locator("#who").click()
    tab.page.get_by_role("radio", name="System").check()
    assert tab.page.evaluate(ground) != dark
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator("#who")).to_be_focused()


def test_instructions_are_stored_for_new_chats(tab: Tab) -> None:
    tab.page.locator("#who").click()
    tab.page.get_by_role("tab", name="Instructions").click()
    tab.page.get_by_role("textbox", name="Instructions").fill("Answer in verse.")
    tab.button("Save").click()
    expect(tab.button("Saved.")).to_be_visible()
    assert User.objects.filter(instructions="Answer in verse.").exists()
    tab.page.keyboard.press("Escape")
    thread = ask(tab, "With instructions")
    assert Thread.objects.get(public_id=thread).system_prompt == "Answer in verse."


def test_chats_are_imported_in_the_settings(tab: Tab) -> None:
    message = {
        "id": "m",
        "author": {"role": "user"},
        "content": {"content_type": "text", "parts": ["A tide?"]},
    }
    chat = {"title": "From elsewhere", "conversation_id": "elsewhere", "mapping": {"m": {"message": message}}}
    tab.page.locator("#who").click()
    tab.page.get_by_role("tab", name="Data").click()
    field = tab.page.get_by_label("Import chats")
    for said in ("1 chat imported", "0 chats imported, 1 already here"):
        field.set_input_files(
            {
                "name": "conversations.json",
                "mimeType": "application/json",
                "buffer": json.dumps([chat]).encode(),
            }
        )
        expect(tab.page.locator("#imported")).to_contain_text(said)
    tab.expect_console_error("400")
    field.set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": b"{}"})
    expect(tab.page.get_by_role("dialog").get_by_role("alert")).to_contain_text("This is no export")
    tab.page.keyboard.press("Escape")
    expect(tab.threads.filter(has_text="From elsewhere")).to_have_count(1)


def test_a_temporary_chat_is_marked_and_in_no_list(tab: Tab) -> None:
    count = tab.threads.count()
    tab.button("Temporary chat").click()
    expect(tab.page.get_by_text("This chat is in no list")).to_be_visible()
    tab.ask("In passing")
    expect(tab.page.locator(".temporary-mark")).to_be_visible()
    thread = tab.page.url.rpartition("/")[2]
    assert Thread.objects.get(public_id=thread).expires_at is not None
    tab.reload()
    expect(tab.page.locator(".temporary-mark")).to_be_visible()
    expect(tab.prompts).to_contain_text("In passing")
    expect(tab.threads).to_have_count(count)
    tab.page.get_by_role("link", name="New chat").click()
    expect(tab.button("Temporary chat")).to_have_attribute("aria-pressed", "false")
    ask(tab, "To be kept")
    assert Thread.objects.get(public_id=tab.page.url.rpartition("/")[2]).expires_at is None


def test_the_page_opens_without_the_server_with_its_draft(site: Any, open_tab: Any) -> None:
    tab = open_tab(site, service_workers="allow")
    tab.page.wait_for_function("() => navigator.serviceWorker.controller")
    tab.page.evaluate("() => caches.open('chat-shell-1').then((cache) => cache.match('/'))")
    tab.reload()
    tab.page.fill("#prompt", "Not sent yet")
    tab.expect_console_error("net::ERR", "WebSocket")
    kept = "async () => (await (await caches.open('chat-shell-1')).keys()).map(({ url }) => new URL(url).pathname)"
    assert eventually(lambda: "/" in tab.page.evaluate(kept))
    assert [path for path in tab.page.evaluate(kept) if path.startswith("/api/")] == []
    tab.page.context.set_offline(True)
    tab.page.reload()
    expect(tab.page.locator("#prompt")).to_have_value("Not sent yet")
    expect(tab.page.get_by_role("alert")).to_contain_text("cannot be reached")
    tab.page.context.set_offline(False)
    expect(tab.page.locator("#who")).to_be_visible()


def test_the_page_can_be_installed(tab: Tab) -> None:
    manifest = tab.page.evaluate(
        "async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json()"
    )
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    for icon in manifest["icons"]:
        got = tab.page.request.get(f"/static/chat/{icon['src']}")
        assert (got.status, got.headers["content-type"]) == (200, icon["type"])


def test_escape_closes_a_menu_and_not_the_drawer_below_it(site: Any, open_tab: Any) -> None:
    tab = open_tab(site, viewport={"width": 360, "height": 740})
    tab.ask("In a drawer")
    tab.button("List of chats").click()
    tab.button("Actions for In a drawer").click()
    expect(tab.page.get_by_role("menuitem", name="Rename")).to_be_focused()
    tab.page.keyboard.press("Escape")
    expect(tab.page.get_by_role("menu")).to_have_count(0)
    expect(tab.button("Actions for In a drawer")).to_be_focused()
    expect(tab.page.locator("#new-chat")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(tab.button("List of chats")).to_be_focused()
