"""A database that takes no writes or no connections, no descriptors: text is kept, prompts wait, all goes on by itself."""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.faults.fault_server import MAX_ACTIVE, cut_connections, refused, with_application_name
from tests.live.client import new_id
from tests.live.harness import (
    LiveServer,
    LiveServers,
    administer,
    created_database,
    database_url,
    eventually,
    using_database,
)
from tests.live.transports import SSE

NAME = "exhausted"


@pytest.fixture(scope="module")
def database(live_database: str, migrated_template: str, django_db_blocker: Any) -> Iterator[str]:
    """Provide a database of its own, which a test makes read-only or takes the connections from."""
    with django_db_blocker.unblock(), created_database(f"{live_database}_{NAME}", migrated_template) as name:
        yield name


@pytest.fixture
def watched(live: None, database: str, servers: LiveServers) -> Iterator[LiveServer]:
    url = with_application_name(database_url(database), NAME)
    with (
        using_database(database),
        servers.own(DATABASE_URL=url, CHAT_ACTIVE_PER_USER=MAX_ACTIVE) as server,
    ):
        yield server


@contextlib.contextmanager
def read_only(database: str) -> Iterator[None]:
    """Let new connections of the database write nothing within the block, and cut the open ones."""
    administer(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
    try:
        cut_connections(NAME)
        yield
    finally:
        administer(f'ALTER DATABASE "{database}" RESET default_transaction_read_only')


@contextlib.contextmanager
def no_connections(database: str) -> Iterator[None]:
    """Let the database take no connection more within the block, and cut those of the server."""
    administer(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
    try:
        cut_connections(NAME)
        yield
    finally:
        administer(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')


@pytest.mark.parametrize("trouble", [read_only, no_connections])
def test_text_is_kept_and_prompts_are_refused_until_it_is_over(
    model: ScriptedModel, make_client: Any, watched: LiveServer, database: str, trouble: Any
) -> None:
    client, gates, response = make_client(watched), [Gate(), Gate()], new_id("r")
    model.script(answer("Before. ", gates[0], "Meanwhile. ", gates[1], "After."))
    reader = SSE.send(client, response=response).until("Before. ")
    with trouble(database):
        eventually(lambda: refused(client))
        gates[0].open()
        reader.until("Meanwhile. ")
    gates[1].open()
    received = reader.rest()
    assert (received.text, received.end["status"]) == (b"Before. Meanwhile. After.", "done")
    eventually(lambda: not refused(client))
    assert "action=database_unavailable" in watched.log
    assert trouble is no_connections or "it takes no writes, for it is a standby or read-only" in watched.log


def test_open_streams_outlive_a_lack_of_descriptors(
    model: ScriptedModel, make_client: Any, watched: LiveServer
) -> None:
    client, gate, response = make_client(watched), Gate(), new_id("r")
    model.script(answer("Before. ", gate, "After."))
    reader = SSE.send(client, response=response).until("Before. ")
    assert not refused(client)
    limits = resource.prlimit(watched.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(watched.pid, resource.RLIMIT_NOFILE, (watched.descriptors() + 3, limits[1]))
    address = ("127.0.0.1", watched.listener.getsockname()[1])
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(address))
        gate.open()
        received = reader.rest()
    resource.prlimit(watched.pid, resource.RLIMIT_NOFILE, limits)
    assert (received.text, received.end["status"]) == (b"Before. After.", "done")
    eventually(lambda: not refused(client))
