"""Responses that wait, under answers, stops, new prompts, deadlines and kills that come at once from all sides.

INTERLEAVINGS=200 in the environment makes more runs, with other seeds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any

import httpx

from chat.models import PersonRequest, Response
from chat.testing import Call, ScriptedModel, answer, tool_round
from chat.testing.model_server import Received
from chat.testing.script import Script
from tests.live.checks import assert_valid_log
from tests.live.client import Client, body_of, new_id
from tests.live.harness import LiveServer, LiveServers, eventually
from tests.live.transports import SSE

SEEDS = range(int(os.environ.get("INTERLEAVINGS", "1")))
STEPS = 12
SETTINGS: dict[str, Any] = {
    "CHAT_APPS": "tests.fixtures",
    "CHAT_TOOLS": "pay",
    "CHAT_THINK_ITEMS": "off",
    "CHAT_ACTIVE_PER_USER": "300",
    "CHAT_LEASE_SECONDS": "1",
}
WHOLE = b"Before. After."
ENDS = {"done", "stopped", "interrupted", "waiting"}


def script_for(received: Received) -> Script:
    """Answer with a call that waits, and once that has a result with the rest."""
    if received.messages[-1]["role"] == "tool":
        return answer("After.")
    return tool_round(Call("pay", '{"amount": 5}', new_id("call")), text="Before. ")


class Run:
    """One run: two processes, a user at both, and all responses so far."""

    def __init__(self, seed: int, servers: list[LiveServer], clients: list[Client]) -> None:
        self.random, self.servers, self.clients = Random(seed), servers, clients
        self.responses: list[str] = []
        self.thread = new_id("t")
        self.taken: list[tuple[str, str]] = []

    def client(self) -> Client:
        alive = [client for client in self.clients if client.server.alive()]
        return self.random.choice(alive)

    def send(self) -> Callable[[], Any]:
        client, response = self.client(), new_id("r")
        self.responses.append(response)
        body = body_of(response, thread=self.thread, response=response)
        return lambda: client.http.post("/api/chat", json=body)

    def answer(self) -> Callable[[], Any]:
        client, outcome = self.client(), self.random.choice(["approved", "approved", "rejected"])
        request = PersonRequest.objects.filter(outcome=None).order_by("-pk").first()
        if request is None:
            return lambda: None
        path = f"/api/responses/{request.response.public_id}/answers"
        body = {"requestId": request.public_id, "outcome": outcome}

        def take() -> None:
            if client.http.post(path, json=body).status_code == 200:
                self.taken.append((request.public_id, outcome))

        return take

    def stop(self) -> Callable[[], Any]:
        client, response = self.client(), self.random.choice(self.responses)
        return lambda: client.stop(response)

    def pass_deadline(self) -> Callable[[], Any]:
        PersonRequest.objects.filter(outcome=None).update(deadline="2001-01-01T00:00Z")
        return lambda: None

    def kill(self) -> Callable[[], Any]:
        server = self.random.choice(self.servers)
        server.kill9()
        server.restart()
        return lambda: None

    def step(self, pool: ThreadPoolExecutor) -> None:
        kinds = [self.send, self.answer, self.answer, self.answer, self.stop, self.pass_deadline, self.kill]
        weights = [4, 3, 3, 3, 1, 1, 1]
        chosen = self.random.choices(kinds, weights, k=2)
        for done in [pool.submit(_tolerant, kind()) for kind in chosen]:
            done.result()


def _tolerant(act: Callable[[], Any]) -> None:
    """Act, though the process may be killed meanwhile."""
    try:
        act()
    except httpx.TransportError:
        return


def test_each_response_ends_once_and_holds_each_byte_once(
    model: ScriptedModel, make_client: Any, servers: LiveServers
) -> None:
    model.default(script_for)
    with servers.own(**SETTINGS) as one, servers.own(**SETTINGS) as other:
        client = make_client(one)
        for seed in SEEDS:
            run = Run(seed, [one, other], [client, client.at(other)])
            with ThreadPoolExecutor(4) as pool:
                run.send()()
                for _ in range(STEPS):
                    run.step(pool)
            eventually(partial(_settled, run), says="responses go on")
            for response in run.responses:
                _check(run, client, response)
            _check_calls(model)


def _check_calls(model: ScriptedModel) -> None:
    """Assert that the model was asked at most once to go on after each call."""
    continued = [
        asked.messages[-1]["tool_call_id"] for asked in model.requests if asked.messages[-1]["role"] == "tool"
    ]
    assert len(continued) == len(set(continued)), "an answer was continued twice"


def _settled(run: Run) -> bool:
    rows = Response.objects.filter(public_id__in=run.responses, status__in=("queued", "streaming"))
    return not rows.exists()


def _check(run: Run, client: Client, response: str) -> None:
    row = Response.objects.filter(public_id=response).first()
    if row is None:  # its process was killed before it was stored
        return
    assert row.status in ENDS
    if row.ended:
        received = SSE.follow(client, response).rest()
        assert WHOLE.startswith(received.text), received.text
        assert received.text == WHOLE or row.status != "done"
        assert [name for name, _ in received.events].count("end") == 1
        assert_valid_log(row)
    outcomes = dict(PersonRequest.objects.filter(response=row).values_list("public_id", "outcome"))
    assert (
        all(outcome is not None for outcome in outcomes.values()) == (row.status != "waiting") or not outcomes
    )
    for request, outcome in run.taken:
        assert outcomes.get(request, outcome) == outcome, "an answer that was taken is another one now"
