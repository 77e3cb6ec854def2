"""The registry keeps one official client per configured server, makes it off the event loop, and closes it at the end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from chat.llm import config
from chat.llm.clients import official
from chat.llm.config import ModelSpec
from chat.llm.registry import ModelRegistry

ROOT = Path(__file__).resolve().parents[2]
ONE, OTHER = "http://127.0.0.1:9/v1/", "http://127.0.0.1:10/v1/"


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[tuple[AsyncOpenAI, int]]:
    """Configure three models on two servers; yield the official clients as they are made, each with its thread."""
    for name, url in (("a", ONE), ("b", ONE), ("c", OTHER)):
        monkeypatch.setitem(config.specs(), name, ModelSpec(base_url=url, model=name))
    made: list[tuple[AsyncOpenAI, int]] = []
    connect = official.connect

    def noting(base_url: str, api_key: str) -> AsyncOpenAI:
        made.append((connect(base_url, api_key), threading.get_ident()))
        return made[-1][0]

    monkeypatch.setattr(official, "connect", noting)
    return made


async def use_all(models: ModelRegistry) -> None:
    for name in ("a", "b", "c"):
        await models.clients(name)


def test_each_server_has_one_official_client(connected: list[Any]) -> None:
    async def work() -> list[str]:
        models = ModelRegistry()
        await use_all(models)
        await models.close()
        return [str(client.base_url) for client, _ in connected]

    assert asyncio.run(work()) == [ONE, OTHER]


def test_the_models_of_a_server_share_what_is_known_of_it(connected: list[Any]) -> None:
    async def work() -> list[int]:
        models = ModelRegistry()
        await use_all(models)
        await models.close()
        return [len(models._transports), len(connected)]

    assert asyncio.run(work()) == [2, 2]


def test_official_clients_are_made_off_the_event_loop(connected: list[Any]) -> None:
    async def work() -> None:
        models = ModelRegistry()
        await use_all(models)
        await models.close()

    asyncio.run(work())
    assert threading.get_ident() not in [thread for _, thread in connected]


def test_official_clients_are_closed_with_the_registry(connected: list[Any]) -> None:
    async def work() -> None:
        models = ModelRegistry()
        await use_all(models)
        assert not any(client.is_closed() for client, _ in connected)
        await models.close()
        assert all(client.is_closed() for client, _ in connected)

    asyncio.run(work())


def test_importing_the_registry_does_not_import_the_official_client() -> None:
    code = "import sys, chat.llm.registry, chat.llm.clients.probe; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
