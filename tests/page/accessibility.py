"""Checks of a page by axe, and the sizes and schemes at which pages are checked."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Page

from tests.page.tab import Tab

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
GRAVE = {"serious", "critical"}


Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


# Nothing moves but what moves for ever.
STILL = """() => document.getAnimations().every(
  (one) => one.playState !== "running" || one.effect.getComputedTiming().endTime === Infinity)"""


def assert_accessible_in_both_schemes(tab: Tab, axe: str, name: str) -> None:
    """Assert it in the light and in the dark scheme, between which an open page changes, and take a screenshot of each."""
    for scheme in SCHEMES:
        tab.page.emulate_media(color_scheme=scheme)
        tab.shot(f"{name}-{scheme}")
        assert_accessible(tab.page, axe)


def assert_accessible(page: Page, axe: str) -> None:
    """Assert that axe finds no serious or critical violation on the page."""
    page.evaluate(axe)
    # Colours on their way from one to another have the contrast of neither.
    page.wait_for_function(STILL)
    result = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    grave = [
        (one["id"], [node["target"] for node in one["nodes"]])
        for one in result["violations"]
        if one["impact"] in GRAVE
    ]
    assert grave == []
