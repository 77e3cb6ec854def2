"""The log line of an ended response: enough to see what failed, and none of what was said."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.models import Response
from chat.testing import ScriptedModel, answer
from chat.testing.script import Script, Stall, broken, refusal
from tests.contract import waits
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, eventually
from tests.live.transports import SSE

CANARY = "canary-of-the-log"


def logged_end(server: LiveServer, response: int) -> dict[str, str]:
    """Return the fields of the line about the end of a response."""
    pattern = rf"action=response_ended response={response} .*"
    line = eventually(lambda: re.search(pattern, server.log), says="the end was not logged")
    return dict(pair.split("=", 1) for pair in line[0].split())


def primary_key(client: Client, public_id: str) -> int:
    return Response.objects.get(owner__username=client.username, public_id=public_id).pk


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (answer(f"{CANARY} Hello"), {"status": "done", "code": "-", "bytes": "23"}),
        (refusal(401), {"status": "failed", "code": "model_failed", "first_token_s": "-", "bytes": "0"}),
        (refusal(503, retry_after=9), {"status": "failed", "code": "unavailable"}),
    ],
    ids=["done", "refused", "overloaded"],
)
def test_the_end_of_a_response_is_logged_with_model_code_and_durations(
    model: ScriptedModel, server: LiveServer, alice: Client, script: Script, expected: dict[str, str]
) -> None:
    model.script(script)
    alice.chat(CANARY, response=(response := new_id("r")))
    line = logged_end(server, primary_key(alice, response))
    assert line.items() >= {"model": "c1", **expected}.items()
    assert float(line["whole_s"]) >= 0
    assert {"thread", "user"} <= line.keys()
    assert CANARY not in server.log


def test_a_stopped_response_is_logged_as_stopped(
    model: ScriptedModel, server: LiveServer, alice: Client
) -> None:
    model.script(broken("Old!", Stall()))
    reader: Any = SSE.send(alice, response=(response := new_id("r"))).until("Old!")
    alice.stop(response)
    reader.rest()
    line = logged_end(server, primary_key(alice, response))
    assert (line["status"], line["code"]) == ("stopped", "-")
    assert float(line["first_token_s"]) <= float(line["whole_s"])


def test_a_response_that_waits_and_is_stopped_is_logged_once(
    model: ScriptedModel, servers: Any, make_client: Any
) -> None:
    server = servers.keep(**waits.settings())
    client: Client = make_client(server)
    response, _ = waits.waiting(model, client, *waits.payment())
    client.stop(response)
    key = primary_key(client, response)
    assert logged_end(server, key)["status"] == "stopped"
    assert server.log.count(f"action=response_ended response={key} ") == 1
