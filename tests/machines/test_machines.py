"""Three hosts on one database: any of them serves any answer, and none is lost with a host, the broker or the database."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Stall, broken
from tests.live.client import Client, new_id
from tests.live.harness import eventually
from tests.live.transports import C1, SSE
from tests.machines.hosts import Machines

pytestmark = pytest.mark.long

# Seconds for which a host is cut off: three leases.
CUT_SECONDS = 60.0
# Seconds for an orphan to be ended: two leases and a heartbeat, on a busy machine.
REAPED_SECONDS = 90.0


@pytest.fixture(scope="module")
def client(made: Machines) -> Iterator[Client]:
    with contextlib.closing(made.client()) as own:
        yield own


@pytest.fixture
def script(scripted_model: ScriptedModel) -> Iterator[ScriptedModel]:
    yield scripted_model
    scripted_model.reset()


def stored(made: Machines, response: str) -> tuple[Any, ...]:
    """Return what may not change once a response has ended: its status, epoch, and lengths of log and chunks."""
    rows = made.primary.query(
        "SELECT status, lease_epoch, log_length, finished_at, "
        "(SELECT sum(stop - start) FROM chat_chunk WHERE response_id = r.id) FROM chat_response r "
        "WHERE public_id = %s",
        response,
    )
    return rows[0]


def test_send_on_one_host_follow_on_another_and_stop_on_a_third(
    made: Machines, client: Client, script: ScriptedModel
) -> None:
    response = new_id("r")
    script.script(broken("Hello", Stall()))
    sender = SSE.send(client, response=response).until("Hello")
    follower = C1.follow(client.at(made.hosts[1]), response).until("Hello")  # type: ignore[arg-type]
    assert client.at(made.hosts[2]).stop(response).json() == {"status": "stopped"}  # type: ignore[arg-type]
    assert (sender.rest().text, follower.rest().text) == (b"Hello", b"Hello")
    assert script.requests[0].wait_until_left()


def test_a_notification_costs_a_host_nothing_where_nobody_reads(
    made: Machines, client: Client, script: ScriptedModel
) -> None:
    script.script(*[answer("Hello") for _ in range(20)])
    before = [host.figure("chat_received_notifications") for host in made.hosts]
    for _ in range(20):
        response = new_id("r")
        sender = SSE.send(client, response=response).until("Hello")
        assert SSE.follow(client.at(made.hosts[1]), response).rest().text == b"Hello"  # type: ignore[arg-type]
        assert sender.rest().text == b"Hello"
    eventually(lambda: made.hosts[1].figure("chat_received_notifications") - before[1] >= 20)
    # Each of both processes hears its own clock now and then.
    assert made.hosts[2].figure("chat_received_notifications") - before[2] <= 8


def test_a_host_that_is_cut_off_for_a_minute_ends_its_answer_once_and_writes_nothing_more(
    made: Machines, client: Client, script: ScriptedModel
) -> None:
    gate, response, thread = Gate(), new_id("r"), new_id("t")
    script.script(answer("Before. ", gate, "After."), answer("Again."))
    elsewhere = client.at(made.hosts[1])  # type: ignore[arg-type]
    sender = SSE.send(client, thread=thread, response=response).until("Before. ")
    SSE.follow(elsewhere, response).until("Before. ").close()
    ends = time.monotonic() + CUT_SECONDS
    with made.hosts[0].host.cut_off():
        gate.open()
        received = SSE.follow(elsewhere, response, offset=len("Before. ")).rest()
        assert (received.text, received.end["status"]) == (b"", "interrupted")
        final = stored(made, response)
        eventually(lambda: time.monotonic() > ends, CUT_SECONDS + 1)
    sender.close()
    made.hosts[0].wait_until_ready()
    eventually(lambda: made.hosts[0].figure("chat_active_responses") == 0, REAPED_SECONDS)
    assert stored(made, response) == final
    assert SSE.send(client, thread=thread).rest().text == b"Again."
    assert sum(host.log.count("status=interrupted") for host in made.hosts) == 1


def test_without_the_broker_followers_elsewhere_get_every_byte(
    made: Machines, client: Client, script: ScriptedModel
) -> None:
    gate, response = Gate(), new_id("r")
    script.script(answer("Before. ", gate, "After."))
    sender = SSE.send(client, response=response).until("Before. ")
    follower = SSE.follow(client.at(made.hosts[1]), response).until("Before. ")  # type: ignore[arg-type]
    made.kill_broker()
    gate.open()
    assert sender.rest().text == follower.rest().text == b"Before. After."
    made.start_broker()


def test_an_answer_goes_on_over_a_promoted_replica(
    made: Machines, client: Client, script: ScriptedModel
) -> None:
    gate, response = Gate(), new_id("r")
    script.script(answer("Before. ", gate, "After."))
    sender = SSE.send(client, response=response).until("Before. ")
    SSE.follow(client.at(made.hosts[1]), response).until("Before. ").close()  # type: ignore[arg-type]
    made.fail_over()
    gate.open()
    assert sender.rest().text == b"Before. After."
    again = SSE.follow(client.at(made.hosts[2]), response).rest()  # type: ignore[arg-type]
    assert (again.text, again.end["status"]) == (b"Before. After.", "done")
