"""Fixtures for the built page in a real Chromium: one browser, one build.

The tests are skipped with one line if there is no browser or if the page's packages cannot be installed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.frontend import page, page_build
from chatproject.dev.frontend.node import NodeMissing
from tests.chromium.choice import Chromium
from tests.chromium.fixture import skip_page
from tests.page.kept_tabs import KeptTabs
from tests.page.tab import Tab

FLAGS = [
    "--no-sandbox",  # the sandbox does not work as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
]
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def built_page(chromium: Chromium) -> Path:
    """Return the build of the current sources, which is kept in the data folder between runs."""
    folder = Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data")
    build = page.folder_of(folder)
    try:
        page_build.ensure(build)
    except (page_build.PackagesMissing, NodeMissing) as problem:
        skip_page(f"its packages cannot be had: {problem}")
    return build


@pytest.fixture(scope="package")
def browser(chromium: Chromium) -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        # Playwright keeps a loop in this thread; the tests use the ORM outside of its callbacks.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium.path, env={**chromium.environ}, args=FLAGS
            )
            yield browser
            browser.close()


@pytest.fixture(autouse=True)
def _own_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hide Playwright's event loop, which runs in this thread to the end of the folder, from tests without a browser."""
    kept = asyncio._get_running_loop()
    if kept is None or "browser" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    connections.close_all()  # one that was made without the loop is not found within it
    asyncio._set_running_loop(kept)


@pytest.fixture
def site(live: None, servers: Any, built_page: Path) -> Any:
    """Start a server with the built page and the scripted model."""
    return site_of(servers, built_page)


def site_of(servers: Any, build: Path | str) -> Any:
    """Return the server that the tests of a build share; the build "" is the plain page."""
    return servers.keep(CHAT_PAGE_BUILD=str(build), CHAT_ACTIVE_PER_USER="20")


@pytest.fixture
def demo_site(live: None, servers: Any, built_page: Path) -> Any:
    """Start a server with the built page and the demo model."""
    return servers.keep(CHAT_PAGE_BUILD=str(built_page), C1_BASE_URL="", THESYS_API_KEY="")


@pytest.fixture(scope="package")
def kept_tabs(browser: Browser) -> KeptTabs:
    return KeptTabs(browser)


@pytest.fixture
def open_tab(kept_tabs: KeptTabs) -> Iterator[Callable[..., Tab]]:
    """Yield a function that opens a tab of a new visitor or of the visitor of `like`. Fail after problems in a tab.

    `cold`: in a browser context of its own, whose cache is empty.
    """
    opened: list[Tab] = []

    def start(
        site: Any, path: str = "/", like: Tab | None = None, *, cold: bool = False, **options: Any
    ) -> Tab:
        # A page's requests that its service worker sends pass by the routes of a test.
        options = {"viewport": VIEWPORT, "service_workers": "block", **options}
        if like:
            options["storage_state"] = like.state()
        lasting = options.keys() & {"storage_state", "color_scheme", "permissions"}
        alone = cold or lasting or options["service_workers"] == "allow"
        tab = (kept_tabs.new if alone else kept_tabs.take)(site.url, options)
        opened.append(tab)
        tab.open(path)
        return tab

    yield start
    problems = [problem for tab in opened for problem in tab.problems]
    for tab in opened:
        kept_tabs.give_back(tab)
    assert problems == []


@pytest.fixture(scope="module")
def shared_tab(browser: Browser, servers: Any, built_page: Path) -> Iterator[Tab]:
    """Provide a tab for many tests of one file, which saves each the load of the page."""
    context = browser.new_context(
        base_url=site_of(servers, built_page).url, viewport=VIEWPORT, service_workers="block"
    )
    tab = Tab(context.new_page())
    tab.open()
    yield tab
    tab.close()


@pytest.fixture
def tab(live: None, shared_tab: Tab) -> Iterator[Tab]:
    """Provide the shared tab at a new chat, which is empty. Fail after problems in the tab."""
    shared_tab.page.get_by_role("link", name="New chat").click()
    expect(shared_tab.answers).to_have_count(0)
    yield shared_tab
    problems, shared_tab.problems = shared_tab.problems, []
    assert problems == []


@pytest.fixture(scope="session")
def axe(built_page: Path) -> str:
    """Return the source of axe-core, from the packages of the page's build."""
    return (built_page.parent / "work" / "page" / "node_modules" / "axe-core" / "axe.min.js").read_text()
