"""Files in the page: attached by button, drop and paste, refused with a reason, and what the model sees of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Route, expect

from chat.testing import ScriptedModel, answer
from tests.live.files import docx, pdf
from tests.page.accessibility import assert_accessible
from tests.page.held_requests import HeldRequest
from tests.page.tab import Tab
from tests.page.test_sending import paste, transfer

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]


def test_files_are_attached_by_every_way_and_show_what_the_model_sees(
    model: ScriptedModel,
    site: Any,
    open_tab: OpenTab,
    axe: str,
) -> None:
    model.default(answer("On page 2."))
    tab = open_tab(site)
    report = FilePayload(
        name="report.pdf", mimeType="application/pdf", buffer=pdf(["Revenue grew", "Costs fell"])
    )
    upload = HeldRequest(tab.page, "**/api/attachments?name=report.pdf")
    tab.page.locator("input[type=file]").first.set_input_files([report])
    expect(tab.page.get_by_role("progressbar", name="Upload of report.pdf")).to_be_visible()
    upload.route.continue_()
    tab.page.dispatch_event(
        "#threads", "drop", {"dataTransfer": transfer(tab, "minutes.docx", docx(["Agreed"]), "")}
    )
    paste(tab, transfer(tab, "notes.txt", b"Some words", "text/plain"))
    paste(tab, transfer(tab, "scan.pdf", pdf([""]), "application/pdf"))
    chips = tab.page.locator("#composer .file-chip")
    expect(chips).to_have_count(3)
    expect(chips.filter(has_text="report.pdf")).to_contain_text("2 pages")
    expect(tab.page.locator(".picture-problem")).to_contain_text("The file holds no text.")
    expect(tab.page.locator(".obstacle")).to_have_text("Remove what cannot be sent.")
    tab.shot("files")
    tab.button("Remove scan.pdf").click()
    tab.reload()
    tab.ask("Where do costs fall?")
    parts = model.requests[0].messages[-1]["content"]
    assert sorted(name for name in ("Costs fell", "Agreed", "Some words") if name in str(parts)) == [
        "Agreed",
        "Costs fell",
        "Some words",
    ]
    asked: list[str] = []
    tab.page.on("request", lambda one: asked.append(one.url))
    tab.reload()
    expect(tab.prompts.first.get_by_role("button", name="report.pdf")).to_contain_text("2 pages")
    # The states came with the message.
    assert not [url for url in asked if url.endswith("/state")]
    tab.prompts.first.get_by_role("button", name="report.pdf").click()
    dialog = tab.page.get_by_role("dialog", name="report.pdf")
    expect(dialog).to_contain_text("Costs fell")
    expect(dialog.get_by_role("heading", name="page 2")).to_be_visible()
    tab.shot("file-seen")
    assert_accessible(tab.page, axe)


def test_a_file_on_its_way_stays_in_the_draft_of_its_chat_when_the_chat_is_changed(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.default(answer("Yes."))
    tab = open_tab(site)
    tab.ask("In this chat")
    held: dict[str, Route] = {}
    tab.page.route(re.compile(r"name=[ab]\.txt"), lambda route: held.update({route.request.url[-5:]: route}))
    files = [FilePayload(name=f"{name}.txt", mimeType="text/plain", buffer=b"Some words") for name in "ab"]
    tab.page.locator("input[type=file]").first.set_input_files(files)
    while len(held) < len(files):  # the driver hands routes over within calls
        tab.page.evaluate("() => null")
    tab.page.get_by_role("link", name="New chat").click()
    expect(tab.page.locator("#composer .pictures")).to_have_count(0)
    with tab.page.expect_response("**/api/attachments?name=a.txt"):
        held["a.txt"].continue_()
    tab.threads.first.get_by_role("link").click()
    expect(tab.page.locator("#composer .file-chip")).to_contain_text("a.txt")
    held["b.txt"].continue_()
    expect(tab.page.locator("#composer .file-chip")).to_have_count(2)


def test_a_double_click_shows_the_next_page_of_a_file_once(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.default(answer("Yes."))
    tab = open_tab(site)
    tab.reusable = False
    tab.page.locator("input[type=file]").first.set_input_files(
        [FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"Some words")]
    )
    tab.page.route(
        re.compile(r"/text\?cursor="),
        lambda route: route.fulfill(json=page_of(route.fetch().json(), route.request.url)),
    )
    tab.page.locator("#composer .file-chip").click()
    dialog = tab.page.get_by_role("dialog", name="notes.txt")
    tab.button("Show more", dialog).dblclick()
    expect(tab.button("Show more", dialog)).to_have_count(0)
    assert dialog.get_by_role("heading", level=4).all_text_contents() == ["cursor=-1", "cursor=7"]


def test_a_file_is_listed_in_the_settings_and_deleted_there(tab: Tab, model: ScriptedModel) -> None:
    model.default(answer("Yes."))
    notes = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"Some words")
    tab.page.locator("input[type=file]").first.set_input_files([notes])
    expect(tab.page.locator("#composer .file-chip")).to_be_visible()
    tab.ask("What does it say?")
    tab.page.keyboard.press("Control+,")
    tab.page.get_by_role("tab", name="Files").click()
    row = tab.page.locator(".settings-section:not([hidden]) li")
    expect(row).to_contain_text("notes.txt")
    expect(row).to_contain_text("1 KB")
    tab.button("Delete notes.txt", row).click()
    expect(row).to_have_count(1)
    tab.button("Delete notes.txt for good", row).click()
    expect(row).to_have_count(0)
    tab.page.keyboard.press("Escape")
    expect(tab.prompts.first).to_contain_text("Removed")


def page_of(file: Any, url: str) -> Any:
    """Return a page of a long file: its passage is named by the cursor."""
    cursor = url.partition("?")[2]
    following = 7 if cursor == "cursor=-1" else None
    return {**file, "passages": [{"label": cursor, "text": "Words"}], "nextCursor": following}
