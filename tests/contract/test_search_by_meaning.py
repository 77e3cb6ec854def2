"""`search_files` by meaning, through a whole server with a server of embeddings beside its models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from chat.models import Attachment
from chat.testing import Call, ScriptedModel, answer, tool_round
from chat.testing.script import Script, Stall
from tests.contract.test_files import ASKS, ready
from tests.live.client import Client
from tests.live.files import file_part, pdf
from tests.live.harness import LiveServer, eventually

KEY = "sk-canary-of-embeddings"
REPORT = pdf(["Whales sing.", "The automobile was sold."])


@pytest.fixture
def embeddings() -> Iterator[ScriptedModel]:
    with ScriptedModel() as server:
        yield server
        server.reset()


@pytest.fixture
def embedding_server(
    live: None, servers: Any, embeddings: ScriptedModel
) -> Callable[[], AbstractContextManager[LiveServer]]:
    """Provide a function that starts a server which asks for embeddings."""
    spec = {"baseUrl": embeddings.base_url, "model": "small", "apiKeyEnv": "EMBEDDING_KEY"}
    return lambda: servers.own(
        CHAT_EMBEDDINGS=json.dumps(spec), EMBEDDING_KEY=KEY, CHAT_LEASE_SECONDS="4", CHAT_ACTIVE_PER_USER="20"
    )


def found(model: ScriptedModel, client: Client, query: str) -> list[tuple[str, str]]:
    """Have the model search files in a new chat. Return file and place of each passage."""
    model.script(tool_round(Call("search_files", json.dumps({"query": query}))), answer("None."))
    client.chat("Anything about it?")
    passages = json.loads(model.requests[-1].messages[-1]["content"])
    return [(one["file"], one["place"]) for one in passages]


def send(client: Client) -> Attachment:
    made = ready(client, "report.pdf", REPORT)
    client.chat([ASKS, file_part(made)])
    return Attachment.objects.get(public_id=made["attachmentId"])


def has_vectors(row: Attachment) -> bool:
    row.refresh_from_db()
    return row.embedded_at is not None


def forget_lease(row: Attachment) -> None:
    """Let the time pass until the next attempt."""
    Attachment.objects.filter(pk=row.pk).update(embedding_until=None)


def test_a_passage_is_found_by_its_meaning_and_by_nobody_else(
    model: ScriptedModel, embeddings: ScriptedModel, make_client: Any, embedding_server: Any
) -> None:
    with embedding_server() as server:
        alice, bob = make_client(server), make_client(server)
        ready(bob, "unsent.txt", b"An unsent automobile")
        row = send(alice)
        eventually(lambda: has_vectors(row), says="the file got no vectors")
        assert found(model, alice, "car") == [("report.pdf", "page 2")]
        bob.chat([ASKS, file_part(ready(bob, "own.txt", b"Trees."))])
        assert ("report.pdf", "page 2") not in found(model, bob, "car")
        assert KEY not in server.log
        assert "automobile" not in server.log
    asked = str([request.json["input"] for request in embeddings.requests])
    assert "The automobile was sold." in asked
    assert "unsent" not in asked


def test_a_server_that_is_away_only_delays(
    model: ScriptedModel, embeddings: ScriptedModel, make_client: Any, embedding_server: Any
) -> None:
    with embedding_server() as server:
        alice = make_client(server)
        with embeddings.refusing():
            row = send(alice)
            eventually(lambda: "action=embedding_failed" in server.log, says="no failure was logged")
            assert found(model, alice, "automobile") == [("report.pdf", "page 2")]
            assert found(model, alice, "car") == []
        forget_lease(row)
        eventually(lambda: has_vectors(row), says="the file got no vectors")
        assert found(model, alice, "car") == [("report.pdf", "page 2")]


def test_a_killed_process_loses_no_vectors(
    model: ScriptedModel, embeddings: ScriptedModel, make_client: Any, embedding_server: Any
) -> None:
    embeddings.script(Script([Stall()]))
    with embedding_server() as server:
        alice = make_client(server)
        row = send(alice)
        embeddings.wait_for_requests(1)
        server.kill9()
        assert not has_vectors(row)
        forget_lease(row)
        server.restart()
        eventually(lambda: has_vectors(row), says="the file got no vectors")
        assert found(model, alice, "car") == [("report.pdf", "page 2")]


def test_without_the_setting_nothing_is_stored(model: ScriptedModel, alice: Client) -> None:
    row = send(alice)
    assert found(model, alice, "car") == []
    assert not has_vectors(row)
    assert row.vector_model == ""
