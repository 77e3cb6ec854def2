"""The design of the built page: aligned numbers, chart colours, and a layout that stays while it loads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from chat.testing import ScriptedModel, answer
from tests.page.programs import card
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

# Share of the viewport that may move while the page loads.
MAX_SHIFT = 0.02
# Moves of what is in sight since the page began to load, as the browser scores them.
SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) sum += shift.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
})"""
FIGURES = card(
    'table = Table([Col("Region", ["North", "South"]), Col("Sales", ["1,200", "−35.5"]), Col("Share", ["81 %", "–"]),'
    ' Col("Day", ["2027-01-05", "Mon"])])',
    'pie = PieChart(["North", "South", "East", "West"], [40, 30, 20, 10], "donut")',
    'bars = BarChart(["Q1", "Q2"], [Series("Before", [1, 2]), Series("After", [2, 3])])',
)


def colours(shapes: Locator) -> set[str]:
    """Return the colours in which the shapes are drawn."""
    fills: list[str] = shapes.evaluate_all("all => all.map((one) => getComputedStyle(one).fill)")
    return set(fills)


def test_numbers_end_where_their_column_ends_and_charts_have_the_palette(
    model: ScriptedModel, tab: Tab
) -> None:
    model.script(answer(FIGURES))
    reply = tab.ask("Figures")
    expect(reply.locator(".donut .recharts-sector").first).to_be_visible()
    cells = reply.locator("tbody tr").first.locator("td")
    assert cells.evaluate_all("all => all.map((one) => getComputedStyle(one).textAlign)") == [
        "start", "end", "end", "start",
    ]  # fmt: skip
    palette = tab.page.evaluate(
        """() => [1, 2, 3, 4, 5, 6, 7, 8].map((number) => {
          const probe = document.body.appendChild(document.createElement("i"));
          probe.style.color = `var(--chart-${number})`;
          const { color } = getComputedStyle(probe);
          probe.remove();
          return color;
        })"""
    )
    expect(reply.locator(".recharts-bar-rectangle path").first).to_be_visible()
    assert colours(reply.locator(".donut .recharts-sector")) == set(palette[:4])
    assert colours(reply.locator(".recharts-bar-rectangle path")) == {palette[1], palette[2]}


def test_the_layout_stays_while_a_chat_with_a_chart_loads(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.script(answer(FIGURES))
    tab = open_tab(site, cold=True)
    assert tab.page.evaluate(SHIFTS) <= MAX_SHIFT
    tab.ask("Figures")
    expect(tab.answers.last.locator(".recharts-bar-rectangle path").first).to_be_visible()
    tab.reload()
    expect(tab.answers.last.locator(".recharts-bar-rectangle path").first).to_be_visible()
    assert tab.page.evaluate(SHIFTS) <= MAX_SHIFT
