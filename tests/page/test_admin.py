"""The admin in a real browser: accessible on every page, no column cut, a live dashboard, threads drawn as conversations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, ViewportSize, expect

from chat.models import (
    Hold,
    Message,
    Role,
    Thread,
)
from tests.integration.admin_rows import add_turn, make_call
from tests.integration.every_admin_page import CHOSEN, Rows, all_addresses
from tests.integration.trace_rows import SAID
from tests.live.harness import LiveServer
from tests.live.staff import staff_cookies
from tests.page.accessibility import SCHEMES, Scheme, assert_accessible
from tests.page.conftest import VIEWPORT, site_of
from tests.page.tab import Tab

pytestmark = pytest.mark.live

PHONE: ViewportSize = {"width": 360, "height": 740}
# How far a list's table is wider than its place, and the page wider than the window; the list may scroll on a phone.
TOO_WIDE = """() => {
  const list = document.querySelector(".results");
  return [list ? list.scrollWidth - list.clientWidth : 0, document.documentElement.scrollWidth - innerWidth];
}"""


@pytest.fixture
def rows(live: None) -> Iterator[Rows]:
    """Yield rows; they are deleted because their responses have no log, which the leak checks of live tests ask for."""
    made = Rows()
    yield made
    Hold.objects.filter(thread=made.thread).delete()
    made.user.delete()


@pytest.fixture
def site(live: None, servers: Any, built_page: Path) -> LiveServer:
    server: LiveServer = site_of(servers, built_page)
    return server


@pytest.fixture
def tab(browser: Browser, site: LiveServer, live: None) -> Iterator[Tab]:
    """Yield a tab of a superuser. Fail after problems in the tab."""
    context = browser.new_context(base_url=site.url, viewport=VIEWPORT, reduced_motion="reduce")
    cookies = staff_cookies(site)
    context.add_cookies(
        [{"name": one.name, "value": one.value or "", "url": site.url} for one in cookies.jar]
    )
    tab = Tab(context.new_page())
    # axe writes style attributes, which the policy of the admin's pages refuses.
    tab.expect_console_error("Applying inline style violates")
    yield tab
    tab.close()
    assert tab.problems == []


def check(tab: Tab, axe: str, address: str, schemes: tuple[Scheme, ...]) -> None:
    """Assert that a page is accessible in these schemes, cuts no column on a desktop and fits a phone."""
    answer = tab.page.goto(address)
    assert answer is not None
    if answer.status in (403, 404):  # an action that does not apply to this row
        return
    assert answer.status == 200, address
    for scheme in schemes:
        tab.page.emulate_media(color_scheme=scheme)
        assert_accessible(tab.page, axe)
    assert tab.page.evaluate(TOO_WIDE) == [0, 0], address
    tab.page.set_viewport_size(PHONE)
    assert tab.page.evaluate(TOO_WIDE)[1] == 0, address
    tab.page.set_viewport_size(VIEWPORT)


def test_each_kind_of_page_is_accessible_and_cuts_nothing(tab: Tab, rows: Rows, axe: str) -> None:
    for pattern, scheme in zip(CHOSEN, cycle(SCHEMES), strict=False):
        check(tab, axe, rows.address(pattern), (scheme,))


@pytest.mark.long
def test_every_page_is_accessible_and_cuts_nothing(tab: Tab, rows: Rows, axe: str) -> None:
    tab.expect_console_error("Failed to load resource")
    for address in all_addresses(rows):
        check(tab, axe, address, SCHEMES)


def figure(tab: Tab, name: str) -> Locator:
    return tab.page.locator(".chat-figures > div").filter(has_text=name).locator("dd").first


def test_the_dashboard_refreshes_itself_except_in_hidden_tabs(tab: Tab, rows: Rows) -> None:
    tab.page.clock.install()
    tab.page.goto("/admin/")
    calls = figure(tab, "calls of models")
    before = int(calls.inner_text())
    make_call(rows.thread)
    tab.page.evaluate(
        "Object.defineProperty(document, 'hidden', { get: () => window.away, configurable: true })"
    )
    tab.page.evaluate("window.away = true")
    requests: list[str] = []
    tab.page.on("request", lambda request: requests.append(request.url))
    tab.page.clock.run_for(60_000)
    assert requests == []
    tab.page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(calls).to_have_text(str(before + 1))
    make_call(rows.thread)
    tab.page.get_by_role("button", name="Pause updates").click()
    tab.page.clock.run_for(60_000)
    expect(calls).to_have_text(str(before + 1))


def test_arrow_keys_read_the_values_of_a_chart(tab: Tab, rows: Rows) -> None:
    tab.page.goto("/admin/?range=90d")
    chart = tab.page.get_by_role("img", name="Responses per day")
    chart.focus()
    tab.page.keyboard.press("End")
    box = tab.page.locator(".chat-tip")
    last = chart.locator(".chat-slot").last.get_attribute("data-values") or ""
    expect(box).to_have_text(last.replace("; ", ""))
    tab.page.keyboard.press("Escape")
    expect(box).to_be_hidden()


def test_a_thread_is_drawn_as_its_conversation_with_hidden_messages_folded(tab: Tab, rows: Rows) -> None:
    tab.page.goto(rows.address("/admin/chat/thread/{thread}/change/"))
    reply = tab.page.locator("[data-chat-reply]").last
    drawn = reply.frame_locator("iframe.chat-drawn-frame")
    expect(drawn.locator("strong")).to_have_text("bold")
    expect(drawn.locator("body")).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    expect(reply.get_by_text("**bold** answer")).to_be_hidden()
    tab.page.get_by_label("as text").check()
    expect(reply.get_by_text("**bold** answer")).to_be_visible()
    result = tab.page.get_by_text("result A title of some words")
    expect(result).to_be_hidden()
    tab.page.get_by_text("Result of").click()
    expect(result).to_be_visible()
    expect(tab.page.get_by_label("Facts")).to_contain_text(f"Guest {rows.user.username[6:10]}")


def test_a_diagram_is_shown_as_its_source(tab: Tab, rows: Rows) -> None:
    add_turn(rows.thread, 4, text="```mermaid\ngraph TD; A-->B\n```")
    tab.page.goto(rows.address("/admin/chat/thread/{thread}/change/"))
    drawn = tab.page.locator("[data-chat-reply]").last.frame_locator("iframe.chat-drawn-frame")
    expect(drawn.locator(".diagram code")).to_contain_text("A-->B")
    expect(drawn.locator("iframe")).to_have_count(0)


def test_a_replay_shows_the_response_as_in_the_chat(tab: Tab, rows: Rows) -> None:
    tab.page.goto(rows.address("/admin/chat/response/{response}/change/"))
    raw = tab.page.locator('[data-part="raw"]')
    expect(raw).to_be_hidden()
    # Its end is there before it is played.
    said = "".join(words for _, words in SAID)
    expect(tab.page.frame_locator("iframe.chat-drawn-frame").locator(".reply")).to_contain_text(
        said.split()[-1]
    )
    expect(tab.page.get_by_role("slider", name="Position")).to_have_value("1")
    tab.page.get_by_label("4×").check()
    tab.page.get_by_role("button", name="Play").click()
    expect(tab.page.get_by_role("button", name="Play")).to_be_visible()
    expect(tab.page.frame_locator("iframe.chat-drawn-frame").locator(".reply")).to_contain_text(
        "".join(words for _, words in SAID).split()[-1]
    )
    tab.page.get_by_label("as text").check()
    expect(raw).to_have_text("".join(words for _, words in SAID), use_inner_text=False)


def test_a_frame_of_an_answer_has_no_access_to_the_page_around_it(tab: Tab, rows: Rows) -> None:
    tab.page.goto(rows.address("/admin/chat/thread/{thread}/change/"))
    element = tab.page.locator("iframe.chat-drawn-frame").first
    expect(tab.page.frame_locator("iframe.chat-drawn-frame").first.locator(".reply")).to_be_visible()
    handle = element.element_handle()
    frame = handle.content_frame() if handle else None
    assert frame is not None
    assert frame.evaluate("self.origin") == "null"
    tried = "() => { try { return parent.document.cookie } catch (problem) { return problem.name } }"
    assert frame.evaluate(tried) == "SecurityError"


def test_a_search_leads_to_the_message_it_found(tab: Tab, rows: Rows) -> None:
    for turn in range(4, 40):
        add_turn(rows.thread, turn, text=f"answer {turn}")
    word = f"word{uuid4().hex[:8]}"
    early = rows.thread.messages.filter(role=Role.ASSISTANT, turn=2).get()
    Message.objects.filter(pk=early.pk).update(plain_text=f"the {word}", content=f"the {word}", terms=None)
    tab.page.goto(f"/admin/chat/thread/?q={word}")
    tab.page.locator(".field-found a", has=tab.page.locator("mark", has_text=word)).click()
    expect(tab.page.locator(f"#message-{early.pk}")).to_be_in_viewport()


def test_a_filter_opens_by_keyboard_and_closes_with_escape(tab: Tab, rows: Rows) -> None:
    tab.page.goto("/admin/chat/thread/")
    state = tab.page.locator(".chat-filter > summary", has_text="State")
    state.focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("link", name="Failed")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(tab.page.get_by_role("link", name="Failed")).to_be_hidden()
    expect(state).to_be_focused()
    assert Thread.objects.filter(pk=rows.thread.pk).exists()
