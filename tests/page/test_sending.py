"""Sending: the queue of a chat, faults of the network, reloads, Escape, pictures by every way, and phones."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from chat.testing import Gate, ScriptedModel, answer
from tests.live.pictures import PNG
from tests.page.accessibility import PHONE, assert_accessible
from tests.page.conftest import site_of
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

QUEUED = ".queue li"


def queued(tab: Tab) -> list[str]:
    return tab.page.locator(f"{QUEUED} .queued-text").all_inner_texts()


def assert_asked(model: ScriptedModel, *prompts: str) -> None:
    """Assert that the model got these prompts in this order and no others."""
    asked = [str(request.messages[-1]["content"]) for request in model.requests]
    assert len(asked) == len(prompts), asked
    assert [words for words, prompt in zip(prompts, asked, strict=True) if words not in prompt] == []


def test_what_is_sent_while_an_answer_runs_waits_for_its_end_and_can_be_changed(
    model: ScriptedModel,
    tab: Tab,
    axe: str,
) -> None:
    gate = Gate()
    model.script(answer("The first", gate, " is whole."))
    model.default(answer("Yes."))
    tab.say("One")
    expect(tab.answers.first).to_contain_text("The first")
    for words in ("Two", "Three", "Four", "Five"):
        tab.say(words)
    expect(tab.page.locator(QUEUED)).to_have_count(4)
    tab.button("Move up", tab.page.locator(QUEUED).nth(1)).click()
    expect(tab.page.locator(QUEUED).first).to_contain_text("Three")
    tab.button("Withdraw the message", tab.page.locator(QUEUED).nth(2)).click()
    expect(tab.page.locator(QUEUED)).to_have_count(3)
    tab.button("Edit the waiting message", tab.page.locator(QUEUED).nth(1)).click()
    tab.page.locator(".queued-editing textarea").fill("Two, changed")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator(QUEUED).nth(1)).to_contain_text("Two, changed")
    assert queued(tab) == ["Three", "Two, changed", "Five"]
    tab.shot("queue")
    assert_accessible(tab.page, axe)
    assert len(model.requests) == 1
    gate.open()
    tab.ended(3)
    expect(tab.answers.first).to_contain_text("The first is whole.")
    expect(tab.page.locator(QUEUED)).to_have_count(0)
    assert_asked(model, "One", "Three", "Two, changed", "Five")
    tab.reload()
    expect(tab.prompts).to_have_count(4)


def test_a_queued_prompt_is_sent_now_and_stops_the_answer(model: ScriptedModel, tab: Tab) -> None:
    gate = Gate()
    model.script(answer("Never", gate, " whole."))
    model.default(answer("At once."))
    tab.say("One")
    expect(tab.answers.first).to_contain_text("Never")
    tab.say("Later")
    tab.say("Now")
    expect(tab.page.locator(QUEUED)).to_have_count(2)
    tab.button("Send now and stop the answer", tab.page.locator(QUEUED).nth(1)).click()
    tab.ended(2)
    expect(tab.answers.first).to_contain_text("Stopped.")
    assert_asked(model, "One", "Now", "Later")


@pytest.mark.parametrize("where", ["a new chat", pytest.param("a chat", marks=pytest.mark.long)])
def test_prompts_without_a_network_survive_a_reload_and_are_sent_once(
    model: ScriptedModel, site: Any, open_tab: OpenTab, where: str
) -> None:
    model.default(answer("Yes."))
    tab = open_tab(site)
    tab.expect_console_error("net::ERR")
    before = 0
    if where == "a chat":
        tab.ask("First")
        before = 1
    tab.page.route("**/api/chat*", lambda route: route.abort())
    tab.say("Offline")
    expect(tab.answers.last.locator(".hint")).to_have_text(
        "No connection. It is sent as soon as there is one."
    )
    tab.say("And after it")
    expect(tab.page.locator(QUEUED)).to_have_text(["And after it"])
    tab.shot(f"offline-{before}")
    tab.reload()
    expect(tab.prompts).to_have_count(before + 1)
    expect(tab.prompts.last).to_contain_text("Offline")
    expect(tab.page.locator(QUEUED)).to_have_text(["And after it"])
    assert len(model.requests) == before
    tab.page.unroute("**/api/chat*")
    tab.ended(before + 1)
    expect(tab.prompts).to_have_count(before + 2)
    tab.page.wait_for_url("**/c/*")
    assert len(model.requests) == before + 2
    tab.reload()
    expect(tab.prompts).to_have_count(before + 2)


def test_the_queue_of_a_closed_tab_is_sent_by_another(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.default(answer("Yes."))
    tab = open_tab(site)
    tab.expect_console_error("net::ERR")
    tab.ask("First")
    tab.page.route("**/api/chat*", lambda route: route.abort())
    tab.say("Offline")
    expect(tab.answers.last.locator(".hint")).to_have_text(
        "No connection. It is sent as soon as there is one."
    )
    other = Tab(tab.page.context.new_page())
    tab.page.close()
    other.open("/")
    expect(other.threads).to_have_count(1)
    other.threads.get_by_role("link").click()
    other.ended(1)
    expect(other.prompts.last).to_contain_text("Offline")
    assert len(model.requests) == 2


def test_a_prompt_refused_in_a_chat_stays_with_its_reason_and_is_tried_again(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.default(answer("Yes."))
    tab = open_tab(site)
    tab.expect_console_error("429")
    tab.ask("First")
    refusal = {"code": "quota_exceeded", "detail": "No more responses this hour.", "status": 429}
    tab.page.route("**/api/chat*", lambda route: route.fulfill(status=429, json=refusal), times=1)
    tab.say("Second")
    expect(tab.answers.last.locator(".problem")).to_contain_text("No more responses")
    tab.reload()
    expect(tab.answers.last.locator(".problem")).to_contain_text("No more responses")
    assert len(model.requests) == 1
    tab.button("Try again").click()
    # The refused one counted as ended, too.
    expect(tab.answers.last).to_contain_text("Yes.")
    expect(tab.prompts).to_have_count(2)
    assert len(model.requests) == 2


def test_escape_stops_wherever_the_focus_is_but_in_menus_dialogs_and_edits(
    model: ScriptedModel, tab: Tab
) -> None:
    model.script(answer("First."), answer("Never", Gate()), answer("Never", Gate()))
    tab.ask("One")
    for selector in ("#threads a", "#scroller"):
        count = tab.prompts.count()
        tab.say("More")
        expect(tab.answers.nth(count)).to_contain_text("Never")
        tab.button("More").click()
        expect(tab.page.get_by_role("menu")).to_be_visible()
        tab.page.keyboard.press("Escape")
        expect(tab.page.get_by_role("menu")).to_have_count(0)
        tab.button("Share").click()
        expect(tab.page.get_by_role("dialog")).to_be_visible()
        tab.page.keyboard.press("Escape")
        expect(tab.page.get_by_role("dialog")).to_have_count(0)
        tab.prompts.first.hover()
        tab.button("Edit the message", tab.prompts.first).click()
        tab.page.keyboard.press("Escape")
        expect(tab.page.locator(".editing")).to_have_count(0)
        expect(tab.button("Stop the answer")).to_be_visible()
        tab.page.locator(selector).first.focus()
        tab.page.keyboard.press("Escape")
        expect(tab.ended(count)).to_contain_text("Stopped.")


# Pictures

TRANSFER = """([data, name, type]) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  transfer.items.add(new File([bytes], name, { type }));
  return transfer;
}"""


def transfer(tab: Tab, name: str, data: bytes = PNG, kind: str = "image/png") -> Any:
    return tab.page.evaluate_handle(TRANSFER, [base64.b64encode(data).decode(), name, kind])


PASTE = """(field, clipboardData) =>
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }))"""


def paste(tab: Tab, files: Any) -> None:
    tab.page.locator("#prompt").evaluate(PASTE, files)


@pytest.fixture
def seeing(live: None, servers: Any, built_page: Path) -> Any:
    """Start a server whose model takes pictures."""
    return servers.keep(
        CHAT_PAGE_BUILD=str(built_page),
        CHAT_MODELS='{"c1": {"images": true}}',
        CHAT_ATTACHMENT_BYTES="1572864",
    )


def picture(tab: Tab, name: str) -> Locator:
    return tab.page.locator(".pictures li").filter(has=tab.page.get_by_alt_text(name))


def test_pictures_are_chosen_pasted_and_dropped_and_kept_by_an_edit(
    model: ScriptedModel, seeing: Any, open_tab: OpenTab
) -> None:
    model.default(answer("Dots."))
    tab = open_tab(seeing)
    chosen = [FilePayload(name=f"chosen{n}.png", mimeType="image/png", buffer=PNG) for n in range(2)]
    tab.page.locator("input[type=file]").first.set_input_files(chosen)
    paste(tab, transfer(tab, "pasted.png"))
    dropped = transfer(tab, "dropped.png")
    tab.page.dispatch_event("#threads", "dragenter", {"dataTransfer": dropped})
    expect(tab.page.locator(".drop-mark")).to_be_visible()
    tab.shot("drop")
    tab.page.dispatch_event("#threads", "drop", {"dataTransfer": dropped})
    expect(tab.page.locator(".drop-mark")).to_have_count(0)
    for name in ("chosen0.png", "chosen1.png", "pasted.png", "dropped.png"):
        expect(picture(tab, name)).to_be_visible()
    tab.reload()
    expect(tab.page.locator(".pictures li")).to_have_count(4)
    tab.ask("What is this?")
    expect(tab.prompts.first.locator("img")).to_have_count(4)
    tab.prompts.first.hover()
    tab.button("Edit the message", tab.prompts.first).click()
    tab.page.get_by_role("textbox", name="Edit the message").fill("What are these?")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_function("() => document.querySelectorAll('article.said .versions').length")
    parts = model.requests[-1].messages[-1]["content"]
    assert [part["type"] for part in parts] == ["text", *["image_url"] * 4]
    assert "What are these?" in parts[0]["text"]


def test_what_cannot_be_sent_says_so_before_it_is_sent(
    model: ScriptedModel, seeing: Any, site: Any, open_tab: OpenTab
) -> None:
    tab = open_tab(seeing)
    paste(tab, transfer(tab, "film.mp4", b"words", "video/mp4"))
    expect(tab.page.locator(".pictures")).to_contain_text("Files of this kind cannot be sent.")
    paste(tab, transfer(tab, "large.png", b"\x89PNG" * 400_000))
    expect(tab.page.locator(".pictures")).to_contain_text("Larger than 1.5 MB.")
    tab.say("See these")
    expect(tab.page.locator("#prompt")).to_have_value("See these")
    expect(tab.page.locator(".obstacle")).to_have_text("Remove what cannot be sent.")
    tab.shot("pictures-refused")
    tab.button("Remove film.mp4").click()
    tab.button("Remove large.png").click()
    tab.ask("See these")
    blind = open_tab(site)
    paste(blind, transfer(blind, "dot.png"))
    expect(picture(blind, "dot.png")).to_be_visible()
    expect(blind.page.locator(".obstacle")).to_contain_text("The model c1 takes no pictures.")
    expect(blind.button("Send")).to_be_disabled()
    assert len(model.requests) == 1


def test_on_a_phone_the_keyboard_leaves_after_send(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.default(answer("Yes."))
    tab = open_tab(site, **PHONE)
    tab.page.locator("#prompt").tap()
    tab.page.locator("#prompt").fill("Hello")
    expect(tab.page.locator("#prompt")).to_be_focused()
    tab.button("Send").tap()
    tab.ended()
    expect(tab.page.locator("#prompt")).not_to_be_focused()


def test_the_plain_page_stops_an_answer_only_when_told_twice(
    model: ScriptedModel, live: None, servers: Any, open_tab: OpenTab
) -> None:
    gate = Gate()
    model.script(answer("The first", gate, " is whole."), answer("The second."))
    tab = open_tab(site_of(servers, ""))
    tab.say("One")
    expect(tab.answers.first).to_contain_text("The first")
    tab.say("Two")
    expect(tab.page.locator("#interrupts")).to_contain_text("Send again to stop it")
    expect(tab.prompts).to_have_count(1)
    tab.page.press("#prompt", "Enter")
    expect(tab.answers.nth(1)).to_contain_text("The second.")
    expect(tab.answers.first).to_contain_text("Stopped.")
