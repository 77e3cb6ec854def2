"""Every known failure of a model: the received text stays, the error is shown, and the user can go on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from chat.testing import FAULTS, ScriptedModel, answer
from tests.page.programs import text
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

QUICK = [name for name, fault in FAULTS.items() if not fault.slow and len(fault.text) < 10_000]


@pytest.mark.parametrize("name", QUICK)
def test_a_failed_answer_shows_its_error_and_can_be_tried_again(
    model: ScriptedModel, site: Any, open_tab: OpenTab, name: str
) -> None:
    fault = FAULTS[name]
    tab = open_tab(site)
    if not fault.refused:
        model.default(fault.behaviour)
    with model.refusing() if fault.refused else contextlib.nullcontext():
        shown = tab.ask("Say it")
    if fault.text.strip():
        expect(shown).to_contain_text(fault.text.split("\n")[0].strip()[:40])
    if fault.status == "failed":
        assert len(shown.locator(".foot .problem").inner_text()) > 10
        model.default(answer(text("Now it works.")))
        tab.button("Try again", shown).click()
        expect(tab.ended()).to_contain_text("Now it works.")


def test_a_refused_prompt_returns_to_the_field(site: Any, open_tab: OpenTab, model: ScriptedModel) -> None:
    tab = open_tab(site)
    tab.expect_console_error("413")
    long = "far too long " * 6000
    tab.say(long)
    expect(tab.answers.first.locator(".problem")).to_contain_text("too large")
    assert tab.page.locator("#prompt").input_value().strip() == long.strip()
    assert model.requests == []
