"""A title is taken out of whatever a model wraps it in."""

from __future__ import annotations

import asyncio
import time

import pytest

from chat.exceptions import ModelTimeout
from chat.llm.clients.base import ModelRequest
from chat.responses import titles
from chat.responses.title_text import title_in

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
        # huggingface/chat-ui#2328, and the tags of other models
        "<thinking>They want</thinking>\nTrip to Lisbon",
        "[THINK]They want[/THINK]Trip to Lisbon",
        "◁think▷They want◁/think▷Trip to Lisbon",
        "<THINK>They want</THINK>Trip to Lisbon",
        "<think>They</think><think>want</think>Trip to Lisbon",
        # labels and introductions (open-webui/open-webui#9016, LibreChat's #6608)
        "Title: Trip to Lisbon",
        "**Title:** Trip to Lisbon",
        '**Title**: "Trip to Lisbon"',
        "Title:\nTrip to Lisbon",
        "Conversation title: Trip to Lisbon",
        "Titel: Trip to Lisbon",
        "标题：Trip to Lisbon",
        "عنوان: Trip to Lisbon",
        "Here is a title:\n\n**Trip to Lisbon**",
        'Sure! Here is a title: "Trip to Lisbon"',
        # JSON, as Open WebUI's prompt asks for it, and other wrappings
        '{"title": "Trip to Lisbon"}',
        '```json\n{"title": "Trip to Lisbon"}\n```',
        '{"titles": ["Trip to Lisbon", "Portugal"]}',
        '{"chat_title": "Trip to Lisbon"}',
        '{"name": "Trip to Lisbon"}',
        "{'title': 'Trip to Lisbon'}",
        '{"title": "Trip to Lisbon',
        "analysisThey want a title.assistantfinalTrip to Lisbon",
        "1. Trip to Lisbon\n2. Lisbon and its trams",
        "1) **Trip to Lisbon**\n2) Portugal",
        "Option 1: Trip to Lisbon\nOption 2: Portugal",
        'The title of this conversation is "Trip to Lisbon".',
        'title = "Trip to Lisbon"',
        "| Trip to Lisbon |",
        "$\\boxed{\\text{Trip to Lisbon}}$",
        "<title>Trip to Lisbon",
        "Trip to Lisbon</title>",
        "**Trip to Lisbon",
        "Trip to Lisbon**",
        '"Trip to Lisbon',
        "...\nTrip to Lisbon",
        "```text\nTrip to Lisbon\n```",
        "<title>Trip to Lisbon</title>",
        "[Trip to Lisbon](https://example.org)",
        "---\nTrip to Lisbon",
        "• Trip to Lisbon",
        '"Trip to Lisbon".',
        "»Trip to Lisbon«",
        "„Trip to Lisbon”",
        "「Trip to Lisbon」",
        "&quot;Trip to Lisbon&quot;",
        "Trip to Lisbon<|im_end|>",
        "Trip to Lisbon</s>",
        "Trip to Lisbon<end_of_turn>",
        "<start_of_turn>model\nTrip to Lisbon",
        "<｜end▁of▁sentence｜>Trip to Lisbon",
        "Trip to Lisbon [/INST]",
        f"<|channel|>analysis<|message|>{THOUGHT}<|start|>assistant<|channel|>final<|message|>Trip to Lisbon",
        "Here is my thought process:\nShort.\nHere is my response:\nTrip to Lisbon",
        # further introductions, labels and wrappings
        "The title is: Trip to Lisbon",
        'A concise title for this conversation is: "Trip to Lisbon"',
        "Title - Trip to Lisbon",
        "[Title] Trip to Lisbon",
        "# Title\nTrip to Lisbon",
        "Reasoning: they want a trip.\nTitle: Trip to Lisbon",
        "Assistant: Trip to Lisbon",
        "Заголовок: Trip to Lisbon",
        "Başlık: Trip to Lisbon",
        '["Trip to Lisbon"]',
        "Trip to Lisbon.",
        "“Trip to Lisbon.”",
        "\ufeffTrip to Lisbon\u200b",
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
        "Titles of nobility",
        "Python: a title in a plot",
        "1. FC Köln",
        "«Le Monde» and «Figaro»",
        "Here it is",
        "A > B",
        "What <title> does",
        "The title",
        "A title: how to find one in a book",
        "Made in the U.S.",
        "And then...",
        "[WIP] A draft [2]",
        "Title",
        'Was "Name": "Otto" bedeutet',
        "**kwargs in Python",
        'A monitor of 27"',
        "None of the above",
        "{{ jinja }} templates",
        "{} in JavaScript",
        'The meaning of "parameters": an essay',
    ],
)
def test_marks_that_belong_to_a_title_stay(title: str) -> None:
    assert title_in(title) == title


@pytest.mark.parametrize(
    "answer",
    [
        "",
        " \n",
        "<think>They want",
        f"{THOUGHT}",
        '""',
        "****",
        "...",
        "…",
        "None",
        "N/A.",
        "Untitled",
        "New Chat",
        "{}",
        '{"title": null}',
        '{"title": ""}',
        '{"answer": "Hello"}',
        '<tool_call>{"name": "search", "arguments": {}}</tool_call>',
        '{"name": "search", "parameters": {}}',
    ],
)
def test_an_answer_without_a_title_gives_none(answer: str) -> None:
    assert title_in(answer) == ""


@pytest.mark.parametrize("mark", ["<think>", "</think>", "**a", '"', "*_", "# ", "analysis", '{"title": "'])
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
