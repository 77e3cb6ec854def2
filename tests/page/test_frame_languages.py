"""The page in a language that is read from right to left, and the choice of a language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from chat.testing import ScriptedModel
from tests.page.accessibility import PHONE, assert_accessible, assert_accessible_in_both_schemes
from tests.page.programs import demo
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]


def test_an_arabic_page_is_laid_out_from_right_to_left(
    model: ScriptedModel,
    site: Any,
    open_tab: OpenTab,
    axe: str,
) -> None:
    model.default(demo)
    tab = open_tab(site, locale="ar-EG")
    expect(tab.page.locator("html")).to_have_attribute("dir", "rtl")
    sidebar, field = (tab.page.locator(name).bounding_box() for name in ("#sidebar", "#prompt"))
    assert sidebar is not None
    assert field is not None
    assert sidebar["x"] > field["x"]
    tab.ask("A form to book a table")
    assert tab.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    tab.shot("arabic")
    assert_accessible(tab.page, axe)
    tab.page.set_viewport_size({"width": 360, "height": 740})
    tab.page.wait_for_function("() => !document.getAnimations().length")
    assert tab.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    expect(tab.page.locator("#sidebar")).not_to_be_in_viewport()
    tab.shot("arabic-phone")


def test_the_chosen_language_wins_over_the_browsers_on_all_pages(site: Any, open_tab: OpenTab) -> None:
    tab = open_tab(site, locale="en-GB")
    tab.page.locator("#who").click()
    with tab.page.expect_navigation():
        tab.page.get_by_label("Language").select_option("de")
    expect(tab.page.get_by_role("link", name="Neuer Chat")).to_be_visible()
    tab.goto("/settings/")
    expect(tab.page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    expect(tab.page.locator("html")).to_have_attribute("lang", "de")


@pytest.mark.parametrize("size", ["wide", pytest.param("phone", marks=pytest.mark.long)])
def test_axe_finds_nothing_grave_in_menus_and_dialogs(
    site: Any,
    open_tab: OpenTab,
    axe: str,
    size: str,
) -> None:
    options = PHONE if size == "phone" else {}
    tab = open_tab(site, reduced_motion="reduce", **options)
    tab.page.locator("#model").click()
    expect(tab.page.get_by_role("menu")).to_be_visible()
    assert_accessible_in_both_schemes(tab, axe, f"frame-models-{size}")
    tab.page.keyboard.press("Escape")
    for name, keys in (("palette", "Control+k"), ("settings", "Control+,")):
        tab.page.keyboard.press(keys)
        dialog = tab.page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        box = dialog.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= tab.page.evaluate("() => innerWidth")
        assert_accessible_in_both_schemes(tab, axe, f"frame-{name}-{size}")
        tab.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
