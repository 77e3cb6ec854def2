"""The message field: the words in a row of their own above the buttons, and the queue in a window of a few lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from chat.testing import Gate, ScriptedModel, answer
from tests.page.conftest import site_of
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]
PHONE = {"width": 360, "height": 640}
# A window of 1280 × 1024 at 400 %.
ZOOMED = {"width": 320, "height": 256}
# Share of the box that is more than any row with a button leaves.
MOST = 0.95


def box_of(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box is not None
    return box


def assert_words_stand_above_the_buttons(tab: Tab, *buttons: Locator) -> None:
    form, field = box_of(tab.page.locator("#composer")), box_of(tab.page.locator("#prompt"))
    assert field["width"] > MOST * form["width"]
    for button in buttons:
        assert box_of(button)["y"] >= field["y"] + field["height"]


def test_buttons_take_nothing_from_the_words_on_a_phone(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    gate = Gate()
    model.script(answer("The beginning.", gate, "The end."))
    tab = open_tab(site, viewport=PHONE)
    assert_words_stand_above_the_buttons(tab, tab.button("Add a picture or file"), tab.button("Send"))
    tab.say("Tell me")
    tab.page.fill("#prompt", "The next one")
    expect(tab.button("Stop the answer")).to_be_visible()
    assert_words_stand_above_the_buttons(
        tab, tab.button("Stop the answer"), tab.button("Send after this answer")
    )
    gate.open()
    tab.ended()


def test_the_plain_page_has_the_field_of_the_built_one(site: Any, servers: Any, open_tab: OpenTab) -> None:
    built, plain = (open_tab(one, cold=True) for one in (site, site_of(servers, "")))
    assert_words_stand_above_the_buttons(plain, plain.button("Send"))
    for name in ("#composer", "#prompt", "#send"):
        assert box_of(built.page.locator(name)) == box_of(plain.page.locator(name)), name


def test_a_click_beside_the_buttons_is_a_click_into_the_field(tab: Tab) -> None:
    tab.page.locator("#new-chat").focus()
    tab.page.locator(".composer-row").click()
    expect(tab.page.locator("#prompt")).to_be_focused()


def test_in_a_window_of_a_few_lines_the_queue_is_one_line_that_unfolds(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    gate = Gate()
    model.script(answer("The beginning.", gate, "The end."))
    model.default(answer("Yes."))
    tab = open_tab(site, viewport=ZOOMED)
    tab.say("Tell me")
    expect(tab.answers.first).to_contain_text("The beginning.")
    for words in ("The second", "The third"):
        tab.say(words)
    unfold = tab.button("2 messages")
    expect(unfold).to_have_attribute("aria-expanded", "false")
    expect(tab.page.locator(".queue li")).to_have_count(0)
    assert box_of(tab.page.locator(".queue"))["height"] <= ZOOMED["height"] / 8
    expect(tab.answers.first.get_by_text("The beginning.")).to_be_in_viewport()
    unfold.press("Enter")
    expect(tab.page.locator(".queue li")).to_have_count(2)
    tab.page.fill("#prompt", "The fourth")
    expect(tab.button("Send after this answer")).to_be_in_viewport(ratio=1)
    for withdrawn in (1, 0):
        tab.button("Withdraw the message").nth(withdrawn).click()
    expect(tab.page.locator(".queue")).to_have_count(0)
    gate.open()
    tab.ended()
