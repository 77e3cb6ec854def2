"""Requests to a person on the built page: cards for approvals and forms, answered by keyboard, here or in another tab."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from chat.models import PersonRequest
from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.live.harness import eventually
from tests.page.accessibility import assert_accessible
from tests.page.conftest import VIEWPORT
from tests.page.programs import text
from tests.page.tab import Tab
from tests.page.test_reading import HIDDEN, SHOWN

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

PAY = {"amount": 5, "note": "rent"}


@pytest.fixture(scope="module")
def shared_tab(browser: Browser, servers: Any, built_page: Any) -> Iterator[Tab]:
    """Provide a tab at a server whose tools ask, for all tests of this file."""
    context = browser.new_context(
        base_url=site_of(servers, built_page).url, viewport=VIEWPORT, service_workers="block"
    )
    tab = Tab(context.new_page())
    tab.open()
    yield tab
    tab.close()


def site_of(servers: Any, built_page: Any) -> Any:
    return servers.keep(
        CHAT_PAGE_BUILD=str(built_page),
        CHAT_APPS="tests.fixtures",
        CHAT_TOOLS="pay,book",
        CHAT_ACTIVE_PER_USER="20",
        CHAT_THINK_ITEMS="off",
    )


def asked(tab: Tab, model: ScriptedModel, tool: str, **arguments: Any) -> Locator:
    """Send a prompt whose answer waits; return its first card."""
    model.script(tool_round(Call(tool, json.dumps(arguments), f"call_{tool}")), answer(text("All is done.")))
    tab.say("Do it")
    expect(tab.page.locator(".request")).to_have_count(1)
    return tab.page.locator(".request")


def result(model: ScriptedModel) -> str:
    return str(model.requests[-1].messages[-1]["content"])


def ended(outcome: str) -> re.Pattern[str]:
    """Return the line of a request that has ended, with its date: the server's list follows the stream."""
    return re.compile(rf"^{outcome} · .*\d{{4}}")


def assert_drawn_accessibly(tab: Tab, script: str) -> None:
    tab.page.wait_for_function("() => !document.getAnimations().length")
    assert_accessible(tab.page, script)


def test_an_approval_shows_the_call_and_the_answer_goes_on(
    tab: Tab,
    model: ScriptedModel,
    axe: str,
) -> None:
    card = asked(tab, model, "pay", **PAY)
    expect(card.get_by_role("heading")).to_have_text("Allow “pay”?")
    expect(card.locator("dt")).to_have_text(["Amount", "Note"])
    expect(card.locator("dd")).to_have_text(["5", "rent"])
    expect(tab.page.locator("#announcements")).to_contain_text("The answer waits for you: pay")
    expect(tab.threads.first).to_contain_text("Waiting for you")
    expect(tab.button("Stop the answer")).to_be_visible()
    tab.shot("request-approval")
    assert_drawn_accessibly(tab, axe)
    tab.button("Approve", card).focus()
    tab.page.keyboard.press("Enter")
    expect(tab.ended()).to_contain_text("All is done.")
    line = tab.page.locator(".request-outcomes li")
    expect(line).to_have_text(ended("Approved: pay"))
    expect(line).to_be_focused()
    expect(card).to_have_count(0)
    expect(tab.threads.first).not_to_contain_text("Waiting for you")
    assert "paid 5" in result(model)


def test_edited_arguments_are_those_that_run(tab: Tab, model: ScriptedModel) -> None:
    card = asked(tab, model, "pay", **PAY)
    tab.button("Edit", card).click()
    expect(card.get_by_label("Amount")).to_be_focused()
    card.get_by_label("Amount").fill("3")
    tab.shot("request-edit")
    tab.page.keyboard.press("Enter")
    tab.ended()
    assert "paid 3" in result(model)


def test_escape_ends_an_edit_and_not_the_answer(tab: Tab, model: ScriptedModel) -> None:
    card = asked(tab, model, "pay", **PAY)
    tab.button("Edit", card).click()
    card.get_by_label("Amount").press("Escape")
    expect(tab.button("Edit", card)).to_be_focused()
    tab.button("Reject", card).click()
    tab.ended()
    expect(tab.page.locator(".request-outcomes li")).to_have_text(ended("Rejected: pay"))


def test_an_allowed_tool_does_not_ask_again_in_the_chat(tab: Tab, model: ScriptedModel) -> None:
    card = asked(tab, model, "pay", **PAY)
    card.get_by_label("Always allow it in this chat").check()
    tab.button("Approve", card).click()
    tab.ended()
    model.script(tool_round(Call("pay", json.dumps(PAY), "call_2")), answer(text("Again.")))
    tab.say("Once more")
    expect(tab.ended(1)).to_contain_text("Again.")


def test_a_form_shows_the_server_s_fault_at_its_field(
    tab: Tab,
    model: ScriptedModel,
    axe: str,
) -> None:
    tab.expect_console_error("400")
    card = asked(tab, model, "book", place="Lisbon")
    expect(card).to_contain_text("For whom in Lisbon?")
    guests, day = card.get_by_label("Guests"), card.get_by_label("Day")
    expect(day).to_have_attribute("type", "date")
    day.fill("2027-01-02")
    # The browser would refuse it first.
    guests.evaluate("field => field.removeAttribute('min')")
    guests.fill("0")
    tab.button("Send", card).click()
    expect(guests).to_have_attribute("aria-invalid", "true")
    expect(guests).to_be_focused()
    expect(card.locator(".field-fault")).to_have_text("0 is less than the minimum of 1")
    tab.shot("request-form")
    assert_drawn_accessibly(tab, axe)
    guests.fill("2")
    card.get_by_label("Wishes").select_option(["terrace", "quiet"])
    guests.press("Enter")
    tab.ended()
    expect(tab.page.locator(".request-outcomes li")).to_have_text(ended("Answered: book"))
    assert "2 in Lisbon on 2027-01-02['terrace', 'quiet']" in result(model)


def test_a_tab_at_another_chat_hears_of_a_request_and_follows_its_answer(
    tab: Tab, model: ScriptedModel, open_tab: OpenTab, servers: Any, built_page: Any
) -> None:
    other = open_tab(site_of(servers, built_page), like=tab)
    other.page.evaluate(HIDDEN)
    asked(tab, model, "pay", **PAY)
    expect(other.page).to_have_title(re.compile("^● "))
    expect(other.threads.first).to_contain_text("Waiting for you")
    other.page.evaluate(SHOWN)
    other.threads.first.get_by_role("link").click()
    expect(other.page.locator(".request")).to_have_count(1)
    tab.button("Reject", tab.page.locator(".request")).click()
    expect(other.page.locator(".request")).to_have_count(0)
    expect(other.ended()).to_contain_text("All is done.")
    expect(other.page.locator(".request-outcomes li")).to_have_text(ended("Rejected: pay"))
    tab.page.reload()
    expect(tab.page.locator(".request-outcomes li")).to_have_text(ended("Rejected: pay"))
    tab.ended()
    tab.shot("request-outcome-reloaded")


def test_a_stop_takes_the_card_away_and_a_prompt_meanwhile_waits(tab: Tab, model: ScriptedModel) -> None:
    asked(tab, model, "pay", **PAY)
    tab.say("And then?")
    expect(tab.page.get_by_role("region", name="Messages that wait")).to_contain_text("And then?")
    tab.button("Stop the answer").click()
    expect(tab.page.locator(".request-outcomes li")).to_have_text(ended("No longer needed: pay"))
    expect(tab.ended(1)).to_contain_text("All is done.")
    eventually(lambda: not PersonRequest.objects.filter(outcome=None).exists())
