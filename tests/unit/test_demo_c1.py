"""The demo model for a page that draws with Thesys' client: the same answers in C1's own components."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.demo.blocks import DemoAnswer
from chat.demo.conversation import DemoRequest
from chat.demo.formats import in_c1, write
from chat.demo.replies import reply
from tests.unit.test_demo import QUESTIONS, program

KNOWN = {
    "Card", "Header", "TextContent", "CalloutV2", "BarChart", "Steps", "StepsItem",
    "Form", "FormControl", "Input", "ButtonGroup", "Button", "FollowUpBlock",
}  # fmt: skip
"""What C1's client was seen to draw; it leaves out the rest or breaks at it."""


def c1_program(words: str, **more: Any) -> str:
    said = reply(DemoRequest(words, (), **more))
    assert isinstance(said, DemoAnswer)
    return write(said, in_c1)


@pytest.mark.parametrize("question", [words for words in QUESTIONS if "demo" not in words])
def test_every_answer_is_made_of_components_of_its_client(question: str) -> None:
    lines = c1_program(question).splitlines()
    assert {line.split(" = ")[1].split("(")[0] for line in lines} <= KNOWN


def test_no_figure_and_no_word_is_lost_on_the_way() -> None:
    words = re.compile(r"[A-Za-zü]{4,}|\d{2,}")
    spoken = set(words.findall(c1_program("Show me sales by region")))
    told = [
        re.sub(r"^\w+ = \w+\(|\w+\d\b", "", line) for line in program("Show me sales by region").splitlines()
    ]
    assert set(words.findall(" ".join(told))) - spoken <= {"string", "number", "Region", "small"}


def test_a_form_asks_for_the_same_values_and_names_its_button() -> None:
    written = c1_program("a form to book a table")
    assert re.findall(r'Input\("(\w+)", \{required: (\w+)\}', written) == [
        ("name", "true"), ("date", "true"), ("time", "true"), ("guests", "true"), ("wishes", "false"),
    ]  # fmt: skip
    assert (
        'Button("Book the table", {type: "continue_conversation", context: "User clicked: Book the table"}'
        in written
    )


def test_foreign_words_are_no_markdown_and_break_no_table() -> None:
    trap = "![x](http://evil.example/a.png) | <b>\n| new row"
    written = c1_program("Book the table", values={"time": trap, "guests": "4", "name": trap})
    tables = [line for line in written.splitlines() if "| What" in line]
    assert len(tables) == 1
    assert "\\\\!\\\\[x\\\\]\\\\(http" in tables[0]
    assert not re.search(r"(?<!\\)[!\[<]", re.sub(r"^\w+ = ", "", tables[0]))
    assert tables[0].count("\\n") == 4
