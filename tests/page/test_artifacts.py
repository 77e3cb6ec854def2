"""Artifacts on the page: a card in the answer, and a panel beside the chat with versions and what changed between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from chat.models import Attachment, AttachmentUse, Message, Response
from chat.testing import Gate, ScriptedModel, answer
from chat.text import artifact_tags, escape
from tests.page.accessibility import assert_accessible
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]
START, END = artifact_tags("harbour", "report", "1")
PROGRAM = '```openui-lang\nroot = Card([head, text])\nhead = CardHeader("The harbour")\ntext = TextContent("Ten ships.")\n```'


def artifact(text: str) -> str:
    return f"Here it is. {START}{escape(text)}{END} Anything else?"


def test_an_artifact_opens_beside_the_chat_with_its_versions(
    model: ScriptedModel, site: Any, open_tab: OpenTab, axe: str
) -> None:
    tab = open_tab(site)
    texts = (
        PROGRAM,
        "# The harbour\n\nTen ships.\n\nNo storms.",
        "# The harbour\n\nNine ships.\n\nNo storms.",
    )
    for number, text in enumerate(texts):
        model.script(answer(artifact(text)))
        tab.ask(f"Report {number}")
    tab.reload()
    cards = tab.page.locator(".artifact-card")
    expect(cards).to_have_count(3)
    expect(cards.first).to_contain_text("The harbour")
    expect(tab.page.locator(".reply .body").first).to_contain_text("Anything else?")
    cards.last.click()
    panel = tab.page.get_by_role("complementary", name="The harbour")
    expect(panel.locator(".artifact-text")).to_contain_text("Nine ships.")
    panel.get_by_label("Compared with").select_option("2")
    expect(panel.locator("del")).to_have_text("Removed: Ten ships.")
    expect(panel.locator("ins")).to_have_text("Added: Nine ships.")
    assert_accessible(tab.page, axe)
    tab.shot("artifact")
    panel.get_by_label("Compared with").select_option("0")
    panel.get_by_label("Shown").select_option("1")
    expect(panel.locator(".interface")).to_contain_text("Ten ships.")
    tab.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(cards.last).to_be_focused()


def test_escape_closes_an_artifact_and_does_not_stop_the_answer_beside_it(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    gate = Gate()
    model.script(answer(artifact(PROGRAM)), answer("The first half. ", gate, "The second half."))
    tab = open_tab(site)
    tab.ask("A report")
    tab.say("Go on")
    expect(tab.answers.last).to_contain_text("The first half.")
    tab.page.locator(".artifact-card").click()
    panel = tab.page.get_by_role("complementary", name="The harbour")
    expect(panel.locator(".artifact-text")).to_contain_text("Ten ships.")
    tab.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    gate.open()
    expect(tab.ended(1)).to_contain_text("The second half.")


def test_a_file_that_a_tool_gave_stands_with_the_answer(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.script(answer("Here is the list."))
    tab = open_tab(site)
    tab.ask("A list, please")
    reply = Message.objects.filter(role="assistant").latest("pk")
    data = {"content_type": "text/csv", "name": "list.csv", "data": b"a,b", "size": 3}
    given = Attachment.objects.create(owner_id=reply.owner_id, **data)
    AttachmentUse.objects.create(message=reply, attachment=given)
    Response.objects.filter(messages=reply.pk).update(tool_changes=1)
    tab.reload()
    expect(tab.page.locator(".reply").get_by_role("button", name="list.csv")).to_be_visible()
