"""Running answers: reloads, network failures, several tabs, stops, and versions of messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from chat.models import Response
from chat.testing import Gate, ScriptedModel, answer
from tests.live.harness import eventually
from tests.page.held_requests import HeldRequest
from tests.page.network_link import NetworkLink
from tests.page.programs import text
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

WHOLE = text("The first half. The second half.")
HALF = WHOLE.index(" The second")
WORDS = [f"Wört{number}" for number in range(60)]


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def halved(model: ScriptedModel, gate: Gate) -> ScriptedModel:
    """Script the model to send half of the answer, and the rest once the gate is opened."""
    model.script(answer(WHOLE[:HALF], gate, WHOLE[HALF:]))
    return model


def test_a_reload_in_mid_answer_loses_nothing(halved: ScriptedModel, gate: Gate, tab: Tab) -> None:
    tab.say("Tell me")
    expect(tab.answers.first).to_contain_text("The first half.")
    tab.reload()
    expect(tab.answers.first).to_contain_text("The first half.")
    gate.open()
    expect(tab.ended()).to_contain_text("The first half. The second half.")
    assert len(halved.requests) == 1


def test_a_cut_network_shows_a_quiet_note_and_no_byte_is_lost_or_doubled(
    model: ScriptedModel, gate: Gate, site: Any, open_tab: OpenTab
) -> None:
    whole = text(" ".join(WORDS))
    half = whole.index("Wört30")
    model.script(answer(whole[:half], gate, whole[half:]))
    with NetworkLink(urlsplit(site.url).port or 0) as line:
        tab = open_tab(line)
        tab.expect_console_error("net::ERR", "WebSocket connection")
        asked = list[str]()
        tab.page.on("request", lambda request: asked.append(request.url))
        tab.say("Tell me")
        expect(tab.answers.first).to_contain_text("Wört29")
        line.cut()
        assert line.broken
        expect(tab.page.locator("#waiting")).to_be_visible()
        gate.open()
        eventually(lambda: Response.objects.latest("pk").status == "done")
        expect(tab.answers.first).not_to_contain_text("Wört30")
        line.restore()
        reply = tab.ended()
        expect(tab.page.locator("#waiting")).to_be_hidden()
        assert reply.locator(".interface").inner_text().split() == WORDS
        offsets = {parse_qs(urlsplit(url).query)["offset"][0] for url in asked if "/stream?" in url}
        assert offsets == {str(len(whole[:half].encode()))}
        assert len(model.requests) == 1


def test_a_killed_server_leaves_the_text_and_a_retry(
    halved: ScriptedModel, servers: Any, built_page: Any, open_tab: OpenTab, live: None
) -> None:
    with servers.own(CHAT_PAGE_BUILD=str(built_page), CHAT_LEASE_SECONDS="1") as site:
        tab = open_tab(site)
        tab.expect_console_error("Failed to load resource", "WebSocket connection", "net::ERR")
        tab.say("Tell me")
        expect(tab.answers.first).to_contain_text("The first half.")
        eventually(lambda: Response.objects.latest("pk").log_length)
        site.kill9()
        expect(tab.page.locator("#waiting")).to_be_visible()
        site.start().wait_until_ready()
        expect(tab.answers.first).to_contain_text("The server went away during this answer.")
        expect(tab.answers.first).to_contain_text("The first half.")
        halved.default(answer(text("All of it.")))
        tab.button("Try again").click()
        expect(tab.ended()).to_contain_text("All of it.")


def test_two_tabs_show_one_answer_and_either_can_stop_it(
    halved: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    first = open_tab(site)
    second = open_tab(site, like=first)
    first.say("Tell me")
    expect(second.threads.locator(".running")).to_be_visible()
    second.threads.locator("a").click()
    expect(second.answers.first).to_contain_text("The first half.")
    second.button("Stop the answer").click()
    for tab in (first, second):
        expect(tab.ended()).to_contain_text("Stopped.")
        expect(tab.answers.first).to_contain_text("The first half.")
        expect(tab.threads.locator(".running")).to_have_count(0)


def test_a_stop_before_the_first_word_frees_the_field(model: ScriptedModel, gate: Gate, tab: Tab) -> None:
    model.default(answer(gate, "Never."))
    tab.say("Tell me")
    tab.page.press("#prompt", "Escape")
    expect(tab.ended()).to_contain_text("Stopped.")
    model.default(answer(text("Now then.")))
    expect(tab.ask("Something else")).to_contain_text("Now then.")


def test_a_regenerated_answer_is_a_version(model: ScriptedModel, tab: Tab) -> None:
    model.script(answer(text("The first.")), answer(text("The second.")))
    tab.ask("Tell me")
    tab.button("Answer again").click()
    expect(tab.ended()).to_contain_text("The second.")
    expect(tab.answers.first).to_contain_text("2/2")
    tab.button("Version before this one").click()
    expect(tab.answers.first).to_contain_text("The first.")
    tab.reload()
    expect(tab.answers.first).to_contain_text("The first.")


def test_an_edited_prompt_begins_a_branch_and_the_old_one_stays(model: ScriptedModel, tab: Tab) -> None:
    model.script(answer(text("Of cats.")), answer(text("More of cats.")), answer(text("Of dogs.")))
    tab.ask("Tell me of cats")
    tab.ask("And more")
    tab.prompts.first.hover()
    tab.button("Edit the message", tab.prompts.first).click()
    tab.page.get_by_role("textbox", name="Edit the message").fill("Tell me of dogs")
    tab.page.keyboard.press("Enter")
    expect(tab.answers).to_have_count(1)
    expect(tab.ended()).to_contain_text("Of dogs.")
    tab.prompts.first.hover()
    tab.button("Version before this one", tab.prompts.first).click()
    expect(tab.answers).to_have_count(2)
    expect(tab.answers.nth(1)).to_contain_text("More of cats.")


class OldList:
    """A list of messages as of the moment when `action` makes the page request it, to be delivered later."""

    def __init__(self, tab: Tab, action: Callable[[], object]) -> None:
        self._tab, held = tab, HeldRequest(tab.page, "**/messages?*")
        action()
        self._route = held.route
        self._list = self._route.fetch()

    def arrive(self) -> None:
        """Deliver the list and wait two frames, after which the page has processed it."""
        with self._tab.page.expect_event("requestfinished"):
            self._route.fulfill(response=self._list)
        self._tab.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )


def test_a_list_from_before_a_prompt_does_not_hide_it(model: ScriptedModel, gate: Gate, tab: Tab) -> None:
    model.script(answer(text("Yes.")), answer(WHOLE[:HALF], gate, WHOLE[HALF:]))
    old = OldList(tab, lambda: tab.ask("First"))
    tab.say("Tell me")
    expect(tab.answers.nth(1)).to_contain_text("The first half.")
    old.arrive()
    assert tab.prompts.count() == tab.answers.count() == 2
    gate.open()
    expect(tab.ended(1)).to_contain_text("The first half. The second half.")


def test_a_list_from_before_another_answer_does_not_bring_the_old_one_back(
    model: ScriptedModel, gate: Gate, tab: Tab
) -> None:
    model.script(answer(text("Yes.")), answer(WHOLE[:HALF], gate, WHOLE[HALF:]))
    old = OldList(tab, lambda: tab.ask("Tell me"))
    tab.button("Answer again").click()
    expect(tab.answers.first).to_contain_text("The first half.")
    old.arrive()
    assert tab.answers.count() == 1
    assert "The first half." in tab.answers.first.inner_text()
    gate.open()
    expect(tab.ended()).to_contain_text("The first half. The second half.")


def test_the_last_chosen_version_is_shown_whatever_list_arrives_last(model: ScriptedModel, tab: Tab) -> None:
    model.script(answer(text("The first.")), answer(text("The second.")))
    tab.ask("Tell me")
    tab.button("Answer again").click()
    expect(tab.ended()).to_contain_text("2/2")
    # All tabs are notified of a change, this one too, which makes it request a second list.
    old = OldList(tab, tab.button("Version before this one").click)
    expect(tab.answers.first).to_contain_text("The first.")
    tab.button("Version after this one").click()
    expect(tab.answers.first).to_contain_text("The second.")
    old.arrive()
    assert "The second." in tab.answers.first.inner_text()


def test_a_draft_is_stored_per_thread(model: ScriptedModel, site: Any, open_tab: OpenTab) -> None:
    model.default(answer(text("Yes.")))
    tab = open_tab(site)
    tab.ask("First")
    tab.page.fill("#prompt", "not sent yet")
    tab.page.get_by_role("link", name="New chat").click()
    expect(tab.page.locator("#prompt")).to_have_value("")
    tab.threads.locator("a").click()
    expect(tab.page.locator("#prompt")).to_have_value("not sent yet")
    tab.reload()
    expect(tab.page.locator("#prompt")).to_have_value("not sent yet")


def test_a_prompt_sent_before_the_session_is_loaded_is_answered(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.default(answer(text("Yes.")))
    tab = open_tab(site)
    session, chat = (HeldRequest(tab.page, f"**/api/{name}*", None) for name in ("session", "chat"))
    tab.page.goto("/")
    tab.say("Quickly")
    expect(tab.prompts).to_have_count(1)
    with tab.page.expect_response("**/api/threads?*"):
        session.route.continue_()
    expect(tab.page.locator("#who")).to_contain_text("Guest")
    chat.route.continue_()
    expect(tab.ended()).to_contain_text("Yes.")
    expect(tab.prompts).to_have_count(1)
