"""The demo's artifact model, and the calls with which the demo makes and edits documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.demo import documents
from chat.demo.blocks import Calls
from chat.demo.conversation import from_chat
from chat.demo.formats import in_c1, in_openui
from chat.demo.replies import reply
from chat.text import artifacts_of, plain_text
from tests.unit.test_demo import offered

TEXTS = {"type": "object", "properties": {name: {"type": "string"} for name in ("instructions", "kind")}}


def called(question: str) -> tuple[str, dict[str, Any]]:
    tools = offered(("create_artifact", TEXTS), ("edit_artifact", TEXTS))
    made = reply(from_chat({"messages": [{"role": "user", "content": question}], "tools": tools}))
    assert isinstance(made, Calls)
    return made.calls[0].name, json.loads(made.calls[0].arguments)


def written(wish: str, old: str = "", turn: Any = in_openui) -> str:
    thesys = json.dumps({"id": "art_1", "c1_artifact_type": "report"})
    said = [{"role": "assistant", "content": old}] if old else []
    return documents.text(
        {"messages": [*said, {"role": "user", "content": wish}], "metadata": {"thesys": thesys}}, turn
    )


@pytest.mark.parametrize("turn", [in_openui, in_c1])
def test_each_edit_keeps_the_document_and_the_changes_before(turn: Any) -> None:
    first = written("Write a report about the harbour", turn=turn)
    second = written('Add "risks"', first, turn)
    third = written("Make it shorter", second, turn)
    assert [artifacts_of(text)[0].title for text in (first, second, third)] == ["The harbour"] * 3
    assert 'Add "risks"' in plain_text(second)
    assert 'Add "risks"' in plain_text(third)
    assert "Make it shorter" in plain_text(third)


def test_the_demo_calls_the_tool_that_was_meant() -> None:
    assert called("Write a report about the harbour")[0] == "create_artifact"
    assert called("Create slides on the harbour")[1]["kind"] == "slides"
    assert called("Change the report: shorter sentences")[0] == "edit_artifact"
    assert called("Schreibe einen Bericht über den Hafen")[0] == "create_artifact"
