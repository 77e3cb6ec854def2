"""The official `openai` client for Python, pointed at this server and otherwise unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from openai import OpenAI

from tests.live.client import SECONDS, Client


@pytest.fixture
def connect_openai() -> Iterator[Callable[[Client], OpenAI]]:
    """Provide a function that makes the official client for a user."""
    with ExitStack() as opened:

        def connect(client: Client) -> OpenAI:
            token = client.headers["Authorization"].removeprefix("Bearer ")
            made = OpenAI(base_url=f"{client.server.url}/v1", api_key=token, timeout=SECONDS)
            return opened.enter_context(made)

        yield connect


@pytest.fixture
def openai_client(alice: Client, connect_openai: Callable[[Client], OpenAI]) -> OpenAI:
    return connect_openai(alice)
