"""Requests of a page that a test holds back, and lets go or ends later."""

from __future__ import annotations

from playwright.sync_api import Page, Route

from tests.live.harness import eventually

# Milliseconds between two checks; the browser reports requests only while a test waits for it.
POLL_MS = 10


class HeldRequest:
    """The first request to an address that matches a pattern; with `times` None the last one of all, which are held."""

    def __init__(self, page: Page, pattern: str, times: int | None = 1) -> None:
        self._page, self._routes = page, list[Route]()
        page.route(pattern, lambda route: self._routes.append(route), times=times)  # noqa: PLW0108 - Playwright wants a function

    @property
    def route(self) -> Route:
        """Return the request once the page has made it."""
        eventually(self._made, says="the page made no such request")
        return self._routes[-1]

    def _made(self) -> bool:
        self._page.wait_for_timeout(POLL_MS)
        return bool(self._routes)
