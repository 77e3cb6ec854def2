"""A title is taken out of whatever a model wraps it in."""

from __future__ import annotations

import asyncio
import time

import pytest

from chat.exceptions import ModelTimeout
from chat.llm.clients.base import ModelRequest
from chat.responses import titles
from chat.responses.titles import title_in

THOUGHT = "<think>\nThey want a title. **Short**.\n" + "Let me think. " * 100 + "</think>\n\n"


@pytest.mark.parametrize(
    "answer",
    [
        "Trip to Lisbon",
        '"Trip to Lisbon"',
        "“Trip to Lisbon”",
        "„Trip to Lisbon“",
        '**"Trip to Lisbon"**',
        '"**Trip to Lisbon**"',
        "***Trip to Lisbon***",
        "## Trip to Lisbon",
        "# **Trip to Lisbon**",
        "- Trip to Lisbon",
        "`Trip to Lisbon`",
        "```\nTrip to Lisbon\n```",
        "\n\n Trip to Lisbon \n\nI hope this helps.",
        "**Trip** to **Lisbon**",
        f"{THOUGHT}Trip to Lisbon",
        f"{THOUGHT}**Trip to Lisbon**",
        THOUGHT.removeprefix("<think>") + "Trip to Lisbon",
        "Trip to Lisbon\n<think>Is that good",
        '<content thesys="true">**Trip to Lisbon**</content>',
    ],
)
def test_thought_markdown_and_quotation_marks_do_not_get_into_a_title(answer: str) -> None:
    assert title_in(answer) == "Trip to Lisbon"


@pytest.mark.parametrize(
    "title",
    [
        "Learning C#",
        'The meaning of "love"',
        '"Rome" and "Paris"',
        "2**3 and 4**2",
        "What __init__ does",
        "snake_case_ or _private",
        "<thinkers> of Greece",
        "'Twas the night",
    ],
)
def test_marks_that_belong_to_a_title_stay(title: str) -> None:
    assert title_in(title) == title


@pytest.mark.parametrize("answer", ["", " \n", "<think>They want", f"{THOUGHT}", '""', "****"])
def test_an_answer_without_a_title_gives_none(answer: str) -> None:
    assert title_in(answer) == ""


@pytest.mark.parametrize("mark", ["<think>", "</think>", "**a", '"', "*_", "# "])
def test_a_long_answer_is_read_in_linear_time(mark: str) -> None:
    began = time.thread_time()
    title_in(mark * (1024 * 1024 // len(mark)))
    assert time.thread_time() - began < 5


def test_a_model_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(titles, "SECONDS", 0.05)
    left: list[bool] = []

    class Silent:
        async def complete(self, question: ModelRequest) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                left.append(True)

    with pytest.raises(ModelTimeout):
        asyncio.run(titles._ask(Silent(), ModelRequest([], []), titles._TitleStats()))  # type: ignore[arg-type]
    assert left == [True]
