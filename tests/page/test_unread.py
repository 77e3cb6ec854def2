"""The list of chats: a dot at an answer that ended elsewhere, and the age of each chat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from chat.models import Thread
from chat.testing import Gate, ScriptedModel, answer
from tests.page.bundles import bundled, evaluated
from tests.page.tab import Tab

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="module")
def bundle(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    modules = ["format", "state/unread"]
    return bundled(built_page, modules, tmp_path_factory.mktemp("page") / "unread.mjs")


@pytest.mark.live
def test_an_answer_that_ended_elsewhere_is_marked_until_its_chat_is_opened(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    gate = Gate()
    model.script(answer("The beginning.", gate, "The end."))
    model.default(answer("Yes."))
    tab = open_tab(site)
    tab.say("Ask the slow one")
    expect(tab.answers.first).to_contain_text("The beginning.")
    tab.page.get_by_role("link", name="New chat").click()
    tab.ask("Ask the quick one")
    gate.open()
    slow = tab.threads.filter(has_text="Ask the slow one")
    expect(slow.locator(".unread")).to_have_text("(new answer)")
    expect(tab.threads.locator(".unread")).to_have_count(1)
    tab.reload()
    expect(slow.locator(".unread")).to_be_visible()
    slow.get_by_role("link").click()
    expect(tab.answers.first).to_contain_text("The end.")
    expect(tab.threads.locator(".unread")).to_have_count(0)
    tab.reload()
    expect(tab.threads).to_have_count(2)
    expect(tab.threads.locator(".unread")).to_have_count(0)


@pytest.mark.live
@pytest.mark.parametrize(
    ("locale", "short", "long"), [("en-GB", "3h", "3 hours ago"), ("de-DE", "3 Std.", "vor 3 Stunden")]
)
def test_the_age_of_a_chat_is_short_for_the_eye_and_in_words_for_a_screen_reader(
    model: ScriptedModel, site: Any, open_tab: OpenTab, locale: str, short: str, long: str
) -> None:
    model.default(answer("Yes."))
    tab = open_tab(site, locale=locale)
    tab.ask("How old is it")
    Thread.objects.update(updated_at=timezone.now() - timedelta(hours=3, minutes=20))
    tab.open("/")
    age = tab.threads.first.locator("time")
    expect(age).to_have_text(f"{short} {long}")
    tab.threads.first.get_by_role("link").hover()
    expect(age.locator("[aria-hidden]")).to_be_hidden()
    expect(tab.threads.first.get_by_role("link", name=long)).to_be_visible()


STEPS = [
    (0, "now"), (59, "now"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86_399, "23h"), (86_400, "1d"),
    (7 * 86_400, "1w"), (364 * 86_400, "52w"), (366 * 86_400, "1y"), (-5, "now"),
]  # fmt: skip


def test_an_age_is_in_its_largest_whole_unit(built_page: Path, bundle: Path) -> None:
    seconds = [passed for passed, _ in STEPS]
    script = f"""
    const now = Date.parse("2026-06-01T12:00:00Z");
    return {seconds}.map((passed) => page.ageOf(new Date(now - 1000 * passed).toISOString(), now).short);
    """
    assert evaluated(built_page, bundle, script) == [short for _, short in STEPS]


def test_an_answer_that_one_tab_shows_is_new_in_none(built_page: Path, bundle: Path) -> None:
    script = """
    const at = (second) => `2026-06-01T12:00:0${second}Z`;
    const thread = (activeResponseId, second) => ({ threadId: "t", activeResponseId, updatedAt: at(second) });
    const [reader, other] = [new page.Unread(), new page.Unread()];
    const found = [];
    const see = (second, ...order) => {
      for (const [tab, open] of order) tab.note([thread("r", second)], open);
      for (const [tab, open] of order) tab.note([thread(null, second + 1)], open);
      found.push([reader.has("t"), other.has("t")]);
    };
    see(1, [other, null]);
    other.open(thread(null, 2));
    found.push(other.has("t"));
    see(3, [reader, "t"], [other, null]);
    see(5, [other, null], [reader, "t"]);
    return found;
    """
    shown = [[False, False], [False, False]]
    assert evaluated(built_page, bundle, script) == [[True, True], False, *shown]


def test_a_chat_that_is_left_while_its_answer_runs_is_marked_at_its_end(
    built_page: Path, bundle: Path
) -> None:
    script = """
    const tab = new page.Unread();
    const thread = { threadId: "t", activeResponseId: null, updatedAt: "2026-06-01T12:00:00Z" };
    tab.note([thread], "t");
    tab.leave("t");
    tab.note([{ ...thread, updatedAt: "2026-06-01T12:00:09Z" }], null);
    return tab.has("t");
    """
    assert evaluated(built_page, bundle, script) is True


def test_an_end_that_was_shown_is_not_new_when_the_server_tells_of_it_later(
    built_page: Path, bundle: Path
) -> None:
    script = """
    const tab = new page.Unread();
    const thread = { threadId: "t", activeResponseId: "r", updatedAt: "2026-06-01T12:00:00Z" };
    tab.note([thread], "t");
    tab.ended("t");
    tab.note([{ ...thread, activeResponseId: null, updatedAt: "2026-06-01T12:00:09Z" }], null);
    return tab.has("t");
    """
    assert evaluated(built_page, bundle, script) is False
