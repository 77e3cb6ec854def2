"""Contract section 9: without a key the demo model answers, through the client code of real models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.live.client import Client, new_id

KEYLESS = {
    "C1_BASE_URL": "",
    "THESYS_API_KEY": "",
    "OPENASSISTANT_BASE_URL": "",
    "OPENASSISTANT_API_KEY": "",
}

pytestmark = pytest.mark.live


@pytest.fixture
def visitor(live: None, servers: Any, make_client: Callable[..., Client]) -> Client:
    return make_client(servers.keep(**KEYLESS))


def test_a_server_without_a_key_answers_in_c1_s_format(visitor: Client) -> None:
    text = visitor.chat("Show me the error demos").text
    assert '<content thesys="true" version="2">' in text
    assert "Demo model" in text


def test_the_demo_calls_a_tool_of_the_server_and_shows_its_result(visitor: Client) -> None:
    assert "883.5" in visitor.chat("What is 17% of 4,350 + 12^2?").text


@pytest.mark.long
def test_the_demo_asks_before_it_writes_into_the_calendar(visitor: Client) -> None:
    visitor.chat("Put a dinner in my calendar", response=(response := new_id("r")))
    [request] = visitor.response(response)["requests"]
    assert (request["kind"], request["tool"], request["arguments"]["title"]) == (
        "approve",
        "add_to_calendar",
        "Dinner",
    )
    answer = {"requestId": request["requestId"], "outcome": "approved"}
    assert visitor.http.post(f"/api/responses/{response}/answers", json=answer).status_code == 200
    thread = visitor.wait_until(response, "done")["threadId"]
    assert "It is in your calendar" in visitor.messages(thread)[-1]["content"]


def test_the_openassistant_route_answers_in_plain_text(visitor: Client) -> None:
    body = {"messages": [{"role": "user", "content": "Count to 3"}]}
    assert "1, 2, 3" in visitor.http.post("/api/response", json=body).text
