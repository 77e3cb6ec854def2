"""Chart code is fetched when an answer has a chart, without a shift of the layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from chat.testing import ScriptedModel, answer
from tests.live.harness import eventually
from tests.page.held_requests import HeldRequest
from tests.page.programs import card, text
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

SERIES = '[Series("s", [1, 2, 3])]'
CHARTS = card(
    f'bar = BarChart(["a", "b", "c"], {SERIES})',
    f'titled = BarChart(["a", "b", "c"], {SERIES}, "grouped", "x", "y")',
    f'line = LineChart(["a", "b", "c"], {SERIES})',
    f'area = AreaChart(["a", "b", "c"], {SERIES}, "natural", "x", "y")',
    f'across = HorizontalBarChart(["a", "b", "c"], {SERIES})',
    f'radar = RadarChart(["a", "b", "c"], {SERIES})',
    'pie = PieChart(["a", "b"], [1, 2], "donut")',
    'radial = RadialChart(["a", "b"], [1, 2])',
    'stacked = SingleStackedBarChart(["a", "b"], [1, 2])',
    'scatter = ScatterChart([ScatterSeries("s", [Point(1, 2), Point(3, 4)])])',
)
HEIGHTS = "elements => elements.map(element => Math.round(element.getBoundingClientRect().height))"
FETCHED = "() => performance.getEntriesByType('resource').map(({ name }) => name).filter(name => /Charts/.test(name))"


@pytest.mark.parametrize("width", [1280, pytest.param(360, marks=pytest.mark.long)])
def test_a_placeholder_has_the_height_of_its_chart(
    model: ScriptedModel, site: Any, open_tab: OpenTab, width: int
) -> None:
    model.default(answer(CHARTS))
    tab = open_tab(site, viewport={"width": width, "height": 900})
    charts = HeldRequest(tab.page, "**/Charts-*.js")
    reply = tab.ask("All of them")
    expect(reply.locator(".chart-to-come")).to_have_count(10)
    before = reply.locator(".charted").evaluate_all(HEIGHTS)
    charts.route.continue_()
    expect(reply.locator(".chart-to-come")).to_have_count(0)
    expect(reply.locator(".charted:has(svg)")).to_have_count(9)  # the stacked bar is made of boxes
    eventually(lambda: before == reply.locator(".charted").evaluate_all(HEIGHTS), says=f"was {before}")


def test_an_answer_without_a_chart_fetches_no_chart_code(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.script(answer(text("Words.")), answer(CHARTS))
    tab = open_tab(site)
    expect(tab.ask("Tell me").locator(".interface")).to_be_visible()
    assert tab.page.evaluate(FETCHED) == []
    expect(tab.ask("Show me").locator("svg.recharts-surface").first).to_be_visible()
    assert len(tab.page.evaluate(FETCHED)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_chart_without_its_code_is_shown_as_text(
    model: ScriptedModel, site: Any, open_tab: OpenTab, when: str
) -> None:
    model.default(answer(card(f'bar = BarChart(["North", "South", "East"], {SERIES})')))
    tab = open_tab(site)
    tab.expect_console_error("net::ERR", "dynamically imported module", "openui")
    if when == "before":
        tab.page.route("**/Charts-*.js", lambda route: route.abort())
        reply = tab.ask("Show me")
    else:
        charts = HeldRequest(tab.page, "**/Charts-*.js")
        reply = tab.ask("Show me")
        expect(reply.locator(".chart-to-come")).to_have_count(1)
        charts.route.abort()
    expect(reply.locator(".readable")).to_contain_text("North")
