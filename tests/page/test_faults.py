"""A model that fails, in every known way: what came stays, what happened is said, and the next step is there."""

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
def test_a_failing_model_leaves_a_word_and_a_way_on(
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


def test_a_refused_prompt_comes_back_to_be_changed(
    site: Any, open_tab: OpenTab, model: ScriptedModel
) -> None:
    tab = open_tab(site)
    tab.expect_console_error("413")
    long = "far too long " * 6000
    tab.say(long)
    expect(tab.answers.first.locator(".problem")).to_contain_text("too large")
    assert tab.page.locator("#prompt").input_value().strip() == long.strip()
    assert model.requests == []
