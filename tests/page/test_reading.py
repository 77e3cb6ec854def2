"""Reading: the prompt at the top, the end of fast answers, gestures, small windows, found messages, screen readers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from chat.models import Message, Thread, User
from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Line, Text
from tests.live.harness import eventually
from tests.page.conftest import site_of
from tests.page.programs import card, text
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

PARAGRAPH = "Here is one more line of the answer, as long as such lines are.\n\n"
LONG = PARAGRAPH * 60
SHORT = PARAGRAPH * 8
CHART = card(
    'chart = BarChart(["North", "South"], [Series("Tonnes", [41, 28])])',
    'more = TextContent("' + "One more line.\\n\\n" * 40 + '")',
    'end = TextContent("The last paragraph.")',
)
# Pixels between the top of the view and a prompt that stands there, with the room above it.
AT_TOP = 20


@dataclass(frozen=True)
class Flow:
    """A text in pieces, with so many characters a second."""

    text: str
    pace: int
    piece: int = 120

    async def play(self, line: Line) -> None:
        for start in range(0, len(self.text), self.piece):
            await Text(self.text[start : start + self.piece]).play(line)
            await asyncio.sleep(self.piece / self.pace)


def offset_of(tab: Tab, element: Locator) -> float:
    """Return the pixels between the top of the view and the top of an element."""
    top = tab.page.locator("#scroller").evaluate("element => element.getBoundingClientRect().top")
    return float(element.evaluate("element => element.getBoundingClientRect().top") - top)


def assert_at_top(tab: Tab, element: Locator) -> None:
    """Assert that an element stands at the top of the view, as soon as the page has adjusted it to the last text."""
    eventually(lambda: 0 <= offset_of(tab, element) < AT_TOP, says="it is not at the top")


def position(tab: Tab) -> float:
    return float(tab.page.locator("#scroller").evaluate("element => element.scrollTop"))


def two_frames(tab: Tab) -> None:
    tab.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def in_view(tab: Tab, words: str) -> Locator:
    return tab.page.locator("#messages").get_by_text(words).last


@pytest.mark.parametrize("kind", ["built", pytest.param("plain", marks=pytest.mark.long)])
def test_a_sent_prompt_goes_to_the_top_and_its_answer_grows_below_it(
    model: ScriptedModel, live: None, servers: Any, built_page: Path, open_tab: OpenTab, kind: str
) -> None:
    gates = [Gate(), Gate()]
    model.script(
        answer("The first.", gates[0], LONG, "The first end."),
        answer("The beginning.", gates[1], "\n\nThe second end."),
    )
    tab = open_tab(site_of(servers, built_page if kind == "built" else ""))
    tab.say("First")
    expect(in_view(tab, "The first.")).to_be_in_viewport()
    assert_at_top(tab, tab.prompts.first)
    gates[0].open()
    expect(tab.answers.first).to_have_attribute("aria-busy", "false")
    expect(in_view(tab, "The first end.")).to_be_in_viewport()
    if kind == "built":
        tab.button("To the beginning of the answer").click()
        assert_at_top(tab, tab.prompts.first)
        expect(tab.button("To the latest")).to_be_visible()
    tab.say("Second")
    expect(in_view(tab, "The beginning.")).to_be_in_viewport()
    assert_at_top(tab, tab.prompts.nth(1))
    gates[1].open()
    expect(tab.answers.nth(1)).to_have_attribute("aria-busy", "false")
    assert_at_top(tab, tab.prompts.nth(1))
    expect(in_view(tab, "The second end.")).to_be_in_viewport()
    expect(tab.button("To the latest")).to_have_count(0)


def test_answers_of_every_pace_end_in_sight(model: ScriptedModel, tab: Tab) -> None:
    long: list[Flow | Text] = [Flow(LONG, 12_000), Flow(LONG[:3600], 3000), Text(LONG)]
    short: list[Flow | Text] = [Flow(SHORT, 12_000), Flow(SHORT, 1000), Text(SHORT)]
    flows = [*long, *short]
    model.script(*(answer(flow, f"The end {number}.") for number, flow in enumerate(flows)))
    for number in range(len(flows)):
        tab.say(f"Prompt {number}")
        tab.ended(number)
        expect(in_view(tab, f"The end {number}.")).to_be_in_viewport()
        expect(tab.button("To the latest")).to_have_count(0)
        if number >= len(long):
            assert_at_top(tab, tab.prompts.nth(number))


@pytest.mark.parametrize("kind", ["built", pytest.param("plain", marks=pytest.mark.long)])
def test_a_chart_stays_at_its_beginning(
    model: ScriptedModel, live: None, servers: Any, built_page: Path, open_tab: OpenTab, kind: str
) -> None:
    model.script(answer(CHART))
    tab = open_tab(site_of(servers, built_page if kind == "built" else ""))
    tab.say("Show me")
    expect(tab.answers.first).to_have_attribute("aria-busy", "false")
    expect(tab.button("To the latest")).to_be_visible()
    assert_at_top(tab, tab.prompts.first)
    tab.button("To the latest").click()
    expect(in_view(tab, "The last paragraph.")).to_be_in_viewport()


def test_the_end_is_followed_until_a_small_gesture_upwards(model: ScriptedModel, tab: Tab) -> None:
    gates = [Gate(), Gate(), Gate(), Gate()]
    model.script(
        answer(LONG, gates[0], LONG, "Then this.", gates[1], LONG, gates[2], LONG, gates[3], "The very end.")
    )
    tab.say("Tell me")
    expect(tab.button("To the beginning of the answer")).to_be_visible()
    # A taller field, as by a growing draft, is no gesture.
    tab.page.fill("#prompt", "line\n" * 8)
    gates[0].open()
    expect(in_view(tab, "Then this.")).to_be_in_viewport()
    tab.page.locator("#scroller").hover()
    two_frames(tab)
    before = position(tab)
    tab.page.mouse.wheel(0, -20)
    tab.page.wait_for_function("before => document.querySelector('#scroller').scrollTop < before", arg=before)
    gates[1].open()
    expect(tab.button("To the latest")).to_be_visible()
    assert before - 40 < position(tab) < before
    tab.shot("reading-away")
    tab.button("To the latest").click()
    tab.button("To the beginning of the answer").click()
    assert_at_top(tab, tab.prompts.first)
    gates[2].open()
    expect(tab.button("To the latest")).to_be_visible()
    assert_at_top(tab, tab.prompts.first)
    tab.page.locator("#scroller").focus()
    tab.page.keyboard.press("End")
    expect(tab.button("To the latest")).to_have_count(0)
    gates[3].open()
    tab.ended()
    expect(in_view(tab, "The very end.")).to_be_in_viewport()
    tab.page.keyboard.press("Home")
    expect(tab.button("To the latest")).to_be_visible()
    tab.page.keyboard.press("End")
    expect(tab.button("To the latest")).to_have_count(0)
    tab.page.locator("#scroller").evaluate("element => { element.scrollTop = 0; }")  # as by the scrollbar
    expect(tab.button("To the latest")).to_be_visible()
    tab.page.fill("#prompt", "")


def test_a_reader_who_scrolls_while_an_answer_grows_is_left_alone(model: ScriptedModel, tab: Tab) -> None:
    gates = [Gate(), Gate()]
    model.script(answer(LONG, gates[0], LONG, gates[1], "The end."), answer("Queued."))
    tab.say("Tell me")
    expect(tab.button("To the beginning of the answer")).to_be_visible()
    tab.say("And then")
    tab.page.locator("#scroller").hover()
    # Two keepers of one place would be taken for a reader who scrolls.
    expect(tab.page.locator("#scroller")).to_have_css("overflow-anchor", "none")
    two_frames(tab)
    reading = position(tab) - 60
    tab.page.mouse.wheel(0, -60)
    eventually(lambda: position(tab) <= reading + 1, says="it is not scrolled")
    expect(tab.page.locator("#scroller")).to_have_css("overflow-anchor", "auto")
    gates[0].open()
    expect(tab.answers.first).to_contain_text(LONG.strip()[-20:])
    gates[1].open()
    # The queued prompt starts by itself, below what is being read.
    tab.ended(1)
    assert position(tab) == pytest.approx(reading, abs=2)
    tab.button("To the latest").click()
    assert_at_top(tab, tab.prompts.nth(1))


# The first answer grows, and then the last one, as by charts that are loaded late.
GROW = """() => {
  const answers = [...document.querySelectorAll("#messages > .reply > .body")];
  answers.at(0).style.paddingBlockEnd = "300px";
  document.querySelector("#scroller").getBoundingClientRect();
  answers.at(-1).style.paddingBlockEnd = "100px";
}"""


def test_an_opened_chat_shows_its_newest_prompt_or_its_end(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    gate = Gate()
    model.script(answer(LONG), answer(SHORT), answer("The beginning.", gate, LONG))
    tab = open_tab(site)
    tab.ask("A long one")
    tab.reload()
    assert_at_top(tab, tab.prompts.first)
    expect(tab.button("To the latest")).to_be_visible()
    tab.ask("A short one")
    tab.reload()
    expect(tab.answers.last.locator(".message-actions")).to_be_in_viewport()
    tab.page.evaluate(GROW)
    two_frames(tab)
    expect(tab.answers.last.locator(".message-actions")).to_be_in_viewport()
    assert offset_of(tab, tab.prompts.last) > 2 * AT_TOP
    expect(tab.button("To the latest")).to_have_count(0)
    tab.say("One that runs")
    expect(in_view(tab, "The beginning.")).to_be_in_viewport()
    tab.reload()
    expect(in_view(tab, "The beginning.")).to_be_in_viewport()
    assert_at_top(tab, tab.prompts.last)
    # As by the keyboard of a phone, which makes the page less high.
    widget = re.compile("interactive-widget=resizes-content")
    expect(tab.page.locator("meta[name=viewport]")).to_have_attribute("content", widget)
    for height in (450, 900):
        tab.page.set_viewport_size({"width": 1280, "height": height})
        assert_at_top(tab, tab.prompts.last)
    gate.open()
    tab.ended(2)
    expect(tab.answers.last.locator(".message-actions")).to_be_in_viewport()


def test_an_answer_that_was_clicked_into_stays_at_its_beginning(model: ScriptedModel, tab: Tab) -> None:
    gate = Gate()
    model.script(answer("The beginning.", gate, LONG))
    tab.say("Tell me")
    in_view(tab, "The beginning.").click()
    gate.open()
    tab.ended()
    expect(tab.button("To the latest")).to_be_visible()
    assert_at_top(tab, tab.prompts.first)


SIZES = [(360, 640), (360, 480), (320, 400), (320, 320), (320, 256), (640, 450), (640, 256), (1280, 256)]


def test_the_first_words_of_a_new_chat_are_in_sight_in_every_window(
    demo_site: Any, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_site, viewport={"width": 360, "height": 640})
    for width, height in SIZES:
        tab.page.set_viewport_size({"width": width, "height": height})
        two_frames(tab)
        tab.shot(f"first-words-{width}-{height}")
        heading = tab.page.get_by_role("heading", name="What shall we look at?")
        expect(heading).to_be_in_viewport(ratio=1)
        assert offset_of(tab, heading) >= 0
        expect(tab.button("To the latest")).to_have_count(0)
        assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= width


def talk(owner: User, pairs: int) -> Thread:
    """Store a thread of short prompts and answers; the first prompt speaks of an ocelot."""
    thread, parent = (
        Thread.objects.create(owner=owner, public_id="long-talk", model="c1", title="A talk"),
        None,
    )
    for number in range(2 * pairs):
        words = f"Number {number} speaks of {'an OCELOT' if number == 2 else 'birds'}."
        parent = Message.objects.create(
            owner=owner, thread=thread, public_id=f"m{number}", parent=parent, turn=number // 2, position=number % 2,
            role=("user", "assistant")[number % 2], content=words, plain_text=words,
        )  # fmt: skip
    thread.leaf = parent
    thread.save()
    return thread


MARKED = "() => [...(CSS.highlights.get('found') ?? [])].map(String)"


def test_a_search_opens_a_chat_at_the_message_found_and_marks_the_words(site: Any, open_tab: OpenTab) -> None:
    tab = open_tab(site)
    owner = User.objects.latest("pk")
    talk(owner, 170)
    tab.page.get_by_role("searchbox").fill("ocelot")
    tab.threads.filter(has_text="OCELOT").get_by_role("link").click()
    found = tab.prompts.filter(has_text="OCELOT")
    expect(found).to_be_in_viewport()
    tab.page.wait_for_function(f"() => ({MARKED})().length")
    assert tab.page.evaluate(MARKED) == ["OCELOT"]
    assert tab.prompts.count() == 170
    tab.shot("found")
    expect(tab.button("To the latest")).to_be_visible()
    tab.reload()
    expect(tab.prompts).to_have_count(150)
    tab.page.locator("#earlier").dblclick()
    expect(tab.page.locator("#earlier")).to_have_count(0)
    assert tab.prompts.count() == 170


HEARD = """() => {
  window.heard = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) window.heard.push(node.textContent);
  }).observe(document.querySelector("#spoken"), { childList: true });
}"""


def test_a_screen_reader_hears_each_block_once_whole_and_in_order(model: ScriptedModel, tab: Tab) -> None:
    blocks = ["# A heading", "The first paragraph, in pieces.", "- one", "- two", "The last."]
    pieces = "\n\n".join(blocks)
    model.default(answer(Flow(pieces, 300, piece=7)))
    tab.page.evaluate(HEARD)
    tab.ask("Tell me")
    expect(tab.page.locator("#spoken")).to_contain_text("End of the answer.")
    heard = [line.strip() for line in tab.page.evaluate("() => window.heard")]
    assert heard == ["A heading", *blocks[1:], "End of the answer."]


def test_a_hint_says_what_the_model_does(model: ScriptedModel, tab: Tab) -> None:
    begin, finish = Gate(), Gate()
    model.script(answer(begin, text("Here it is."), finish, ""))
    tab.say("Tell me")
    expect(tab.answers.first.locator(".hint")).to_have_text("Waiting for the model …")
    begin.open()
    expect(tab.answers.first.locator(".hint")).to_have_text("Writing …")
    finish.open()
    expect(tab.ended().locator(".hint")).to_have_count(0)


HIDDEN = """() => {
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
SHOWN = "() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }"
NOTIFICATIONS = """() => {
  window.notified = [];
  window.asked = 0;
  window.Notification = class {
    static permission = "default";
    static requestPermission = async () => { window.asked += 1; return (window.Notification.permission = "granted"); };
    constructor(title, { body }) { window.notified.push([title, body]); }
  };
}"""


def test_the_end_of_an_answer_in_the_background_is_shown_where_it_is_wanted(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    gates = [Gate(), Gate()]
    model.script(answer("One", gates[0], "."), answer("Two", gates[1], "."))
    tab = open_tab(site)
    tab.page.evaluate(NOTIFICATIONS)
    tab.say("Tell me")
    expect(tab.answers.first).to_contain_text("One")
    tab.page.evaluate(HIDDEN)
    gates[0].open()
    expect(tab.page).to_have_title("● Tell me · Chat")
    assert tab.page.evaluate("() => [window.asked, window.notified.length]") == [0, 0]
    tab.page.evaluate(SHOWN)
    expect(tab.page).to_have_title("Tell me · Chat")
    tab.say("And more")
    expect(tab.answers.nth(1)).to_contain_text("Two")
    tab.button("Notify me when an answer ends").click()
    expect(tab.button("Notify me when an answer ends")).to_have_attribute("aria-pressed", "true")
    tab.page.evaluate(HIDDEN)
    gates[1].open()
    tab.page.wait_for_function("() => window.notified.length")
    assert tab.page.evaluate("() => window.notified") == [["Tell me", "The answer is there."]]
