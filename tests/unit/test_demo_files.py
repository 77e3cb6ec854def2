"""The demo's answers about files: by the search tool, or by the text that the request holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.demo.blocks import Calls, DemoAnswer
from chat.demo.conversation import from_chat
from chat.demo.replies import reply
from tests.unit.test_demo import offered

QUERY = {"type": "object", "properties": {"query": {"type": "string"}}}
BOOK = '<file name="book.pdf" pages="2">\n[page 1]\nSums are 1-70.\n[page 2]\nZebras live here.\n</file>'


def asked(question: str, *parts: str, results: tuple[Any, ...] = (), tools: bool = True) -> Any:
    content = [{"type": "text", "text": text} for text in (question, *parts)]
    messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
    for result in results:
        call = {"id": "c", "type": "function", "function": {"name": "search_files", "arguments": "{}"}}
        messages += [{"role": "assistant", "content": None, "tool_calls": [call]}]
        messages += [{"role": "tool", "tool_call_id": "c", "content": json.dumps(result)}]
    own = {"tools": offered(("search_threads", QUERY), ("search_files", QUERY))} if tools else {}
    return reply(from_chat({"messages": messages, **own}))


@pytest.mark.parametrize("parts", [(BOOK,), ()])
def test_a_question_about_a_file_is_searched_by_its_own_words(parts: tuple[str, ...]) -> None:
    made = asked("On which page of book.pdf are the zebras?", *parts)
    assert isinstance(made, Calls)
    assert (made.calls[0].name, json.loads(made.calls[0].arguments)) == ("search_files", {"query": "zebras"})


def title_of(made: Any) -> Any:
    assert isinstance(made, DemoAnswer)
    return made.blocks[0].arguments[0]


def test_the_answer_names_file_and_page_of_what_was_found() -> None:
    found = [{"file": "costs.xlsx", "place": "sheet Costs, rows 2-9", "text": "Tea\t2\nTotal\t4498500\n"}]
    made = asked("What is the total in costs.xlsx?", results=(found,))
    assert title_of(made) == "costs.xlsx, sheet Costs, rows 2-9"
    assert made.blocks[1].arguments[0]["There it says"] == ["Total\t4498500"]


def test_a_file_that_is_whole_in_the_request_is_read_there() -> None:
    assert title_of(asked("Where are the zebras?", BOOK, tools=False)) == "book.pdf, page 2"
    assert title_of(asked("Wo sind Zebras in book.pdf?", BOOK, tools=False)) == "book.pdf, page 2"


def test_what_stands_in_no_file_is_said_so() -> None:
    assert "Nothing" in title_of(asked("Where are the lions in my files?", results=([],)))
    assert "Nothing" in title_of(asked("Where are the lions?", BOOK, tools=False))
