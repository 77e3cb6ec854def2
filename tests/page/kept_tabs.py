"""Tabs that tests take in turn: a page loaded again in its tab costs a quarter of the CPU of one in a new tab."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Error

from tests.page.tab import Tab

# Tabs at a time, of 100 MB each: a file uses one site or two, with one set of options mostly.
KEPT = 3
# A page of the site without scripts.
EMPTY_PATH = "/healthz"
STORED = "cookies,local_storage,indexeddb,cache_storage,service_workers"


class KeptTabs:
    """The tabs of a browser that have been emptied, by site and options."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._kept = dict[str, Tab]()
        self._taken = dict[Tab, str]()

    def take(self, url: str, options: dict[str, Any]) -> Tab:
        """Return an emptied tab of this site, or a new one where none is kept."""
        key = repr((url, sorted(options.items())))
        tab = self._kept.pop(key, None) or self.new(url, options)
        self._taken[tab] = key
        return tab

    def new(self, url: str, options: dict[str, Any]) -> Tab:
        return Tab(self._browser.new_context(base_url=url, **options).new_page())

    def give_back(self, tab: Tab) -> None:
        """Empty a tab for the next test, and close it where that is impossible or too many are kept."""
        key = self._taken.pop(tab, None)
        if key and tab.reusable and emptied(tab):
            self._kept[key] = tab
        else:
            tab.close()
        while len(self._kept) > KEPT:
            self._kept.pop(next(iter(self._kept))).close()


def emptied(tab: Tab) -> bool:
    """Take back what a test changes in a tab, and remove what the site stored. Return true if the tab is as a new one."""
    page = tab.page
    if page.is_closed() or page.context.pages != [page]:
        return False
    size = page.viewport_size
    try:
        page.unroute_all(behavior="ignoreErrors")
        page.emulate_media(media="null", color_scheme="light")
        page.goto(EMPTY_PATH)
        page.evaluate("() => sessionStorage.clear()")
        origin = page.evaluate("() => origin")
        session = page.context.new_cdp_session(page)
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORED})
        session.detach()
    except Error:  # the test has ended its server
        return False
    tab.problems, tab.expected_errors = [], []
    return size == tab.size
