"""An answer that comes before its own process knows that the response waits."""

from __future__ import annotations

from typing import Any

from chat.testing import ScriptedModel
from tests.contract.waits import payment, reply, settings, waiting
from tests.faults.fault_server import LEASE, start_fault_server


def test_a_response_goes_on_that_was_answered_before_its_process_knew_that_it_waits(
    model: ScriptedModel, live: None, servers: Any, make_client: Any
) -> None:
    with start_fault_server(servers, "late_wait", **settings(CHAT_LEASE_SECONDS=LEASE)) as server:
        client = make_client(server)
        response, requests = waiting(model, client, *payment())
        assert reply(client, response, requests[0], "approved").status_code == 200
        assert client.wait_until(response, "done")
