"""CHAT_DURABLE: `kill -9` in the middle of a stream loses nothing that any reader saw."""

from __future__ import annotations

import contextlib
import http.client
from typing import Any

import pytest

from chat.models import Chunk
from chat.testing import ScriptedModel
from chat.testing.script import PacedSteps, Text, broken
from tests.faults.fault_server import LEASE, MAX_ACTIVE, row
from tests.live.client import Client
from tests.live.harness import LiveServers
from tests.live.transports import C1, SSE

DELTAS = [f"{number:04d}é" for number in range(2_000)]
# Seconds: seven deltas come between two commits.
PAUSE = 0.002


@pytest.mark.live
@pytest.mark.parametrize(
    "deltas", [40, *(pytest.param(count, marks=pytest.mark.long) for count in (1, 7, 100, 333, 900))]
)
def test_kill_9_loses_nothing_that_any_reader_saw(
    live: None, servers: LiveServers, model: ScriptedModel, make_client: Any, deltas: int
) -> None:
    observer: Client = make_client(servers.keep(CHAT_LEASE_SECONDS=LEASE, CHAT_ACTIVE_PER_USER=MAX_ACTIVE))
    with servers.own(CHAT_DURABLE="1", CHAT_LEASE_SECONDS=LEASE, CHAT_ACTIVE_PER_USER=MAX_ACTIVE) as victim:
        client = observer.at(victim)
        model.script(*[broken(PacedSteps(map(Text, DELTAS), PAUSE)) for _ in range(6)])
        ways = [C1, SSE] * 3
        names = [f"r-{number}" for number in range(len(ways))]
        readers = [way.send(client, response=name) for way, name in zip(ways, names, strict=True)]
        for reader, some in zip(readers, [1] * 5 + [deltas], strict=True):
            reader.until("".join(DELTAS[:some]))
        victim.kill9()
        for reader in readers:
            with contextlib.suppress(http.client.HTTPException, OSError):
                reader.rest()
    for name, reader in zip(names, readers, strict=True):
        observer.wait_until(name, "interrupted")
        chunks = Chunk.objects.filter(response=row(observer, name)).order_by("start")
        stored = b"".join(bytes(data) for data in chunks.values_list("data", flat=True))
        assert stored.startswith(reader.received.text), name
        assert "".join(DELTAS).encode().startswith(stored), name
    assert len(readers[-1].received.text) >= len("".join(DELTAS[:deltas]).encode())
