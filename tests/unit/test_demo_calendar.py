"""The demo model's calendar: a call that asks for approval, and what the demo says of its end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.demo.blocks import Calls
from chat.demo.conversation import from_chat
from chat.demo.formats import write
from chat.demo.replies import reply
from tests.unit.test_demo import offered

CALENDAR = {"type": "object", "properties": {name: {"type": "string"} for name in ("title", "day", "time")}}


def entered(question: str, result: str | None = None) -> Any:
    """Return the reply to a wish for an entry, before or after the calendar's result."""
    messages: list[Any] = [{"role": "user", "content": question}]
    if result is not None:
        call = {"id": "c", "function": {"name": "add_to_calendar", "arguments": "{}"}}
        messages += [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": result},
        ]
    return reply(from_chat({"messages": messages, "tools": offered(("add_to_calendar", CALENDAR))}))


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("Put a dinner in my calendar", "Dinner"),
        ("Trage ein Abendessen in meinen Kalender ein", "Abendessen"),
        ("ضع عشاء في التقويم", "Dinner at Café Olé"),
    ],
)
def test_an_entry_in_the_calendar_is_a_call_of_its_tool(question: str, title: str) -> None:
    made = entered(question)
    assert isinstance(made, Calls)
    assert json.loads(made.calls[0].arguments)["title"] == title


def test_an_entry_is_shown_as_it_was_approved_and_a_refused_one_is_not() -> None:
    entry = '{"title": "Lunch", "day": "2027-01-04", "time": "12:30"}'
    assert "Lunch" in write(entered("Put a dinner in my calendar", entry))
    assert "Monday, 4 January 2027" in write(entered("Put a dinner in my calendar", entry))
    refused = write(entered("Put a dinner in my calendar", '{"error": "The user rejected this call."}'))
    assert "Nothing was entered" in refused
