"""Thought on both pages: live, folded, opened, after a reload; and the effort of a prompt."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, expect

from chat.models import Response
from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Stall, Thought, broken
from tests.live.harness import eventually
from tests.page.conftest import site_of
from tests.page.network_link import NetworkLink
from tests.page.programs import text
from tests.page.tab import Tab
from tests.page.test_speed import COUNT_DRAWINGS

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

FIRST, SECOND = "Größe 🍎? Let me ", "see **it**."
WHOLE = "Größe 🍎? Let me see it."
TOGGLE = ".thought :is(summary, .thought-toggle)"


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def thinker(model: ScriptedModel, gate: Gate) -> ScriptedModel:
    """Script the model to send half of a thought, and the rest with the answer once the gate is opened."""
    model.script(answer(Thought(FIRST), gate, Thought(SECOND), text("It is noon.")))
    return model


@pytest.fixture(params=["built", "plain"])
def either_site(request: pytest.FixtureRequest, live: None, servers: Any, built_page: Path) -> Any:
    """Start a server with the built page, and one with the plain page."""
    return site_of(servers, built_page if request.param == "built" else "")


@pytest.fixture(params=["built", pytest.param("plain", marks=pytest.mark.long)])
def each_site(request: pytest.FixtureRequest, live: None, servers: Any, built_page: Path) -> Any:
    """Start a server with the built page, and for long runs one with the plain page, which shares its scripts."""
    return site_of(servers, built_page if request.param == "built" else "")


def opened(tab: Tab) -> Locator:
    """Open the thought of the only answer and return its text."""
    tab.page.locator(TOGGLE).click()
    return tab.page.locator(".thought-text")


def assert_ended(tab: Tab, words: str = "It is noon.") -> None:
    expect(tab.answers.first).to_contain_text(words)
    expect(tab.answers.first).to_have_attribute("aria-busy", "false")


def test_a_thought_is_live_then_folded_and_there_after_a_reload(
    thinker: ScriptedModel, gate: Gate, either_site: Any, open_tab: OpenTab
) -> None:
    tab = open_tab(either_site)
    tab.say("Tell me")
    expect(tab.page.locator(TOGGLE)).to_contain_text("Thinking …")
    expect(tab.page.locator(".thought-tail")).to_contain_text(FIRST)
    expect(tab.page.locator("#announcements")).to_have_text("Thinking …")
    expect(tab.page.locator(".steps")).to_have_count(0)
    gate.open()
    assert_ended(tab)
    expect(tab.page.locator(TOGGLE)).to_contain_text("Thought for")
    expect(tab.page.locator(".thought-tail")).to_be_hidden()
    expect(opened(tab)).to_have_text(WHOLE)
    tab.reload()
    expect(tab.page.locator(TOGGLE)).to_contain_text("Thought for")
    expect(opened(tab)).to_have_text(WHOLE)
    expect(tab.page.locator(".thought-text strong")).to_have_text("it")


def test_a_reload_in_mid_thought_goes_on_at_the_byte(
    thinker: ScriptedModel, gate: Gate, each_site: Any, open_tab: OpenTab
) -> None:
    tab = open_tab(each_site)
    tab.say("Tell me")
    expect(tab.page.locator(".thought-tail")).to_contain_text(FIRST)
    eventually(lambda: Response.objects.latest("pk").thinking_length)
    with tab.page.expect_request("**/stream?*") as followed:
        tab.reload()
    expect(tab.page.locator(".thought-tail")).to_contain_text(FIRST)
    expect(tab.page.locator(TOGGLE)).to_contain_text("Thinking …")
    gate.open()
    assert_ended(tab)
    expect(opened(tab)).to_have_text(WHOLE)
    query = parse_qs(urlsplit(followed.value.url).query)
    assert query["thinkingOffset"] == [str(len(FIRST.encode()))]


def test_a_cut_network_between_thoughts_loses_and_doubles_nothing(
    model: ScriptedModel, gate: Gate, each_site: Any, open_tab: OpenTab
) -> None:
    said = text("The first half. The second half.")
    half = said.index(" The second")
    model.script(answer(Thought(FIRST), said[:half], gate, Thought(SECOND), said[half:]))
    with NetworkLink(urlsplit(each_site.url).port or 0) as line:
        tab = open_tab(line)
        tab.expect_console_error("net::ERR", "WebSocket connection")
        tab.say("Tell me")
        expect(tab.answers.first).to_contain_text("The first half.")
        line.cut()
        expect(tab.page.locator("#waiting")).to_be_visible()
        gate.open()
        with tab.page.expect_request("**/stream?*") as resumed:
            line.restore()
        assert_ended(tab, "The first half. The second half.")
        expect(opened(tab)).to_have_text(WHOLE)
        query = parse_qs(urlsplit(resumed.value.url).query)
        assert int(query["offset"][0]) >= half
        assert query["thinkingOffset"] == [str(len(FIRST.encode()))]


ENDINGS = {
    "failed": (broken(Thought(FIRST)), ".problem"),
    "stopped": (answer(Thought(FIRST), Stall()), ".note"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_answer_that_only_thought_shows_the_thought_and_its_ending(
    model: ScriptedModel, each_site: Any, open_tab: OpenTab, ending: str
) -> None:
    script, line = ENDINGS[ending]
    model.script(script)
    tab = open_tab(each_site)
    tab.say("Tell me")
    if ending == "stopped":
        expect(tab.page.locator(".thought-tail")).to_contain_text(FIRST)
        tab.page.press("#prompt", "Escape")
    assert_ended(tab, "")
    for _ in range(2):
        expect(tab.answers.first.locator(f".foot {line}")).to_be_visible()
        expect(opened(tab)).to_have_text(FIRST.strip())
        tab.reload()


def test_markup_in_a_thought_is_text(model: ScriptedModel, either_site: Any, open_tab: OpenTab) -> None:
    hostile = '<img src=x onerror="document.title=1"><content thesys="true">![x](/y) [z](javascript:alert(1))'
    model.script(answer(Thought(hostile), text("It is noon.")))
    tab = open_tab(either_site)
    tab.say("Tell me")
    assert_ended(tab)
    expect(opened(tab)).to_contain_text('<img src=x onerror="document.title=1"><content thesys="true">')
    expect(tab.page.locator(".thought :is(img, a, content)")).to_have_count(0)


LINE = "A line of thought, with some **words** in it.\n"
# Turns of the page in which the long thought is drawn at least, each a small part of it.
PIECES = 20
LONG = LINE * (2**20 // len(LINE) - 1) + "The last."


@pytest.mark.long
def test_a_thought_of_a_mebibyte_does_not_freeze_the_page(
    model: ScriptedModel, each_site: Any, open_tab: OpenTab
) -> None:
    model.script(answer(Thought(LONG), text("It is noon.")))
    tab = open_tab(each_site, cold=True)
    tab.say("Tell me")
    assert_ended(tab)
    assert tab.page.locator(".thought-text > *").count() == 0
    tab.page.evaluate(COUNT_DRAWINGS)
    tab.page.locator(TOGGLE).click()
    tab.page.locator("#prompt").press_sequentially("Typed meanwhile")
    expect(tab.page.locator("#prompt")).to_have_value("Typed meanwhile")
    expect(tab.page.locator(".thought-text > *").last).to_contain_text("The last.")
    assert tab.page.evaluate("() => window.drawings") > PIECES


def test_a_folded_thought_is_left_out_of_prints_and_selections(
    thinker: ScriptedModel, gate: Gate, each_site: Any, open_tab: OpenTab
) -> None:
    gate.open()
    tab = open_tab(each_site)
    tab.say("Tell me")
    assert_ended(tab)
    selected = "() => String(getSelection())"
    select_answer = "() => getSelection().selectAllChildren(document.querySelector('article.reply'))"
    tab.page.evaluate(select_answer)
    assert "Thought" not in tab.page.evaluate(selected)
    tab.page.emulate_media(media="print")
    expect(tab.page.locator(".thought")).to_be_hidden()
    tab.page.emulate_media(media="screen")
    expect(opened(tab)).to_have_text(WHOLE)
    tab.page.evaluate(select_answer)
    assert WHOLE in tab.page.evaluate(selected)
    tab.page.emulate_media(media="print")
    expect(tab.page.locator(".thought-text")).to_be_visible()


def test_a_thought_is_opened_by_keyboard(
    thinker: ScriptedModel, gate: Gate, site: Any, open_tab: OpenTab
) -> None:
    gate.open()
    tab = open_tab(site)
    tab.ask("Tell me")
    toggle = tab.page.get_by_role("button", name="Thought for")
    for key, expanded in (("Enter", "true"), ("Space", "false")):
        toggle.press(key)
        expect(toggle).to_have_attribute("aria-expanded", expanded)
    toggle.press("Enter")
    tab.page.keyboard.press("Tab")
    expect(tab.page.get_by_role("group", name="Thought", exact=True)).to_be_focused()


def test_an_effort_is_chosen_for_the_models_that_offer_it(
    model: ScriptedModel, live: None, servers: Any, built_page: Path, open_tab: OpenTab
) -> None:
    efforts = {"low": {"reasoning_effort": "low"}, "odd": {"reasoning_effort": "odd"}}
    site = servers.keep(CHAT_PAGE_BUILD=str(built_page), CHAT_MODELS=json.dumps({"c1": {"efforts": efforts}}))
    tab = open_tab(site)
    picker, efforts_shown = tab.page.locator("#model"), tab.page.get_by_role("group", name="Effort")
    picker.click()
    expect(efforts_shown.get_by_role("menuitemradio")).to_have_text(["As usual", "Low", "odd"])
    tab.page.keyboard.press("Escape")
    tab.ask("Tell me")
    picker.click()
    efforts_shown.get_by_role("menuitemradio", name="Low").click()
    tab.ask("Tell me")
    tab.button("Answer again", tab.answers.nth(1)).click()
    tab.ended(1)
    sent = model.wait_for_requests(3)
    assert [request.json.get("reasoning_effort") for request in sent[:2]] == [None, "low"]
    assert sent[2].json.get("reasoning_effort") == "low"
    tab.reload()
    expect(picker).to_have_accessible_name("Model: C1, Low")
    tab.choose_model("openassistant")
    picker.click()
    expect(tab.page.get_by_role("menuitemradio").first).to_be_visible()
    expect(efforts_shown).to_have_count(0)
