"""The chat's ASGI application: routing between chat and project, and lifespan events."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from chat.asgi import ChatApplication
from chatproject.dev.bootstrap import ROOT

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Recorder:
    """An application that notes the paths it gets."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        self.paths.append(scope["path"])


async def nothing() -> Mapping[str, Any]:
    return {"type": "http.disconnect"}


async def discard(message: Mapping[str, Any]) -> None:
    """Discard an answer."""


@pytest.mark.parametrize(("kind", "path"), [("http", "/"), ("http", "/apiary"), ("websocket", "/ws/stock/")])
def test_the_project_gets_connections_that_are_not_the_chats(kind: str, path: str) -> None:
    http, sockets = Recorder(), Recorder()
    application = ChatApplication(http, sockets)
    asyncio.run(application({"type": kind, "path": path}, nothing, discard))
    assert (http.paths, sockets.paths) == (([path], []) if kind == "http" else ([], [path]))


def test_lifespan_events_start_and_stop_the_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    incoming = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Mapping[str, Any]:
        order.append(kind := next(incoming))
        return {"type": kind}

    async def send(message: Mapping[str, Any]) -> None:
        order.append(message["type"])

    async def step(_: ChatApplication) -> None:
        order.append("done")

    monkeypatch.setattr(ChatApplication, "on_startup", step)
    monkeypatch.setattr(ChatApplication, "on_shutdown", step)
    asyncio.run(ChatApplication(Recorder())({"type": "lifespan"}, receive, send))
    half = ["lifespan.startup", "done", "lifespan.startup.complete"]
    assert order == half + [one.replace("startup", "shutdown") for one in half]


def test_a_server_without_a_secret_key_is_refused() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "SECRET_KEY"}
    done = subprocess.run(
        [sys.executable, "-c", "import chatproject.asgi"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "ImproperlyConfigured: SECRET_KEY must be set for a server that `manage.py up` does not start."
    )
