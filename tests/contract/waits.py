"""Responses that wait for a person, as the contract's tests make and answer them."""

from __future__ import annotations

from typing import Any

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.live.client import Client, Json, new_id
from tests.live.transports import SSE

TOOLS = "pay,transfer,book,shout,calculate"
# Arguments of a call that waits for approval.
PAY = '{"amount": 5}'


def settings(**more: str) -> dict[str, str]:
    return {
        "CHAT_APPS": "tests.fixtures",
        "CHAT_TOOLS": TOOLS,
        "CHAT_THINK_ITEMS": "off",
        "CHAT_ACTIVE_PER_USER": "20",
        **more,
    }


def waiting(model: ScriptedModel, client: Client, *rounds: Any, **body: Any) -> tuple[str, list[Json]]:
    """Send a prompt whose answer waits; return the response's id and its open requests."""
    model.script(*rounds)
    response = new_id("r")
    SSE.send(client, response=response, **body)
    state = client.wait_until(response, "waiting")
    return response, state["requests"]


def reply(client: Client, response: str, request: Json, outcome: str, **more: Any) -> Any:
    body = {"requestId": request["requestId"], "outcome": outcome, **more}
    return client.http.post(f"/api/responses/{response}/answers", json=body)


def payment(*after: str, call: str = "call_pay") -> tuple[Any, Any]:
    return tool_round(Call("pay", PAY, call), text="I pay. "), answer(*(after or ("Paid.",)))
