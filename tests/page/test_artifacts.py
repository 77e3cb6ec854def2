"""Artifacts on the page: a card in the answer, and a panel beside the chat with versions and what changed between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

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


def opened(model: ScriptedModel, tab: Tab, *texts: str) -> Locator:
    """Write the versions of an artifact, open the last one, and return its panel."""
    for number, text in enumerate(texts):
        model.script(answer(artifact(text)))
        tab.ask(f"Report {number}")
    tab.page.locator(".artifact-card").last.click()
    panel = tab.page.get_by_role("complementary", name="The harbour")
    expect(panel.locator(".artifact-text")).to_contain_text("ships.")
    return panel


def width_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["width"]


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
    expect(panel.get_by_role("status")).to_have_text("+1 −1Lines added: 1, removed: 1")
    expect(panel.locator("mark")).to_have_text(["Ten", "Nine"])
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


def test_an_artifact_shows_its_source_and_is_saved_as_a_file(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    tab = open_tab(site)
    panel = opened(model, tab, PROGRAM)
    expect(panel.locator(".interface")).to_be_visible()
    tab.button("Source", panel).click()
    expect(panel.locator("code")).to_contain_text('text = TextContent("Ten ships.")')
    expect(panel.locator(".interface")).to_have_count(0)
    tab.button("Preview", panel).click()
    expect(panel.locator(".interface")).to_contain_text("Ten ships.")
    with tab.page.expect_download() as saved:
        tab.button("Save as Markdown", panel).click()
    assert saved.value.suggested_filename == "The harbour.md"
    assert Path(saved.value.path()).read_text() == "## The harbour\n\nTen ships.\n"


def test_an_artifact_takes_the_whole_window_and_the_chat_behind_it_no_keys(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    tab = open_tab(site)
    panel = opened(model, tab, PROGRAM)
    tab.button("Full window", panel).click()
    assert width_of(panel) == 1280
    for covered in ("#main", "#sidebar"):
        expect(tab.page.locator(covered)).to_have_attribute("inert", "")
    tab.page.keyboard.press("Escape")
    assert width_of(panel) < 700
    expect(tab.page.locator("#main")).not_to_have_attribute("inert", "")
    tab.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(tab.page.locator(".artifact-card")).to_be_focused()
    tab.page.set_viewport_size({"width": 360, "height": 740})
    tab.page.locator(".artifact-card").press("Enter")
    expect(tab.page.locator("#main")).to_have_attribute("inert", "")
    tab.button("Close", panel).click()
    expect(tab.page.locator(".artifact-card")).to_be_focused()


@pytest.mark.parametrize(("locale", "wider"), [("en-GB", "ArrowLeft"), ("ar-EG", "ArrowRight")])
def test_the_edge_of_an_artifact_moves_by_keys_and_pointer_and_stays_where_it_was_put(
    model: ScriptedModel, site: Any, open_tab: OpenTab, locale: str, wider: str
) -> None:
    tab = open_tab(site, locale=locale, viewport={"width": 1600, "height": 900})
    panel = opened(model, tab, PROGRAM)
    edge = panel.get_by_role("separator")
    before, chat = width_of(panel), width_of(tab.page.locator("#main"))
    edge.press(wider)
    expect(edge).to_have_attribute("aria-valuenow", "48")
    assert width_of(panel) > before
    assert width_of(tab.page.locator("#main")) < chat
    edge.press("Home")
    narrow = width_of(panel)
    assert narrow == 320
    side = edge.bounding_box()
    assert side is not None
    tab.page.mouse.move(side["x"] + 4, 450)
    tab.page.mouse.down()
    tab.page.mouse.move(800, 450, steps=3)
    tab.page.mouse.up()
    expect(edge).to_have_attribute("aria-valuenow", "50")
    tab.reload()
    tab.page.locator(".artifact-card").click()
    expect(edge).to_have_attribute("aria-valuenow", "50")
    assert width_of(panel) == 800


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
