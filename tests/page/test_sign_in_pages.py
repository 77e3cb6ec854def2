"""The pages for signing in: screen readers (axe), the keyboard, and the width of a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.live.client import new_id
from tests.live.page_client import PASSWORD
from tests.page.accessibility import PHONE, SCHEMES, assert_accessible
from tests.page.tab import Tab

VISITORS = ["/login/", "/signup/"]
OWN = [
    "/settings/",
    "/password/",
    "/sessions/",
    "/2fa/",
    "/2fa/app/",
    "/2fa/keys/",
    "/2fa/keys/new/",
    "/logout/",
]

TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def check(page: Page, axe: str, path: str) -> None:
    """Assert that a page is accessible in both schemes and fits the phone."""
    page.goto(path)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert_accessible(page, axe)
    assert page.evaluate(TOO_WIDE) == 0, path


def open_page(open_tab: Callable[..., Tab], site: Any) -> Page:
    """Open a German phone."""
    tab = open_tab(site, cold=True, locale="de-DE", **PHONE)
    # axe writes style attributes, which the policy of the pages refuses.
    tab.expect_console_error("Applying inline style violates")
    return tab.page


def type_over(page: Page, *values: str) -> None:
    """Fill in the fields of a form by the keyboard alone, and send it."""
    for value in values:
        page.keyboard.type(value)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_a_person_signs_up_by_the_keyboard_on_a_page_for_everyone(
    site: Any, open_tab: Callable[..., Tab], axe: str
) -> None:
    page = open_page(open_tab, site)
    for path in VISITORS:
        check(page, axe, path)
    expect(page.get_by_role("heading", name="Registrieren")).to_be_visible()
    page.locator("[name=username]").focus()
    type_over(page, new_id("kai"), PASSWORD, PASSWORD)
    expect(page.locator("#prompt")).to_be_visible()


@pytest.mark.long
def test_each_page_of_an_account_is_accessible(site: Any, open_tab: Callable[..., Tab], axe: str) -> None:
    page = open_page(open_tab, site)
    page.goto("/signup/")
    page.locator("[name=username]").focus()
    type_over(page, new_id("kim"), PASSWORD, PASSWORD)
    expect(page.locator("#prompt")).to_be_visible()
    page.goto("/reauthenticate/?next=/2fa/")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/2fa/")
    for path in OWN:
        check(page, axe, path)
