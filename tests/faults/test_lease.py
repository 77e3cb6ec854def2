"""An owner that lost its lease writes nothing more, and does not disturb other responses of its process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now

from chat.models import Response
from chat.responses import lifecycle
from chat.testing import Gate, ScriptedModel, answer
from tests.contract.expect import APPLE, pieces_of
from tests.faults.fault_server import LEASE, MAX_ACTIVE, query_rows, row, wait_until_stored
from tests.live.checks import assert_valid_log
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, LiveServers, eventually
from tests.live.transports import SOCKET, SSE

# Jumps of the clock: before each renewal another process may find the lease expired.
JUMPS = 8


@pytest.fixture
def short(live: None, servers: LiveServers) -> Any:
    return servers.keep(CHAT_LEASE_SECONDS=LEASE, CHAT_ACTIVE_PER_USER=MAX_ACTIVE)


@pytest.fixture
def client(make_client: Any, short: LiveServer) -> Any:
    return make_client(short)


def taken_away(response: Response) -> None:
    """Take a response over as another process does that believes its owner dead."""
    with transaction.atomic():
        assert lifecycle.finish_orphan(response.pk, expired=False)


def begin(model: ScriptedModel, client: Client, text: str) -> tuple[str, Gate, Any]:
    response, gate = new_id("r"), Gate()
    model.script(answer(text, gate, *pieces_of(APPLE)))
    reader = SSE.send(client, response=response).until(text)
    wait_until_stored(client, response, len(text))
    return response, gate, reader


def test_an_end_that_another_process_wrote_is_not_reported_by_the_former_owner(
    model: ScriptedModel, client: Client, short: LiveServer
) -> None:
    lost, gate, reader = begin(model, client, "Lost. ")
    taken_away(row(client, lost))
    gate.open()
    assert reader.rest().end["status"] == "interrupted"
    assert f"action=response_ended response={row(client, lost).pk} " not in short.log


def test_an_owner_that_was_fenced_off_writes_nothing_more_and_others_go_on(
    model: ScriptedModel, client: Client
) -> None:
    lost, lost_gate, reader = begin(model, client, "Lost. ")
    kept, kept_gate, other = begin(model, client, "Kept. ")
    taken_away(row(client, lost))
    lost_gate.open()
    received = reader.rest()
    kept_gate.open()
    assert other.rest().text.decode() == "Kept. " + APPLE
    assert (received.end["status"], received.end["keptOffset"]) == ("interrupted", 6)
    assert [SSE.follow(client, response).rest().text.decode() for response in (lost, kept)] == [
        "Lost. ",
        "Kept. " + APPLE,
    ]
    for response in (lost, kept):
        assert_valid_log(row(client, response))


def test_an_owner_that_was_fenced_off_while_the_model_is_silent_leaves_it(
    model: ScriptedModel, client: Client
) -> None:
    lost, gate, reader = begin(model, client, "Lost. ")
    follower = SOCKET.follow(client, lost).until("Lost. ")
    taken_away(row(client, lost))
    assert model.requests[0].wait_until_left()
    assert {one.rest().end["status"] for one in (reader, follower)} == {"interrupted"}
    gate.open()
    assert row(client, lost).log_length == 6


def test_a_response_without_a_valid_owner_is_ended_by_the_reaper(
    model: ScriptedModel, client: Client
) -> None:
    lost, gate, reader = begin(model, client, "Lost. ")
    query_rows(f"UPDATE chat_response SET lease_epoch = lease_epoch + 1 WHERE id = {row(client, lost).pk}")
    gate.open()
    received = reader.rest()
    assert (received.end["status"], received.end["keptOffset"]) == ("interrupted", 6)
    assert_valid_log(row(client, lost))


def test_a_stop_asked_for_before_the_death_makes_it_a_stop(model: ScriptedModel, client: Client) -> None:
    lost, gate, reader = begin(model, client, "Lost. ")
    with transaction.atomic():
        query_rows(
            f"UPDATE chat_response SET lease_epoch = lease_epoch + 1, stop_requested_at = now(), "
            f"stop_offset = 4 WHERE id = {row(client, lost).pk}"
        )
    gate.open()
    assert (reader.rest().end["status"], client.response(lost)["keptOffset"]) == ("stopped", 4)


def test_a_jump_of_the_databases_clock_ends_no_running_response(
    model: ScriptedModel, client: Client, servers: LiveServers
) -> None:
    servers.keep(number=2, CHAT_LEASE_SECONDS=LEASE, CHAT_ACTIVE_PER_USER=MAX_ACTIVE)
    response, gate, reader = begin(model, client, "Before. ")
    rows = Response.objects.filter(pk=row(client, response).pk)
    for _ in range(JUMPS):
        rows.update(lease_until=Now() - timedelta(hours=1))
        eventually(lambda: rows.filter(lease_until__gt=Now()) or rows.exclude(status="streaming"))
    gate.open()
    assert reader.rest().end["status"] == "done"
