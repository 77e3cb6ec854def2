"""Connections in the settings of the built page: consent at the server's own page, back, a tool call, and the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.fixtures.mcp_oauth import OAuthServer, oauth_server
from tests.live.client import new_id
from tests.live.harness import eventually
from tests.live.page_client import PASSWORD
from tests.page.accessibility import assert_accessible
from tests.page.programs import text
from tests.page.tab import Tab

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def oauth() -> Iterator[OAuthServer]:
    with oauth_server() as server:
        yield server


@pytest.fixture
def connecting(
    live: None, servers: Any, built_page: Any, oauth: OAuthServer, open_tab: Callable[..., Tab]
) -> Tab:
    """Provide a tab of a new account at a server with an MCP server that users connect."""
    mcp = json.dumps({"notes": {"url": oauth.url, "auth": "oauth"}})
    site = servers.keep(
        CHAT_PAGE_BUILD=str(built_page), CHAT_MCP=mcp, CHAT_TOOL_POLICY='{"notes_*": "allow"}'
    )
    tab = open_tab(site)
    tab.page.goto("/signup/")
    tab.page.fill("[name=username]", new_id("person"))
    tab.page.fill("[name=password1]", PASSWORD)
    tab.page.fill("[name=password2]", PASSWORD)
    tab.page.keyboard.press("Enter")
    expect(tab.page).to_have_url("/")
    # Of the page that takes the place of the plain one, once it knows the user.
    expect(tab.page.locator("#fold")).to_be_visible()
    expect(tab.page.locator("#who")).to_be_attached()
    return tab


def connections(tab: Tab) -> Locator:
    """Open the section of the settings; return its one entry."""
    dialog = tab.page.get_by_role("dialog", name="Settings")

    def is_open() -> bool:
        # The keys are known a moment after the page is drawn.
        tab.page.keyboard.press("Control+,")
        tab.page.wait_for_timeout(200)
        return dialog.is_visible()

    eventually(is_open)
    dialog.get_by_role("tab", name="Connections").click()
    return tab.page.locator(".settings-section:not([hidden]) li")


def consent(tab: Tab, reply: str) -> None:
    """Answer on the server's page, and come back. A double click begins one sign-in."""
    begun: list[str] = []
    tab.page.on("request", lambda one: begun.append(one.url) if one.method == "POST" else None)
    tab.button("Connect notes").dblclick()
    expect(tab.page.get_by_role("heading")).to_have_text("Allow the chat to read your notes?")
    assert len([url for url in begun if url.endswith("/api/connections/notes")]) == 1
    tab.button(reply).click()
    expect(tab.page).to_have_url("/")
    # These requests went to another host as they should.
    tab.problems = [problem for problem in tab.problems if not problem.startswith("foreign request")]


def test_a_user_connects_a_server_uses_it_and_disconnects_it(
    connecting: Tab,
    model: ScriptedModel,
    oauth: OAuthServer,
    axe: str,
) -> None:
    tab = connecting
    expect(connections(tab)).to_contain_text("Not connected")
    consent(tab, "Allow")
    shown = tab.page.locator(".settings-section:not([hidden])")
    expect(shown.get_by_role("status")).to_have_text("notes is connected.")
    expect(shown.locator("li")).to_contain_text("Connected on")
    tab.shot("connections")
    tab.page.wait_for_function("() => document.getAnimations().every((one) => one.playState !== 'running')")
    assert_accessible(tab.page, axe)
    tab.page.keyboard.press("Escape")
    model.script(tool_round(Call("notes_whose", "{}", "call_1")), answer(text("Read.")))
    tab.ask("Whose notes?")
    assert model.requests[-1].messages[-1]["content"] == "The notes of Ada"
    entry = connections(tab)
    tab.button("Disconnect notes").click()
    expect(entry).to_contain_text("Not connected")
    expect(shown.get_by_role("status")).to_have_count(0)
    assert oauth.provider.tokens_of("Ada") == []


def test_a_connected_server_asks_during_a_call_and_its_prompt_begins_a_message(
    connecting: Tab, model: ScriptedModel
) -> None:
    tab = connecting
    connections(tab)
    consent(tab, "Allow")
    expect(tab.page.get_by_role("status").filter(has_text="notes is connected.")).to_be_visible()
    tab.page.keyboard.press("Escape")
    model.script(tool_round(Call("notes_write", "{}", "call_1")), answer(text("Written.")))
    tab.say("Write a note")
    card = tab.page.locator(".request")
    expect(card).to_contain_text("Which title shall the note have?")
    card.get_by_label("Title").fill("Milk")
    tab.button("Send", card).click()
    expect(tab.ended()).to_contain_text("Written.")
    assert model.requests[-1].messages[-1]["content"] == "Milk is among the notes of Ada"
    tab.page.keyboard.press("Control+k")
    tab.page.get_by_role("option", name="Sum up my notes").click()
    tab.page.get_by_label("Topic").fill("milk")
    tab.button("Insert").click()
    expect(tab.page.locator("#prompt")).to_have_value("Sum up my notes on milk.")
    expect(tab.page.locator("#prompt")).to_be_focused()


def test_a_refused_consent_is_told(connecting: Tab) -> None:
    connections(connecting)
    consent(connecting, "Deny")
    alert = connecting.page.locator(".settings-section:not([hidden])").get_by_role("alert")
    expect(alert).to_have_text("notes was not connected: access was denied there.")
