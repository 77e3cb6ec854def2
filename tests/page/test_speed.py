"""Speed of the pages: first paint before any script, drawing per frame and not per delta, typing during answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Line, Text
from tests.page.conftest import site_of
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

DELTAS = 5000
# Drawings that are counted; meanwhile ten deltas come every 20 ms.
DRAWINGS = 40
# Milliseconds: the page's least time between two drawings (`FRAME_MS` of its scripts).
FRAME = 16
# Milliseconds of the longest task: some tens on an idle machine, with room for two busy cores.
LONGEST_MS = 1000
TYPED = "Every key that is pressed stands in the field, in its place, while the answer goes on. " * 3

COUNT_DRAWINGS = """() => {
  window.drawings = 0;
  const count = () => { window.drawings += 1; };
  const all = { childList: true, characterData: true, subtree: true };
  new MutationObserver(count).observe(document.querySelector("#messages"), all);
}"""
WATCH_TASKS = """() => {
  window.tasks = [0];
  new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ entryTypes: ["longtask"] });
}"""


@dataclass(frozen=True)
class Paced:
    """`count` deltas of a word each, and more until `enough` is set, in bursts of ten with `pause` seconds between them."""

    count: int
    pause: float
    enough: Event | None = None

    async def play(self, line: Line) -> None:
        number = 0
        while number < self.count or (self.enough and not self.enough.is_set()):
            await Text(f"word{number} ").play(line)
            number += 1
            if number % 10 == 0:
                await asyncio.sleep(self.pause)


def test_the_plain_page_paints_its_frame_before_any_script(
    live: None, servers: Any, browser: Browser
) -> None:
    site = site_of(servers, "")
    context = browser.new_context(java_script_enabled=False, base_url=site.url)
    page = context.new_page()
    page.goto("/")
    for selector in ("#sidebar", "#new-chat", "#thread-title", "#prompt", "#send"):
        expect(page.locator(selector)).to_be_visible()
    # The theme alone comes first, or a page in the other one would flash.
    blocking = page.locator("script[src]:not([type=module], [defer], [async])")
    assert [Path(str(one.get_attribute("src"))).name.partition(".")[0] for one in blocking.all()] == ["theme"]
    context.close()


def test_an_answer_is_drawn_by_frames_and_not_by_deltas(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    begin, enough = Gate(), Event()
    model.script(answer("Here it comes. ", begin, Paced(0, 0.02, enough), "The end."))
    tab = open_tab(site)
    tab.reusable = False
    tab.page.clock.install()
    tab.reload()
    tab.say("Tell me")
    expect(tab.answers.first).to_contain_text("Here it comes.")
    tab.page.clock.pause_at(tab.page.evaluate("() => Date.now() + 2000"))
    tab.page.evaluate(COUNT_DRAWINGS)
    begin.open()
    while not tab.page.evaluate("() => window.drawings"):  # the first drawing sets the next pause
        tab.page.clock.run_for(FRAME)
    passed = 0
    while tab.page.evaluate("() => window.drawings") < DRAWINGS:
        standing = tab.page.evaluate("() => window.drawings")
        tab.page.wait_for_timeout(20)  # real milliseconds for deltas, while the page's clock stands still
        assert tab.page.evaluate("() => window.drawings") == standing
        tab.page.clock.run_for(FRAME // 2)
        passed += FRAME // 2
    assert tab.page.evaluate("() => window.drawings") <= passed / FRAME + 2
    enough.set()
    tab.page.clock.resume()
    expect(tab.ended()).to_contain_text("The end.")


@pytest.mark.long
def test_typing_goes_on_while_thousands_of_deltas_come(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    typed = Event()
    model.script(answer(Paced(DELTAS, 0.008, typed), "The end."))
    tab = open_tab(site)
    tab.say("Tell me")
    expect(tab.answers.first).to_contain_text("word9 ")
    tab.page.evaluate(WATCH_TASKS)
    tab.page.locator("#prompt").press_sequentially(TYPED, delay=2)
    expect(tab.page.locator("#prompt")).to_have_value(TYPED)
    expect(tab.button("Stop the answer")).to_be_visible()
    typed.set()
    expect(tab.ended()).to_contain_text(f"word{DELTAS - 1} ")
    expect(tab.answers.first).to_contain_text("The end.")
    assert max(tab.page.evaluate("() => window.tasks")) < LONGEST_MS
