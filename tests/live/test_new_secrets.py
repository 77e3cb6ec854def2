"""New keys, passwords and secrets count from the next replacement on, and cut nothing off."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.live.client import Client, body_of, new_id
from tests.live.harness import database_url, eventually
from tests.live.page_client import csrf, sign_up
from tests.live.test_replace import REPLACE_SECONDS, replace
from tests.live.test_up import Up
from tests.live.transports import SSE

# The name of the connections of servers that read the address anew; the test's Postgres asks for no password.
NEW_NAME = "of-the-new-address"


@pytest.fixture
def files(live_database: str, tmp_path: Path) -> dict[str, Path]:
    """Provide the files of the secrets, by variable."""
    before = {
        "DATABASE_URL": database_url(live_database),
        "THESYS_API_KEY": "first",
        "SECRET_KEY": "one",
        "SECRET_KEY_FALLBACKS": "",
    }
    written = {name: tmp_path / name for name in before}
    for name, path in written.items():
        path.write_text(before[name] + "\n")
    return written


def change(files: dict[str, Path]) -> None:
    url = f"{files['DATABASE_URL'].read_text().strip()}&application_name={NEW_NAME}"
    new = {
        "DATABASE_URL": url,
        "THESYS_API_KEY": "second",
        "SECRET_KEY": "two",
        "SECRET_KEY_FALLBACKS": "one",
    }
    for name, path in files.items():
        path.write_text(new[name])


def has_new_name(database: str) -> bool:
    with psycopg.connect(database) as link:
        [(count,)] = link.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NEW_NAME]
        ).fetchall()
        return bool(count)


def says(folder: Path, words: str) -> bool:
    """Return whether the output of `up` holds these words."""
    return words in (folder / "errors").read_text()


def key_of_next(client: Client, model: ScriptedModel) -> str:
    """Send a prompt on a connection of its own, and return the key with which it came to the model.

    For a moment the former process may still take a connection.
    """
    body = body_of("Next", thread=new_id("t"))
    assert client.http.post("/api/chat", json=body, headers={"Connection": "close"}).status_code == 200
    return model.requests[-1].headers["authorization"]


@pytest.fixture
def up(files: dict[str, Path], scripted_model: ScriptedModel, tmp_path: Path) -> Iterator[Up]:
    named: Any = {f"{name}_FILE": str(path) for name, path in files.items()}
    given: Any = {"C1_BASE_URL": scripted_model.base_url, "CHAT_GUESTS": "1", "CHAT_SIGNUP": "1"}
    given["CHAT_SILENCE_SECONDS"] = str(2 * REPLACE_SECONDS)  # a busy machine takes long to replace
    with (tmp_path / "errors").open("w") as errors:
        started = Up(tmp_path, errors=errors, **given, **named)
        yield started
        started.stop()


def test_new_secrets_count_from_the_replacement_on_and_cut_nothing_off(
    model: ScriptedModel, up: Up, make_client: Any, files: dict[str, Path], tmp_path: Path
) -> None:
    server, gate = SimpleNamespace(url=up.url.rstrip("/")), Gate()
    client, person, database = make_client(server), make_client(server, token=False), files["DATABASE_URL"]
    name, (former,), before = sign_up(person), up.servers(), database.read_text().strip()
    model.script(answer("Before. ", gate, "After."))
    stream, head = SSE.send(client, response=new_id("r")).until("Before."), csrf(person)
    change(files)
    assert replace(tmp_path) == 0
    eventually(partial(says, tmp_path, "The servers are replaced"), REPLACE_SECONDS)
    eventually(lambda: key_of_next(client, model) == "Bearer second", REPLACE_SECONDS)
    assert has_new_name(before)
    assert former in up.servers()
    gate.open()
    assert (stream.rest().text, stream.received.end["status"]) == (b"Before. After.", "done")
    assert model.requests[0].headers["authorization"] == "Bearer first"
    eventually(lambda: former not in up.servers(), REPLACE_SECONDS)
    assert person.http.post("/api/threads", json={}, headers=head).status_code == 201
    assert person.get("/api/session").json()["user"]["username"] == name


@pytest.mark.long
def test_a_file_that_is_missing_at_the_replacement_changes_nothing(
    live: None, up: Up, files: dict[str, Path], tmp_path: Path
) -> None:
    before = up.servers()
    files["THESYS_API_KEY"].unlink()
    assert replace(tmp_path) == 0
    expected = "The servers stay as they are: The file that THESYS_API_KEY_FILE names cannot be read"
    eventually(partial(says, tmp_path, expected), REPLACE_SECONDS)
    assert up.servers() == before
