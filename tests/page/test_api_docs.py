"""The page of the API: the viewer shows every route and sends requests, under the policy of all pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from chat.testing import ScriptedModel
from chat.urls import openapi_document
from tests.page.accessibility import SCHEMES, assert_accessible
from tests.page.tab import Tab

pytestmark = pytest.mark.live

ROUTES = sum(map(len, openapi_document()["paths"].values()))


@pytest.fixture
def docs(browser: Browser, site: Any) -> Iterator[Tab]:
    """Provide a tab at the page. Fail after problems in it."""
    tab = Tab(browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 900}).new_page())
    tab.goto("/api/docs")
    expect(tab.page.locator(".opblock")).to_have_count(ROUTES)
    yield tab
    tab.close()
    assert tab.problems == []


@pytest.mark.long
def test_the_page_of_the_api_fits_a_phone_and_is_accessible(
    model: ScriptedModel, docs: Tab, axe: str
) -> None:
    for route in ("#operations-threads-threads_change", "#operations-chat-chat_stream"):
        docs.page.locator(f"{route} .opblock-summary-control").press("Enter")
        docs.page.locator(route).get_by_role("button", name="Try it out").click()
    for width in (1280, 360):
        docs.page.set_viewport_size({"width": width, "height": 900})
        docs.shot(f"api-docs-{width}")
        assert docs.page.evaluate("document.documentElement.scrollWidth") <= width
    for scheme in SCHEMES:
        docs.page.emulate_media(color_scheme=scheme)
        docs.shot(f"api-docs-{scheme}")
        assert_accessible(docs.page, axe)


def test_the_page_of_the_api_sends_requests_by_cookie(model: ScriptedModel, docs: Tab) -> None:
    """A request that changes something needs the CSRF token, which the page gets for it."""
    route = docs.page.locator("#operations-threads-threads_create")
    route.locator(".opblock-summary-control").click()
    route.get_by_role("button", name="Try it out").click()
    route.get_by_role("textbox").fill('{"title": "Made by hand"}')
    route.get_by_role("button", name="Execute").click()
    expect(route.locator(".live-responses-table .response-col_status").last).to_contain_text("201")
    expect(route.locator(".live-responses-table")).to_contain_text("Made by hand")
    docs.shot("api-docs-tried")
