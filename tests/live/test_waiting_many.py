"""Ten thousand responses that wait: what they cost a process, and how many of them go on at once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from chat.models import ACTIVE, PersonRequest, Response, Status
from chat.testing import Call, ScriptedModel, answer, tool_round
from chat.testing.model_server import Received
from chat.testing.script import Script
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, eventually
from tests.live.staff import staff_cookies
from tests.live.waiting_rows import copy_waiting, delete_threads

pytestmark = [pytest.mark.live, pytest.mark.long]

WAITING = 10_000
EXPIRED = 300
MAX_BYTES = 5 * 1024 * 1024
# As for every page of the admin; the best of some requests counts, for a busy machine delays single ones.
MAX_LIST_SECONDS = 0.5
LIST_REQUESTS = 5
SETTINGS = {
    "CHAT_APPS": "tests.fixtures",
    "CHAT_TOOLS": "pay,count_tasks",
    "CHAT_LEASE_SECONDS": "4",
    "CHAT_THINK_ITEMS": "off",
}


def script_for(received: Received) -> Script:
    last = received.messages[-1]
    if last["role"] == "tool":
        return answer("After.")
    if "tasks" in str(last):
        return tool_round(Call("count_tasks", "{}", new_id("call")))
    return tool_round(Call("pay", '{"amount": 5}', new_id("call")))


@contextmanager
def copies(server: LiveServer, client: Client, number: int) -> Iterator[list[int]]:
    """Provide the threads of so many responses that wait, and delete them afterwards."""
    response = new_id("r")
    client.chat(response=response)
    client.wait_until(response, "waiting")
    original = Response.objects.get(public_id=response)
    threads = copy_waiting(original, number)
    try:
        yield threads
    finally:
        delete_threads([*threads, original.thread_id])


def cost(server: LiveServer, client: Client, model: ScriptedModel) -> dict[str, int]:
    """Return what a process holds after some answers, in which it saw a few of its heartbeats."""
    for _ in range(20):
        client.chat("How many tasks?")
        time.sleep(0.1)  # the interval of what is measured, and no synchronisation
    return {
        "bytes": int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
        "tasks": int(model.requests[-1].messages[-1]["content"]),
        "descriptors": server.descriptors(),
        "threads": server.threads(),
    }


def seconds_of_list(server: LiveServer) -> float:
    """Return the time of the admin's list of what waits, once its code is loaded."""
    address, times = "/admin/chat/personrequest/?outcome=open", []
    with httpx.Client(base_url=server.url, cookies=staff_cookies(server), timeout=30) as http:
        for _ in range(LIST_REQUESTS):
            asked = time.monotonic()
            assert http.get(address).status_code == 200
            times.append(time.monotonic() - asked)
    print("the list in", ", ".join(f"{one:.2f} s" for one in times))
    return min(times)


def test_ten_thousand_waiting_responses_cost_a_process_nothing(
    model: ScriptedModel, make_client: Any, servers: Any
) -> None:
    model.default(script_for)
    with servers.own(**SETTINGS) as server:
        client = make_client(server)
        empty = cost(server, client, model)
        with copies(server, client, WAITING), servers.own(**SETTINGS) as other:
            full = cost(other, client.at(other), model)
            full_list = seconds_of_list(other)
    print(f"{WAITING} waiting: {full}, list in {full_list:.2f} s; none: {empty}")
    assert full["bytes"] - empty["bytes"] < MAX_BYTES
    for kind in ("tasks", "descriptors", "threads"):
        assert full[kind] <= empty[kind] + 2, kind
    assert full_list < MAX_LIST_SECONDS


def test_deadlines_of_many_pass_in_batches(model: ScriptedModel, make_client: Any, servers: Any) -> None:
    model.default(script_for)
    with (
        servers.own(**SETTINGS) as server,
        servers.own(**SETTINGS),
        copies(server, make_client(server), EXPIRED) as threads,
    ):
        mine, before = Response.objects.filter(thread__in=threads), len(model.requests)
        requests = PersonRequest.objects.filter(response__in=mine)
        requests.update(deadline="2001-01-01T00:00Z")
        eventually(lambda: not mine.filter(status__in=ACTIVE).exists(), 120)
        assert set(mine.values_list("status", flat=True)) == {Status.DONE}
        assert set(requests.values_list("outcome", flat=True)) == {"expired"}
        assert len(model.requests) - before == EXPIRED
