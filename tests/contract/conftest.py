"""Fixtures of the contract suite, which knows nothing of the code: it speaks HTTP and WebSocket to a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import STRICT
from tests.live.client import Client
from tests.live.transports import TRANSPORTS, Transport

# The one deadline that ends each fault that no limit of size ends. The other deadlines are long: an answer that is late
# on a busy machine must not meet them.
DEADLINES = {
    "no first byte": {"CHAT_FIRST_TOKEN_SECONDS": "0.5"},
    "stall": {"CHAT_SILENCE_SECONDS": "0.5"},
    "slow drip": {"CHAT_RESPONSE_SECONDS": "2"},
}


@pytest.fixture(params=TRANSPORTS, ids=[transport.format for transport in TRANSPORTS])
def transport(request: pytest.FixtureRequest) -> Transport:
    """Provide each way to send and to follow: the raw body, framed events, the WebSocket."""
    chosen: Transport = request.param
    return chosen


@pytest.fixture
def tight(make_client: Any, strict: Any) -> Any:
    """Provide a user of the server with small limits and errors as statuses."""
    return make_client(strict)


@pytest.fixture
def limited(make_client: Any, servers: Any, live: None) -> Callable[[str], Client]:
    """Provide a function that makes a user of the server at whose limit a fault of this name ends."""
    return lambda fault: make_client(servers.keep(**STRICT, **DEADLINES.get(fault, {})))


@pytest.fixture
def visit(make_client: Any, server: Any) -> Any:
    """Provide a function that makes a guest in a browser of their own."""

    def make() -> Client:
        client: Client = make_client(server, token=False)
        client.get("/api/session")
        return client

    return make
