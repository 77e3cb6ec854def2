"""`up` on a disk without room: nothing that was sent is lost, prompts are refused, and all goes on once there is room."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chat.testing import Gate, ScriptedModel, answer
from chatproject.dev.postgres.cluster import Postgres
from tests.live.client import body_of, new_id
from tests.live.harness import eventually
from tests.live.test_up import Up

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("mount"), reason="needs a file system of its own"
    ),
]

# Megabytes: of a new database some 60, and of prompts some more.
DISK = 150
# Seconds for Postgres to start again after it died for lack of room, and for the next attempt.
SECONDS = 60.0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Provide the folder of the embedded database, on a small disk of its own."""
    home = Postgres(tmp_path).home
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "tmpfs", home.folder])
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    home.protect()
    yield home.folder
    subprocess.run(["umount", home.folder], check=True)
    shutil.rmtree(home.folder)


@pytest.fixture
def up(disk: Path, model: ScriptedModel, tmp_path: Path) -> Iterator[Up]:
    given: Any = {"C1_BASE_URL": model.base_url, "CHAT_GUESTS": "1", "CHAT_SILENCE_SECONDS": "200"}
    with (tmp_path / "errors").open("w") as errors:
        started = Up(tmp_path, errors=errors, **given)
        yield started
        started.stop()


def fill(disk: Path) -> Path:
    """Take all room, and return the file that does."""
    path = disk / "filler"
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 12))
    return path


def status(client: httpx.Client) -> int:
    body = body_of("x" * 60_000, thread=new_id("t"))
    return client.post("/api/chat", json=body).status_code


def test_a_full_disk_loses_nothing_and_is_over_with_the_first_room(
    up: Up, model: ScriptedModel, disk: Path, tmp_path: Path
) -> None:
    gates, response = [Gate(), Gate()], new_id("r")
    model.script(answer("Before. ", gates[0], "Meanwhile. ", gates[1], "After."))
    with httpx.Client(base_url=up.url, timeout=SECONDS, trust_env=False) as client:
        client.get("/api/session")
        with client.stream("POST", "/api/chat", json=body_of(response=response)) as stream:
            text = stream.iter_text()
            assert next(text) == "Before. "
            filler = fill(disk)
            eventually(lambda: status(client) == 503, SECONDS)
            gates[0].open()
            assert next(text) == "Meanwhile. "
            filler.unlink()
            eventually(lambda: status(client) == 200, SECONDS)
            gates[1].open()
            assert "".join(text) == "After."
        assert client.get(f"/api/responses/{response}").json()["status"] == "done"
    assert "action=database_unavailable" in (tmp_path / "errors").read_text()
