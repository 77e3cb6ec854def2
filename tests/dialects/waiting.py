"""Responses that wait for a person, in the dialects: servers whose tools ask, and prompts whose answers wait."""

from __future__ import annotations

from typing import Any

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.live.client import Client, Json

# Of the fixtures' tools: `pay` and `transfer` ask for approval, `book` asks with a form.
SETTINGS = {
    "CHAT_APPS": "tests.fixtures",
    "CHAT_TOOLS": "pay,transfer,book,calculate",
    "CHAT_THINK_ITEMS": "off",
    "CHAT_ACTIVE_PER_USER": "20",
}

PAY = Call("pay", '{"amount": 5}', "call_pay")
TRANSFER = Call("transfer", '{"amount": 7}', "call_transfer", index=1)
BOOK = Call("book", '{"place": "Lisbon"}', "call_book")
LOOK = Call("look", '{"town": "Rome"}', "call_look")
LOOK_TOO = Call("look", '{"town": "Rome"}', "call_look", index=1)
FORM = {"guests": 2, "day": "2027-01-02"}

# A tool of the client's own, in each dialect's form.
PARAMETERS: Json = {"type": "object", "properties": {"town": {"type": "string"}}}
LOOK_TOOL: Json = {"name": "look", "description": "Look around.", "parameters": PARAMETERS}


def script(model: ScriptedModel, *calls: Call, then: str = "Done.") -> None:
    """Let the model call tools, and answer once all have a result."""
    model.script(tool_round(*calls, text="So: "), answer(then))


def result(model: ScriptedModel) -> str:
    """Return the last result of a call as the model got it."""
    return str(model.requests[-1].messages[-1]["content"])


def results(model: ScriptedModel) -> str:
    """Return the results of all calls of the last round, in any order."""
    return " ".join(str(one["content"]) for one in model.requests[-1].messages if one["role"] == "tool")


def answer_elsewhere(client: Client, response: str, outcome: str = "approved", **more: Any) -> None:
    """Answer what a response waits for by this server's own route."""
    [request] = client.wait_until(response, "waiting")["requests"]
    body = {"requestId": request["requestId"], "outcome": outcome, **more}
    answered = client.http.post(f"/api/responses/{response}/answers", json=body)
    assert answered.status_code == 200, answered.text
