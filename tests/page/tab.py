"""A tab with the built page, as a person uses it: by what is seen, said and pressed."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

SCREENSHOTS = Path(__file__).parent / "shots"
TIMEOUT_MS = 20_000  # milliseconds, on two busy cores, for what takes a tenth of that
ENDED = "article.reply > .message-actions"  # what can be done with an answer that has ended

expect.set_options(timeout=TIMEOUT_MS)


class Tab:
    """`problems` are requests to other hosts, errors of scripts, breaches of the policy, and dialogs: all must be none."""

    def __init__(self, page: Page) -> None:
        self.page, self.problems = page, list[str]()
        self.expected_errors = list[str]()
        self._host = ""
        page.set_default_timeout(TIMEOUT_MS)
        page.on("request", self._asked)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", self._printed)
        page.on("dialog", self._dialog)

    def expect_console_error(self, *words: str) -> None:
        """Errors of the console with these words are what the test is about."""
        self.expected_errors += words

    def open(self, path: str = "/") -> None:
        self.goto(path)
        expect(self.page.locator("#prompt")).to_be_visible()
        expect(self.page.locator("#who")).to_be_attached()

    def goto(self, path: str) -> None:
        """As far as any page is there; what is asked of other hosts from now on is a problem."""
        self.page.goto(path)
        self._host = urlsplit(self.page.url).netloc

    def reload(self) -> None:
        self.open(self.page.url)

    def state(self) -> Any:
        return self.page.context.storage_state()

    def close(self) -> None:
        self.page.context.close()

    # What is said

    def say(self, words: str) -> None:
        self.page.fill("#prompt", words)
        self.page.press("#prompt", "Enter")

    def ask(self, words: str) -> Locator:
        """Say it and wait for the end of the answer, which is returned."""
        count = self.answers.count()
        self.say(words)
        return self.ended(count)

    def ended(self, place: int = 0) -> Locator:
        """The answer in that place, when it has ended."""
        expect(self.page.locator(ENDED)).to_have_count(place + 1)
        return self.answers.nth(place)

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
        """Open the menu of that name and take what it offers."""
        self.button(menu, within).click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def do(self, title: str, item: str) -> None:
        """Something with a chat in the list, whose menu is there where the pointer is."""
        self.threads.filter(has_text=title).hover()
        self.choose(f"Actions for {title}", item)

    def shot(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    # What must never be

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if self._host and parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._host:
            self.problems.append(f"foreign request: {request.url}")

    def _printed(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in self.expected_errors):
            self.problems.append(f"console: {message.text} {message.location.get('url')}")

    def _dialog(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        with contextlib.suppress(Exception):
            dialog.dismiss()
