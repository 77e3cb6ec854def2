"""The list of chats on the built page: search, rename, archive, delete and undo, in all tabs at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from chat.models import Thread
from chat.testing import ScriptedModel, answer
from tests.live.harness import eventually
from tests.page.held_requests import HeldRequest
from tests.page.programs import text
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

OTHER = {
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-01T00:00:00Z",
    "archived": False,
    "model": None,
    "activeResponseId": None,
}


@pytest.fixture
def tab(model: ScriptedModel, site: Any, open_tab: OpenTab) -> Tab:
    """Open a tab of a visitor with three chats; the first one's answer is about a heron."""
    model.script(answer(text("A grey heron stands in the reeds.")))
    model.default(answer(text("Yes.")))
    tab = open_tab(site)
    for words in ("What bird is it", "Of the sea", "Of the sky"):
        tab.page.get_by_role("link", name="New chat").click()
        tab.ask(words)
    expect(tab.threads).to_have_count(3)
    # The end of the last answer moves its chat to the top, and an open menu with it.
    expect(tab.threads.locator(".running")).to_have_count(0)
    return tab


def test_a_search_shows_an_excerpt_with_the_match(tab: Tab) -> None:
    tab.page.get_by_role("searchbox").fill("heron")
    expect(tab.threads).to_have_count(1)
    expect(tab.threads.locator("mark")).to_have_text("heron")
    expect(tab.threads.locator(".excerpt")).to_contain_text("stands in the reeds")
    tab.shot("search")
    tab.threads.locator("a").click()
    expect(tab.answers.first).to_contain_text("A grey heron")
    tab.page.get_by_role("searchbox").fill("nothing of the kind")
    expect(tab.page.get_by_text("Nothing matches.")).to_be_visible()
    tab.page.get_by_role("searchbox").fill("")
    expect(tab.threads).to_have_count(3)


def test_chats_are_grouped_by_day(tab: Tab) -> None:
    expect(tab.page.get_by_role("heading", name="Today")).to_be_visible()
    assert tab.threads.first.inner_text().startswith("Of the sky")


def test_a_chat_is_renamed_in_every_tab(tab: Tab, site: Any, open_tab: OpenTab) -> None:
    other = open_tab(site, like=tab)
    tab.do("Of the sea", "Rename")
    tab.page.get_by_role("textbox", name="Title").fill("Waves & foam")
    tab.page.keyboard.press("Enter")
    for one in (tab, other):
        expect(one.page.get_by_role("link", name="Waves & foam")).to_be_visible()


def test_a_deletion_can_be_undone(tab: Tab) -> None:
    tab.do("Of the sky", "Delete")
    expect(tab.threads).to_have_count(2)
    expect(tab.page.locator("#welcome")).to_be_visible()
    tab.shot("undo")
    tab.button("Undo").click()
    expect(tab.threads).to_have_count(3)
    tab.reload()
    expect(tab.threads).to_have_count(3)


def test_a_chat_is_deleted_when_the_time_for_undo_is_over(tab: Tab) -> None:
    thread_id = tab.page.url.rpartition("/")[2]
    tab.reusable = False
    tab.page.clock.install()
    tab.do("Of the sky", "Delete")
    expect(tab.page.locator("#undo")).to_be_visible()
    assert Thread.objects.filter(public_id=thread_id).exists()
    with tab.page.expect_response(lambda got: got.request.method == "DELETE"):
        tab.page.clock.run_for(11_000)
    eventually(lambda: not Thread.objects.filter(public_id=thread_id).exists())
    expect(tab.page.locator("#undo")).to_have_count(0)


def test_leaving_the_page_before_the_time_for_undo_is_over_still_deletes(tab: Tab) -> None:
    thread_id = tab.page.url.rpartition("/")[2]
    tab.do("Of the sky", "Delete")
    expect(tab.page.locator("#undo")).to_be_visible()
    tab.page.goto("/login/")
    eventually(lambda: not Thread.objects.filter(public_id=thread_id).exists())


def test_a_chat_is_archived_and_restored(tab: Tab) -> None:
    tab.do("Of the sea", "Archive")
    expect(tab.threads).to_have_count(2)
    tab.button("Archived chats").click()
    expect(tab.threads).to_have_count(1)
    tab.do("Of the sea", "Restore from the archive")
    expect(tab.threads).to_have_count(0)
    tab.button("Back to your chats").click()
    expect(tab.threads).to_have_count(3)


def test_a_missing_chat_shows_a_notice_and_a_new_chat(tab: Tab) -> None:
    tab.expect_console_error("404")
    tab.page.goto("/c/never-was")
    expect(tab.page.get_by_role("alert")).to_contain_text("This chat does not exist")
    expect(tab.page).to_have_url(re.compile(r"/$"))


def test_back_and_forward_go_from_chat_to_chat(tab: Tab) -> None:
    tab.page.get_by_role("link", name="What bird is it").click()
    expect(tab.answers.first).to_contain_text("heron")
    tab.page.go_back()
    expect(tab.prompts.first).to_contain_text("Of the sky")
    tab.page.go_forward()
    expect(tab.answers.first).to_contain_text("heron")


def test_a_list_requested_before_a_chat_began_does_not_hide_it(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.default(answer(text("Yes.")))
    tab = open_tab(site)
    held = HeldRequest(tab.page, "**/api/threads?*")
    tab.page.goto("/")
    tab.ask("Of the sea")
    old = {**OTHER, "threadId": "other", "title": "Of old"}
    # The page ignores this list once it has requested a later one; else it has processed it two frames later.
    held.route.fulfill(json={"threads": [old], "nextCursor": None})
    tab.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(tab.threads.filter(has_text="Of the sea")).to_have_count(1)
