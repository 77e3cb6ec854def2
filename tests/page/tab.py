"""A browser tab with the built page, used as a person uses it: by visible texts, labels and keys."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

from tests.live.harness import END_SECONDS

SCREENSHOTS = Path(__file__).parent / "shots"
# Milliseconds, as for all waits: steps of two seconds took more than twenty where a machine was starved.
TIMEOUT_MS = 1000 * END_SECONDS
ENDED = "article.reply > .message-actions"  # an answer shows its actions once it has ended

expect.set_options(timeout=TIMEOUT_MS)


class Tab:
    """A tab that collects `problems`: requests to other hosts, script errors, policy violations, and dialogs."""

    def __init__(self, page: Page) -> None:
        self.page, self.problems = page, list[str]()
        self.expected_errors = list[str]()
        self._host = ""
        # False once a test has changed the tab for good: by a clock, or a script in every load.
        self.reusable = True
        self.size = page.viewport_size
        page.set_default_timeout(TIMEOUT_MS)
        page.on("request", self._on_request)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", self._on_console)
        page.on("dialog", self._on_dialog)

    def expect_console_error(self, *words: str) -> None:
        """Allow console errors that contain any of these words."""
        self.expected_errors += words

    def open(self, path: str = "/") -> None:
        self.goto(path)
        expect(self.page.locator("#prompt")).to_be_visible()
        expect(self.page.locator("#who")).to_be_attached()

    def goto(self, path: str) -> None:
        """Load a page. Requests to other hosts count as problems from now on."""
        self.page.goto(path)
        self._host = urlsplit(self.page.url).netloc

    def reload(self) -> None:
        self.open(self.page.url)

    def state(self) -> Any:
        return self.page.context.storage_state()

    def close(self) -> None:
        self.page.context.close()

    # Conversation

    def say(self, words: str) -> None:
        self.page.fill("#prompt", words)
        self.page.press("#prompt", "Enter")

    def ask(self, words: str) -> Locator:
        """Send a prompt and return its answer once it has ended."""
        count = self.answers.count()
        self.say(words)
        return self.ended(count)

    def ended(self, index: int = 0) -> Locator:
        """Return the answer at `index` once it has ended."""
        expect(self.page.locator(ENDED)).to_have_count(index + 1)
        return self.answers.nth(index)

    @property
    def answers(self) -> Locator:
        return self.page.locator("article.reply")

    @property
    def prompts(self) -> Locator:
        return self.page.locator("article.said")

    @property
    def threads(self) -> Locator:
        return self.page.locator("#threads li")

    def button(self, name: str, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=True)

    def choose(self, menu: str, item: str, within: Locator | None = None) -> None:
        """Open a menu and choose one of its items."""
        self.button(menu, within).click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def choose_model(self, name: str) -> None:
        self.page.locator("#model").click()
        self.page.locator(f'[data-model="{name}"]').click()

    def do(self, title: str, item: str) -> None:
        """Choose an item of a chat's menu in the list, which is visible while the pointer is on the chat."""
        # The end of an answer moves its chat to the top, and an open menu with it.
        expect(self.threads.locator(".running")).to_have_count(0)
        self.threads.filter(has_text=title).hover()
        self.choose(f"Actions for {title}", item)

    def shot(self, name: str) -> None:
        """Take a screenshot if someone looks at them: if the folder `shots` was made by hand."""
        if SCREENSHOTS.is_dir():
            self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    # Problems

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if self._host and parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._host:
            self.problems.append(f"foreign request: {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in self.expected_errors):
            self.problems.append(f"console: {message.text} {message.location.get('url')}")

    def _on_dialog(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        with contextlib.suppress(Exception):
            dialog.dismiss()
