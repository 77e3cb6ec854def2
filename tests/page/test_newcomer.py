"""The first minutes of a newcomer, by the keyboard alone: chart, queued prompt, form, shared link, and the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.live.staff import staff_cookies
from tests.page.tab import Tab

pytestmark = [pytest.mark.live, pytest.mark.long]

# Presses of Tab after which an element counts as out of reach: more than any page here has stops.
STOPS = 80
# Of the element, of something in it, or of the control whose words it is.
HAS_FOCUS = """element => {
  const focused = document.activeElement;
  return element.contains(focused) || element.closest("a, button, [role=button]") === focused;
}"""


def reach(tab: Tab, element: Locator) -> None:
    """Move the focus to an element by Tab."""
    for _ in range(STOPS):
        if element.evaluate(HAS_FOCUS):
            return
        tab.page.keyboard.press("Tab")
    raise AssertionError(f"out of reach: {element}")


def press(tab: Tab, element: Locator, key: str = "Enter") -> None:
    reach(tab, element)
    tab.page.keyboard.press(key)


def fill_in(tab: Tab, form: Locator) -> None:
    """Fill in the form of a booking, whose selects and calendar take the focus while they are open."""
    reach(tab, form.get_by_label("Name"))
    tab.page.keyboard.type("Ada Lovelace")
    press(tab, form.get_by_text("Select a date"))
    expect(tab.page.get_by_role("grid").locator(":focus")).to_be_visible()
    tab.page.keyboard.press("ArrowRight")  # to tomorrow
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("grid")).to_have_count(0)
    for field in ("Time", "Guests"):
        press(tab, form.get_by_role("combobox", name=field))
        expect(tab.page.get_by_role("listbox")).to_be_visible()
        tab.page.keyboard.press("ArrowDown")
        tab.page.keyboard.press("Enter")
        expect(tab.page.get_by_role("listbox")).to_have_count(0)


def test_a_newcomer_gets_from_the_first_chart_to_the_admin_by_keyboard(
    demo_site: Any, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(demo_site)
    press(tab, tab.button("Show me sales by region A chart, a table and what they say"))
    expect(tab.page.locator("#prompt")).to_be_focused()
    tab.page.keyboard.type("Book a table")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator(".queue li")).to_contain_text("Book a table")
    expect(tab.answers.first.locator("svg.recharts-surface").first).to_be_visible()
    form = tab.ended(1).locator(".interface")
    fill_in(tab, form)
    press(tab, tab.button("Book the table", form))
    expect(tab.ended(2)).to_contain_text("Ada Lovelace")
    press(tab, tab.button("Share"))
    press(tab, tab.button("Make a link"))
    address = tab.page.locator(".shares a").get_attribute("href") or ""
    tab.page.keyboard.press("Escape")
    expect(tab.button("Share")).to_be_focused()

    stranger = open_tab(demo_site, cold=True)
    stranger.page.goto(address)
    expect(stranger.page.get_by_text("Ada Lovelace").last).to_be_visible()

    staff = open_tab(demo_site, cold=True)
    for cookie in staff_cookies(demo_site).jar:
        staff.page.context.add_cookies(
            [{"name": cookie.name, "value": cookie.value or "", "url": demo_site.url}]
        )
    staff.page.goto("/admin/")
    press(staff, staff.page.get_by_role("link", name="Threads"))
    reach(staff, staff.page.get_by_role("searchbox"))
    staff.page.keyboard.type("Lovelace")
    staff.page.keyboard.press("Enter")
    press(staff, staff.page.locator(".field-found a").first)
    drawn = staff.page.locator("[data-chat-reply]").last.frame_locator("iframe")
    expect(drawn.locator("body")).to_contain_text("Ada Lovelace")
