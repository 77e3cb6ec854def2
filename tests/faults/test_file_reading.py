"""Reading of files: survives the end of its process, and takes no memory of the server, however many files there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chat.models import Attachment, User
from tests.faults.fault_server import start_fault_server
from tests.faults.footprint import resident
from tests.live.client import Client
from tests.live.files import package, pdf, upload_file
from tests.live.harness import LiveServer, LiveServers, eventually

# MiB that a server may hold more after a hundred files than after one.
MEMORY = 30.0
WARM, FILES = 24, 100


@pytest.fixture
def reading(servers: LiveServers) -> Iterator[LiveServer]:
    with start_fault_server(servers, "watched_loop", CHAT_ATTACHMENTS="200") as server:
        yield server


def state_of(client: Client, made: dict[str, Any]) -> str:
    return str(client.get(f"/api/attachments/{made['attachmentId']}/state").json()["state"])


@pytest.mark.long
@pytest.mark.parametrize("end", ["sigterm", "kill9"])
def test_a_file_whose_reader_ends_is_read_by_another_process(
    alice: Client, servers: LiveServers, end: str
) -> None:
    # Some seconds of work.
    lines = "".join(f"<p><t>{number}</t></p>" for number in range(300_000))
    slow = package({"word/document.xml": f"<w>{lines}</w>"})
    with start_fault_server(servers, "watched_loop", CHAT_LEASE_SECONDS="4") as server:
        made = upload_file(alice.at(server), "slow.docx", slow).json()
        assert made["state"] == "reading"
        getattr(server, end)()
    # A killed process gives nothing back: its lease ends, which no heartbeat renews.
    eventually(lambda: state_of(alice, made) == "ready", seconds=60, says="nobody read it")


@pytest.mark.live
@pytest.mark.long
def test_a_hundred_files_cost_the_server_no_more_memory_than_one(alice: Client, reading: LiveServer) -> None:
    owner = User.objects.get(username=alice.username)
    book = pdf([f"Page {number} {'filler words ' * 60}" for number in range(300)])
    # Straight into the table: what uploads take is not what reading takes.
    row = {"owner": owner, "content_type": "application/pdf", "size": len(book), "data": book}
    held = list[float]()

    def read(count: int) -> float:
        Attachment.objects.bulk_create(Attachment(**row, state="reading") for _ in range(count))
        waiting = Attachment.objects.filter(owner=owner, state="reading")

        def are_read() -> bool:
            held.append(resident(reading))
            return not waiting.exists()

        eventually(are_read, seconds=600)
        return max(held)

    # Each thread and each connection keeps the largest thing that it has held: after some files all of them have.
    before = read(WARM)
    assert read(FILES) < before + MEMORY
    assert not Attachment.objects.filter(owner=owner).exclude(state="ready").exists()
