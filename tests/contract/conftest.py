"""Fixtures of the contract suite, which knows nothing of the code: it speaks HTTP and WebSocket to a real server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.client import Client
from tests.live.transports import TRANSPORTS, Transport


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
def visit(make_client: Any, server: Any) -> Any:
    """Provide a function that makes a guest in a browser of their own."""

    def make() -> Client:
        client: Client = make_client(server, token=False)
        client.get("/api/session")
        return client

    return make
