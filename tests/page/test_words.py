"""The built page in the reader's language: complete tables, and no text left in another language."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, expect

from chat.testing import ScriptedModel
from chatproject.dev.frontend.page import SOURCES
from tests.live.files import pdf
from tests.page.programs import demo
from tests.page.tab import Tab

WORDS = SOURCES / "src" / "words"
TABLES = sorted(WORDS.rglob("*.ts"))
SHOWN = """() => [...document.body.querySelectorAll("*")].flatMap((element) => [
  ...["aria-label", "title", "placeholder"].map((name) => element.getAttribute(name)),
  ...[...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()),
]).filter(Boolean)"""


def keys(table: Path) -> list[str]:
    _, _, entries = re.split(r"^export const (\w+)", table.read_text(), maxsplit=1, flags=re.MULTILINE)
    return re.findall(r"^ {2,4}(\w+):", entries, re.MULTILINE)


def texts(language: str) -> set[str]:
    sources = "".join(table.read_text() for table in WORDS.rglob(f"{language}.ts"))
    return set(re.findall(r'"([^"\n]+)"', sources))


@pytest.mark.parametrize("table", TABLES, ids=lambda path: str(path.relative_to(WORDS)))
def test_each_table_has_the_same_keys_in_the_same_order(table: Path) -> None:
    first = keys(table.with_name("en.ts"))
    assert len(first) > 30
    assert keys(table) == first


@pytest.mark.live
@pytest.mark.parametrize(("locale", "language"), [("de-AT", "de"), ("fi-FI", "en")])
def test_the_page_speaks_the_browser_s_language_or_english(
    site: Any, open_tab: Callable[..., Tab], locale: str, language: str
) -> None:
    tab = open_tab(site, locale=locale)
    expect(tab.page.locator("html")).to_have_attribute("lang", language)
    expect(tab.page.locator("html")).to_have_attribute("dir", "ltr")
    name = {"de": "Neuer Chat", "en": "New chat"}[language]
    expect(tab.page.get_by_role("link", name=name)).to_be_visible()


@pytest.mark.live
def test_a_german_page_shows_no_english_text(
    model: ScriptedModel, site: Any, open_tab: Callable[..., Tab]
) -> None:
    model.default(demo)
    tab = open_tab(site, locale="de-DE")
    tab.shot("german")
    seen = set(tab.page.evaluate(SHOWN))
    # Without the renderer answers are shown as text, with the page's own texts.
    tab.page.route("**/Interface-*.js", lambda route: route.abort())
    tab.expect_console_error("net::ERR", "dynamically imported")
    tab.reload()
    expect(tab.ask("Einen Tisch reservieren").locator(".readable .chip").first).to_be_visible()
    tab.button("Mehr").click()
    seen |= set(tab.page.evaluate(SHOWN))
    scan = FilePayload(name="scan.pdf", mimeType="application/pdf", buffer=pdf([""]))
    tab.page.locator("input[type=file]").first.set_input_files([scan])
    expect(tab.page.locator(".picture-problem")).to_contain_text("Die Datei enthält keinen Text.")
    english, german = texts("en"), texts("de")
    assert len(seen & german) > 20
    assert seen & (english - german) == set()


@pytest.mark.live
@pytest.mark.long
def test_the_cards_and_files_of_the_german_demo_are_german(
    demo_site: Any, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(demo_site, locale="de-DE")
    tab.say("Trage ein Abendessen in meinen Kalender ein")
    card = tab.page.locator(".request")
    expect(card.get_by_role("heading")).to_have_text("„Kalender“ erlauben?")
    expect(card.locator("dt")).to_have_text(["Titel", "Tag", "Uhrzeit"])
    tab.button("Bearbeiten", card).click()
    expect(card.get_by_label("Uhrzeit")).to_have_value("19:30")
    tab.button("Ablehnen", card).click()
    expect(tab.page.locator(".request-outcomes li")).to_contain_text("Abgelehnt: Kalender")
    tab.ended()
    tab.ask("Gib mir den Umsatz als Datei").get_by_role("button", name="umsatz-nach-region.csv").click()
    expect(tab.page.get_by_role("dialog").get_by_role("heading", level=4)).to_have_text("Zeilen 1-5")


@pytest.mark.live
def test_a_visitor_beyond_the_limit_of_guests_is_told_so_in_words_and_goes_on_later(
    site: Any, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(site, locale="de-DE")
    tab.expect_console_error("429")
    refusal = {"code": "quota_exceeded", "detail": "As the server says it.", "quota": "new_guests"}
    tab.page.route(
        "**/api/session",
        lambda route: route.fulfill(status=429, json=refusal, headers={"Retry-After": "1"}),
        times=1,
    )
    with tab.page.expect_response(lambda answer: answer.url.endswith("/api/session") and answer.ok):
        tab.page.reload()
        expect(tab.page.get_by_text("zu viele neue Gäste")).to_be_visible()
    expect(tab.page.locator("#who")).to_be_attached()
