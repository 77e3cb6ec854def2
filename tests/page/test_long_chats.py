"""Long chats: all messages are there at once, and the oldest are drawn bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from chat.models import Message, Thread
from chat.testing import ScriptedModel, answer
from tests.page.tab import Tab

pytestmark = pytest.mark.live

MESSAGES = 60


# Counts answers that stand in the chat without anything in them, after each change of it.
COUNT_EMPTY = """() => {
  window.empty = 0;
  const count = () => { window.empty += document.querySelectorAll("#messages > .reply:not(:has(.body))").length; };
  new MutationObserver(count).observe(document.querySelector("#messages"), { childList: true, subtree: true });
}"""


def lengthen(thread: Thread) -> None:
    """Store messages of a thread that has one turn already."""
    parent = thread.leaf
    for number in range(2, MESSAGES):
        role, text = (("user", f"Question {number}?"), ("assistant", f"**Answer {number}**"))[number % 2]
        parent = Message.objects.create(
            owner=thread.owner, thread=thread, public_id=f"{thread.public_id}-{number}", parent=parent,
            turn=number // 2 + 1, position=number % 2, role=role, content=text, plain_text=text,
        )  # fmt: skip
    thread.leaf = parent
    thread.save()


def test_a_long_chat_shows_its_end_at_once_with_the_words_of_all_messages_and_draws_them_soon(
    model: ScriptedModel, site: Any, open_tab: Callable[..., Tab]
) -> None:
    model.default(answer("Yes."))
    tab = open_tab(site)
    tab.reusable = False
    tab.ask("A chat that becomes long")
    lengthen(Thread.objects.latest("pk"))
    tab.open("/")
    tab.page.wait_for_load_state("networkidle")
    tab.page.evaluate(COUNT_EMPTY)
    tab.page.clock.install()
    tab.page.clock.pause_at(tab.page.evaluate("() => Date.now() + 60_000"))
    tab.threads.first.get_by_role("link").click()
    expect(tab.page.locator("#messages > article")).to_have_count(MESSAGES)
    expect(tab.page.locator("[data-sketch]")).to_have_count((MESSAGES - 24) // 2)
    expect(tab.answers.nth(1)).to_have_text("Answer 3")
    expect(tab.answers.last.locator("strong")).to_be_in_viewport()
    assert tab.page.evaluate("() => window.empty") == 0
    tab.page.clock.resume()
    expect(tab.page.locator("[data-sketch]")).to_have_count(0)
    expect(tab.answers.locator("strong")).to_have_count(MESSAGES // 2 - 1)
    expect(tab.answers.last.locator("strong")).to_be_in_viewport()
