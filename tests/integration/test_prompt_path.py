"""The way of a prompt from its endpoint to the claim's SQL is short, goes only down, and meets few types."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from chat import runtime
from chat.asgi import ChatApplication
from chat.conf import settings
from chat.llm import registry
from chat.models import ApiToken, User
from chat.process import process
from chat.responses import leases, manager
from chat.telemetry import sampler
from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.fixtures.database import close_database_threads
from tests.integration.prompt_path import PromptPath

# Files from the endpoint to the claim's SQL.
FILES = 8

# Types whose values go from one module to another, on the whole way; and all, with those that stay within their module.
SHARED_TYPES = 50
TYPES = 84
SUM = Call("calculate", '{"expression": "6*7"}')


@pytest.fixture
def path(
    transactional_db: None, scripted_model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> PromptPath:
    """One prompt with one round of tools, sent over HTTP; a first one has made what lives as long as the process."""
    upstream = replace(settings, c1_base_url=scripted_model.base_url, thesys_api_key="key")
    monkeypatch.setattr(registry, "settings", upstream)
    monkeypatch.setattr(runtime, "settings", upstream)
    seldom = replace(settings, lease_seconds=36_000.0)  # on a slow machine heartbeats would come in between
    for module in (leases, manager):
        monkeypatch.setattr(module, "settings", seldom)
    monkeypatch.setattr(process, "_parts", {})  # as in a new process, whose threads start under the profile
    monkeypatch.setattr(sampler, "LOOP_SECONDS", 3_600.0)  # its looks are on no prompt's way
    token = ApiToken.issue(User.objects.create(username="ada"), "test")
    scripted_model.script(*[tool_round(SUM), answer("It is 42.")] * 2)
    path = PromptPath()
    try:
        with path.installed():
            asyncio.run(_send_twice(path, token))
    finally:
        close_database_threads()
        scripted_model.reset()
    return path


async def _send_twice(path: PromptPath, token: str) -> None:
    application = ChatApplication(_refuse)
    await application.on_startup()
    assert (await _post(application, token)).endswith(b"It is 42.")
    path.recording = True
    assert (await _post(application, token)).endswith(b"It is 42.")
    path.recording = False
    await application.on_shutdown()


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("the chat has no such path")


async def _post(application: ChatApplication, token: str) -> bytes:
    """Return the body of the answer to a prompt."""
    body = json.dumps({"prompt": {"role": "user", "content": "6 times 7?"}}).encode()
    head = {"host": "localhost", "content-type": "application/json", "authorization": f"Bearer {token}"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/chat",
        "query_string": b"",
        "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in head.items()],
    }
    received = iter([{"type": "http.request", "body": body}])
    sent: list[bytes] = []

    async def receive() -> dict[str, Any]:
        for message in received:
            return message
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    await application(scope, receive, send)
    return b"".join(sent)


def test_a_prompt_reaches_the_claims_sql_in_few_files_and_only_downward(path: PromptPath) -> None:
    assert path.stacks
    assert len(path.files) <= FILES, path.files
    for stack in path.stacks:
        assert len(set(stack)) == len(stack), f"{stack} comes back to a file that it had left"


def test_the_caller_of_a_prompt_is_identified_in_the_first_round_trip_of_the_claim(path: PromptPath) -> None:
    (stack,) = path.identifications
    assert stack[-2:] == ["chat.responses.claims.statements", "chat.accounts.identity"]


def test_a_prompt_meets_few_types_on_its_whole_way(path: PromptPath) -> None:
    assert len(path.shared_types) <= SHARED_TYPES, sorted(path.shared_types)
    assert len(path.types) <= TYPES, sorted(set(path.types) - path.shared_types)
