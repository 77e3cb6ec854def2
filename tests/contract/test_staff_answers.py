"""Tool calls that staff decide on: the owner waits, and the admin answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chat.models import AuditLogEntry, PersonRequest
from chat.testing import ScriptedModel
from tests.contract.expect import assert_problem
from tests.contract.waits import payment, reply, settings, waiting
from tests.live.client import Client
from tests.live.harness import LiveServer
from tests.live.staff import staff_cookies
from tests.live.transports import SSE

ENV = settings(CHAT_TOOL_POLICY='{"pay": "staff"}')


@pytest.fixture
def server(live: None, servers: Any) -> Any:
    return servers.keep(**ENV)


def decide(server: LiveServer, request: str, action: str) -> httpx.Response:
    """Let a superuser decide on a request in the admin."""
    key = PersonRequest.objects.get(public_id=request).pk
    address = f"/admin/chat/personrequest/{key}/{action}/"
    with httpx.Client(base_url=server.url, cookies=staff_cookies(server)) as http:
        page = http.get(address).text
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        return http.post(address, data={"csrfmiddlewaretoken": token, "reason": "It is due"})


def test_the_owner_sees_that_staff_decide_and_cannot_answer(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(model, alice, *payment())
    assert request["by"] == "staff"
    assert {"arguments", "editable"}.isdisjoint(request)
    for outcome in ("approved", "rejected"):
        assert_problem(reply(alice, response, request, outcome), "bad_request", 400)
    [thread] = alice.get("/api/threads").json()["threads"]
    assert (thread["activeResponseId"], thread["waiting"]) == (response, False)
    alice.stop(response)
    assert alice.response(response)["status"] == "stopped"


def test_an_approval_in_the_admin_of_another_process_lets_the_answer_go_on(
    model: ScriptedModel, alice: Client, servers: Any
) -> None:
    response, [request] = waiting(model, alice, *payment())
    stream = SSE.follow(alice, response)
    assert decide(servers.keep(2, **ENV), request["requestId"], "approve").status_code == 302
    assert stream.rest().text == b"I pay. Paid."
    assert "paid 5" in model.requests[1].messages[-1]["content"]
    row = PersonRequest.objects.get(public_id=request["requestId"])
    entry = AuditLogEntry.objects.get(kind="personrequest", object_pk=row.pk, action="approved")
    assert row.answered_by is not None
    assert entry.username == row.answered_by.username
    assert (entry.reason, entry.owner_name) == ("It is due", alice.username)


def test_a_rejection_in_the_admin_is_told_to_the_model(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(model, alice, *payment())
    decide(alice.server, request["requestId"], "reject")
    alice.wait_until(response, "done")
    assert "Staff rejected this call: It is due" in model.requests[1].messages[-1]["content"]


def test_what_the_owner_allowed_before_does_not_decide_for_staff(
    model: ScriptedModel, alice: Client, servers: Any
) -> None:
    lenient = alice.at(servers.keep(**settings()))
    response, [request] = waiting(model, lenient, *payment(), thread="shared")
    reply(lenient, response, request, "approved", forThread=True)
    lenient.wait_until(response, "done")
    _, [later] = waiting(model, alice, *payment(call="call_2"), thread="shared")
    assert later["by"] == "staff"
