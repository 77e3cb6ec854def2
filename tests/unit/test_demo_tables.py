"""The demo model's table as a file: the call of its tool, and what the demo says of its end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.demo.blocks import Calls
from chat.demo.conversation import from_chat
from chat.demo.formats import write
from chat.demo.replies import reply
from tests.unit.test_demo import offered

FILE = {"type": "object", "properties": {name: {"type": "string"} for name in ("name", "csv")}}


def made(question: str, result: str | None = None) -> Any:
    messages: list[Any] = [{"role": "user", "content": question}]
    if result is not None:
        call = {"id": "c", "function": {"name": "make_table_file", "arguments": "{}"}}
        messages += [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": result},
        ]
    return reply(from_chat({"messages": messages, "tools": offered(("make_table_file", FILE))}))


@pytest.mark.parametrize(
    ("question", "name", "first"),
    [
        ("Give me the sales as a file", "sales-by-region.csv", "Region,This year,Last year\nNorth,412,371\n"),
        ("Gib mir den Umsatz als Datei", "umsatz-nach-region.csv", "Region,Dieses Jahr,Letztes Jahr\nNord,"),
    ],
)
def test_figures_as_a_file_are_a_call_of_its_tool(question: str, name: str, first: str) -> None:
    calls = made(question)
    assert isinstance(calls, Calls)
    given = json.loads(calls.calls[0].arguments)
    assert given["name"] == name
    assert given["csv"].startswith(first)


def test_a_file_that_was_made_is_said_to_be_there_and_a_failed_one_not() -> None:
    assert "The file stands below" in write(made("Give me the sales as a file", '{"given": "sales.csv"}'))
    assert "There is no file" in write(made("Give me the sales as a file", '{"error": "no room"}'))
