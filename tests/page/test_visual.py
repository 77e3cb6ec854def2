"""Accessibility and layout of the built page: keyboard, phone, dark scheme, right-to-left text, axe."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from chat.testing import ScriptedModel, answer
from tests.page.accessibility import PHONE, assert_accessible, assert_accessible_in_both_schemes
from tests.page.programs import card, demo, text
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

ZOOMED = {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2}  # 1280 × 900 at 200 %
# Compressed bytes of the first load without the renderer: two seconds at 1.6 Mbit/s.
FIRST_LOAD_BYTES = 400_000

PROMPTS = (
    "Show me sales by region",
    "A form to book a table",
    "Plan a trip to Lisbon",
    "Show sales shares as a pie",
    "Think about a riddle",
)


def test_axe_finds_no_serious_violation(model: ScriptedModel, site: Any, open_tab: OpenTab, axe: str) -> None:
    model.default(demo)
    tab = open_tab(site, reduced_motion="reduce")
    assert_accessible_in_both_schemes(tab, axe, "new")
    for words in PROMPTS:
        reply = tab.ask(words)
        expect(reply.locator(".interface")).to_be_visible()
    tab.page.locator(".thought-toggle").click()
    assert_accessible_in_both_schemes(tab, axe, "answers")
    tab.button("More").click()
    assert_accessible_in_both_schemes(tab, axe, "more")


def test_nothing_is_wider_than_a_phone(model: ScriptedModel, site: Any, open_tab: OpenTab, axe: str) -> None:
    model.default(demo)
    tab = open_tab(site, **PHONE)
    for words in PROMPTS:
        tab.ask(words)
    expect(tab.answers.last.locator(".interface")).to_be_visible()
    tab.page.locator(".thought-toggle").click()
    assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= 360
    assert tab.page.locator("#messages").evaluate("element => element.scrollWidth <= element.clientWidth")
    tab.shot("phone")
    tab.button("List of chats").click()
    expect(tab.page.get_by_role("link", name="New chat")).to_be_focused()
    tab.shot("phone-chats")
    assert_accessible(tab.page, axe)
    tab.page.keyboard.press("Escape")
    expect(tab.button("List of chats")).to_be_focused()


def test_a_new_chat_of_the_plain_page_starts_at_its_greeting_on_a_small_phone(
    live: None, servers: Any, open_tab: OpenTab
) -> None:
    site = servers.keep(CHAT_PAGE_BUILD="", C1_BASE_URL="", THESYS_API_KEY="")
    tab = open_tab(site, **{**PHONE, "viewport": {"width": 360, "height": 560}})
    expect(tab.page.locator("#demo")).to_be_visible()
    expect(tab.page.get_by_role("heading", name="What shall we look at?")).to_be_in_viewport(ratio=1)
    expect(tab.button("To the latest")).to_have_count(0)


COLUMNS = [f"A long column {n}" for n in range(8)]
LONG_LINE = "long line " * 30
TABLE = f"| {' | '.join(COLUMNS)} |\n|{' --- |' * 8}\n|{' 1 |' * 8}"
TABS = ", ".join(f'TabItem("t{n}", "{name}", [TextContent("x")])' for n, name in enumerate(COLUMNS))
WIDE = card(
    "table = Table([" + ", ".join(f'Col("{name}", [12345678])' for name in COLUMNS) + "])",
    f'code = CodeBlock("text", "{LONG_LINE}")',
    f"markdown = TextContent({json.dumps(TABLE)})",
    f'chart = BarChart({json.dumps(COLUMNS * 3)}, [Series("s", {list(range(24))})])',
    f"tabs = Tabs([{TABS}])",
)
MARKDOWN = f"{TABLE}\n\n```\n{LONG_LINE}\n```"


def test_content_wider_than_a_phone_is_scrolled_by_keyboard(
    model: ScriptedModel, site: Any, open_tab: OpenTab, axe: str
) -> None:
    model.script(answer(WIDE), answer(MARKDOWN))
    tab = open_tab(site, **PHONE)
    expect(tab.ask("In an interface").locator("svg.recharts-surface").first).to_be_visible()
    tab.ask("In Markdown")
    assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= 360
    assert_accessible_in_both_schemes(tab, axe, "phone-wide")
    tables = tab.page.locator("#messages :is(.table, .openui-table-container)")
    expect(tables).to_have_count(3)
    for table in tables.all():
        table.focus()
        tab.page.keyboard.press("ArrowRight")
        tab.page.wait_for_function("() => document.activeElement.scrollLeft > 0")


OUT_OF_REACH = """(root) => [...root.querySelectorAll("a, button, input, select, textarea")].filter((control) => {
  if (!control.checkVisibility() || control.disabled || control.closest("[inert], [aria-hidden=true], .unseen")) return false;
  control.scrollIntoView({ block: "center", inline: "nearest" });
  const { left, right, top, bottom } = control.getBoundingClientRect();
  const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const reached = hit && (control.contains(hit) || hit.contains(control));
  control.dataset.at = [left, right, top, bottom, reached].join();
  return left < 0 || right > innerWidth + 1 || top < 0 || bottom > innerHeight + 1 || !reached;
}).map((control) => `${control.dataset.at} ${control.outerHTML}`)"""


@pytest.mark.long
def test_at_200_percent_zoom_every_control_is_reachable(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.default(demo)
    tab = open_tab(site, **ZOOMED)
    for words in PROMPTS:
        tab.ask(words)
    expect(tab.answers.last.locator(".interface")).to_be_visible()
    tab.shot("zoomed")
    assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= 640
    assert tab.page.locator("#main").evaluate(OUT_OF_REACH) == []
    tab.button("List of chats").click()
    expect(tab.page.get_by_role("link", name="New chat")).to_be_focused()
    tab.page.wait_for_function("() => !document.getAnimations().length")
    tab.shot("zoomed-chats")
    assert tab.page.locator("#sidebar").evaluate(OUT_OF_REACH) == []


def test_everything_can_be_done_by_keyboard(model: ScriptedModel, site: Any, open_tab: OpenTab) -> None:
    model.default(answer(text("Yes.")))
    tab = open_tab(site)
    keys = tab.page.keyboard
    expect(tab.page.locator("#prompt")).to_be_focused()
    keys.type("First line")
    keys.press("Shift+Enter")
    keys.type("and second")
    keys.press("Enter")
    tab.ended()
    expect(tab.prompts.first).to_contain_text("First line\nand second")
    tab.threads.get_by_role("link").focus()
    keys.press("Tab")
    keys.press("Enter")
    expect(tab.page.get_by_role("menuitem", name="Rename")).to_be_focused()
    keys.press("ArrowDown")
    expect(tab.page.get_by_role("menuitem", name="Pin", exact=True)).to_be_focused()
    keys.press("Escape")
    expect(tab.threads.locator(".menu-place > button")).to_be_focused()
    keys.press("Enter")
    expect(tab.page.get_by_role("menuitem", name="Rename")).to_be_focused()
    keys.press("Enter")
    expect(tab.page.get_by_role("textbox", name="Title")).to_be_focused()
    keys.type("By hand")
    keys.press("Enter")
    expect(tab.page.get_by_role("link", name="By hand")).to_be_focused()
    tab.page.get_by_role("link", name="To the message field").focus()
    keys.press("Enter")
    expect(tab.page.locator("#prompt")).to_be_focused()


def test_an_answer_with_a_chart_and_a_table_is_announced_in_sentences(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    figures = 'chart = BarChart(["North", "South"], [Series("Sales", [412, 358])])'
    table = 'table = Table([Col("Name", ["Ana", "Bo"]), Col("Age", [30, 41])])'
    model.default(answer(card('words = TextContent("It is noon. It is warm.")', figures, table)))
    tab = open_tab(site)
    reply = tab.ask("Tell me")
    rows = ["Sales.", "North, 412.", "South, 358", "Name, Age.", "Ana, 30.", "Bo, 41"]
    spoken = ["It is noon. It is warm.", *rows, "End of the answer."]
    expect(tab.page.locator("#spoken p")).to_have_text(spoken)
    # Read element by element, a chart is one sentence and its drawing nothing but a name.
    expect(reply.locator(".charted > .unseen")).to_have_text("Sales: North 412, South 358.")
    expect(reply.locator("svg[role=application]")).to_have_attribute("aria-label", "Chart")
    expect(reply.get_by_role("group", name="Table")).to_have_attribute("tabindex", "0")


def test_right_to_left_text_is_laid_out_right_to_left(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.default(answer("שלום עולם"))
    tab = open_tab(site)
    tab.ask("مرحبا بالعالم")
    for text_block in (tab.prompts.first.locator(".bubble"), tab.answers.first.locator("> .body")):
        assert text_block.evaluate("element => getComputedStyle(element).direction") == "rtl"


def test_the_first_load_is_small_and_the_renderer_is_loaded_later(site: Any, open_tab: OpenTab) -> None:
    tab = open_tab(site, cold=True)
    loaded = "() => performance.getEntriesByType('resource').map((one) => [one.name, one.encodedBodySize])"
    entries = [(name, size) for name, size in tab.page.evaluate(loaded) if "/page/" in name]
    shell = sum(size for name, size in entries if "Interface" not in name)
    assert 0 < shell < FIRST_LOAD_BYTES
