"""Many pages at once, while the database is slow: few connections are used, and the API goes on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from chatproject.page_limit import RUNNING_PAGES, WAITING_PAGES
from tests.faults.fault_server import query_rows, with_application_name
from tests.faults.test_database import CONNECTIONS
from tests.live.harness import THREADS, LiveServer, LiveServers, database_url, eventually

BEYOND = 50


@pytest.fixture
def busy(live: None, servers: LiveServers, live_database: str) -> Iterator[LiveServer]:
    """Provide a server whose connections can be distinguished from others."""
    with servers.own(DATABASE_URL=with_application_name(database_url(live_database), "busy")) as server:
        yield server


def connections() -> int:
    return len(query_rows("SELECT 1 FROM pg_stat_activity WHERE application_name = 'busy'"))


async def visit(server: LiveServer, number: int) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=server.url, limits=limits, timeout=30) as client:
        return await asyncio.gather(*(client.get(f"/s/{index}") for index in range(number)))


def test_pages_share_few_connections_and_are_refused_beyond_a_short_queue(
    busy: LiveServer, live_database: str, make_client: Any
) -> None:
    client = make_client(busy)
    with ThreadPoolExecutor() as pool, psycopg.connect(database_url(live_database)) as other:
        other.execute("LOCK TABLE chat_share IN ACCESS EXCLUSIVE MODE")
        pages = pool.submit(asyncio.run, visit(busy, RUNNING_PAGES + WAITING_PAGES + BEYOND))
        eventually(lambda: busy.log.count("action=page_refused") >= BEYOND)
        assert client.get("/api/threads").status_code == 200
        eventually(lambda: connections() > RUNNING_PAGES, says="the pages do not wait for the database")
        assert connections() <= RUNNING_PAGES + CONNECTIONS
        assert busy.threads() <= THREADS
        other.rollback()
        responses = pages.result()
    statuses = Counter(response.status_code for response in responses)
    assert set(statuses) == {404, 503}
    assert statuses[503] >= BEYOND
    refused = [response for response in responses if response.status_code == 503]
    assert {response.headers["Retry-After"] for response in refused} == {"2"}
    assert client.get("/s/none").status_code == 404
