"""Contract sections 3 and 8: quotas per hour and per day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from chat.testing import ScriptedModel, answer
from chat.testing.script import Stall, broken, refusal
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.transports import SSE

PER_HOUR = 3
TOKENS = 5_000


@pytest.fixture
def low_quota_client(make_client: Any, servers: Any, live: None) -> Client:
    """Return a new user's client on a server with small quotas."""
    quotas = {"CHAT_PER_HOUR": str(PER_HOUR), "CHAT_TOKENS_PER_DAY": str(TOKENS)}
    server = servers.keep(CHAT_ACTIVE_PER_USER="20", **quotas)
    client: Client = make_client(server)
    return client


def refused_by(quota: str, answer: httpx.Response, window: int) -> None:
    body = assert_problem(answer, "quota_exceeded", 429)
    assert body["quota"] == quota
    assert window - 60 < int(answer.headers["retry-after"]) <= window


def test_beyond_the_responses_of_an_hour_429_names_the_quota_and_the_wait(
    model: ScriptedModel, low_quota_client: Client
) -> None:
    for _ in range(PER_HOUR):
        assert low_quota_client.chat().status_code == 200
    refused_by("per_hour", low_quota_client.chat(), 3600)
    assert len(model.requests) == PER_HOUR


def test_a_burst_is_limited_like_single_requests(model: ScriptedModel, low_quota_client: Client) -> None:
    with ThreadPoolExecutor(12) as pool:
        statuses = [
            answer.status_code for answer in pool.map(lambda _: low_quota_client.chat("Hi"), range(12))
        ]
    # The day's tokens have room for two reservations at a time.
    assert set(statuses) == {200, 429}
    assert len(model.requests) == statuses.count(200) <= PER_HOUR


def test_the_quota_is_each_users_own(
    model: ScriptedModel, low_quota_client: Client, make_client: Any
) -> None:
    for _ in range(PER_HOUR):
        low_quota_client.chat()
    other: Client = make_client(low_quota_client.server)
    assert (low_quota_client.chat().status_code, other.chat().status_code) == (429, 200)


def test_a_refused_prompt_leaves_nothing_behind(model: ScriptedModel, low_quota_client: Client) -> None:
    for _ in range(PER_HOUR):
        low_quota_client.chat()
    low_quota_client.chat(thread=(thread := new_id("t")), response=(response := new_id("r")))
    assert low_quota_client.get(f"/api/threads/{thread}").status_code == 404
    assert low_quota_client.get(f"/api/responses/{response}").status_code == 404


def test_attaching_uses_no_quota_and_works_beyond_it(model: ScriptedModel, low_quota_client: Client) -> None:
    ids = {"thread": new_id("t"), "response": new_id("r")}
    for _ in range(PER_HOUR + 2):
        assert low_quota_client.chat("the same", **ids).text == "Hello from the script."
    for _ in range(PER_HOUR - 1):
        assert low_quota_client.chat().status_code == 200
    assert low_quota_client.chat().status_code == 429
    assert low_quota_client.chat("the same", **ids).text == "Hello from the script."


def test_deleting_a_thread_refunds_nothing(model: ScriptedModel, low_quota_client: Client) -> None:
    for _ in range(PER_HOUR):
        low_quota_client.chat(thread=(thread := new_id("t")))
        assert low_quota_client.http.delete(f"/api/threads/{thread}").status_code == 204
    refused_by("per_hour", low_quota_client.chat(), 3600)


def test_stopped_and_failed_responses_count(model: ScriptedModel, low_quota_client: Client) -> None:
    model.script(broken("Old", Stall()), refusal(401))
    reader = SSE.send(low_quota_client, response=(response := new_id("r"))).until("Old")
    low_quota_client.stop(response)
    assert reader.rest().end["status"] == "stopped"
    assert SSE.send(low_quota_client).rest().end["status"] == "failed"
    assert [low_quota_client.chat().status_code for _ in range(2)] == [200, 429]


def test_the_real_count_replaces_the_reservation(model: ScriptedModel, low_quota_client: Client) -> None:
    model.script(answer("little", usage=(10, 5)), answer("much", usage=(3_000, TOKENS)))
    # Three reservations would not fit: the first was replaced by its real count.
    assert [low_quota_client.chat().status_code for _ in range(2)] == [200, 200]
    refused_by("tokens_per_day", low_quota_client.chat(), 86_400)


def test_a_running_response_counts_with_its_reservation(
    model: ScriptedModel, low_quota_client: Client
) -> None:
    model.script(broken("Old", Stall()))
    reader = SSE.send(low_quota_client, "x" * 4 * 2_000, response=(response := new_id("r"))).until("Old")
    refused_by("tokens_per_day", low_quota_client.chat("x" * 400), 86_400)
    low_quota_client.stop(response)
    reader.rest()


def test_a_refusal_on_the_socket_names_the_quota(model: ScriptedModel, low_quota_client: Client) -> None:
    for _ in range(PER_HOUR):
        low_quota_client.chat()
    with low_quota_client.socket() as socket:
        frame = socket.ask("send", prompt={"role": "user", "content": "Hello"}, responseId=new_id("r"))
    assert (frame["type"], frame["code"]) == ("error", "quota_exceeded")
    assert frame["retryAfter"] > 0


def test_a_full_store_takes_no_change_either(model: ScriptedModel, make_client: Any, servers: Any) -> None:
    client = make_client(servers.keep(CHAT_STORED_BYTES="1500"))
    thread = new_id("t")
    client.chat("Hi", thread=thread)
    reply, long = client.messages(thread)[-1]["id"], "x" * 1_800
    path = f"/api/threads/{thread}"
    refused = [
        client.http.patch(path, json={"systemPrompt": long}),
        client.http.put(f"{path}/messages/{reply}", json={"content": long}),
        client.http.put(f"{path}/messages/{reply}/feedback", json={"score": 1, "comment": long}),
    ]
    assert [answer.status_code for answer in refused] == [429] * 3
