"""The reader of files: gives back what it has claimed, and reads nothing that it has lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chat.files import reader as reader_module
from chat.files.extraction import FileText
from chat.files.reader import FileReader
from chat.files.storage import Claim, UnreadFile

FILE = UnreadFile(7, "text/plain", b"words", 1)


class Table:
    """One file that waits, in place of the database. `claiming`: set to let a claim end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waiting, self.held, self.claiming = [FILE], {FILE.key}, asyncio.Event()
        self.released, self.renewed = list[Claim](), asyncio.Event()
        self.asked, self.began, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        monkeypatch.setattr("chat.files.reader.db.atomic_async", self.run)
        monkeypatch.setattr(reader_module, "extract", self.extract)
        for name in ("claim", "renew", "release"):
            monkeypatch.setattr(f"chat.files.storage.{name}", getattr(self, name))

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        found = work(*args)
        return await found if isinstance(found, Awaitable) else found

    async def claim(self, seconds: float) -> UnreadFile | None:
        self.asked.set()
        await self.claiming.wait()
        return self.waiting.pop() if self.waiting else None

    def renew(self, claims: list[Claim], seconds: float) -> set[int]:
        self.renewed.set()
        return self.held

    def release(self, claims: list[Claim]) -> None:
        self.released += claims

    async def extract(self, *_: Any) -> FileText:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()
        return FileText()


def run(monkeypatch: pytest.MonkeyPatch, scene: Callable[[Table, FileReader], Awaitable[None]]) -> Table:
    async def play() -> Table:
        table, reader = Table(monkeypatch), FileReader()
        reader.start()
        await asyncio.wait_for(scene(table, reader), 10)
        await reader.stop()
        return table

    return asyncio.run(play())


def test_a_file_that_is_being_read_is_given_back_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(table: Table, reader: FileReader) -> None:
        table.claiming.set()
        await table.began.wait()

    assert run(monkeypatch, scene).released == [FILE.claim]


def test_a_file_that_is_just_being_claimed_is_given_back_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(table: Table, reader: FileReader) -> None:
        await table.asked.wait()
        stopping = asyncio.create_task(reader.stop())
        asyncio.get_running_loop().call_soon(table.claiming.set)
        await stopping

    table = run(monkeypatch, scene)
    assert table.released[:1] == [FILE.claim]


def test_a_file_that_is_deleted_meanwhile_is_read_no_further(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CHAT_LEASE_SECONDS = 0.04

    async def scene(table: Table, reader: FileReader) -> None:
        table.claiming.set()
        await table.began.wait()
        await table.renewed.wait()
        assert not table.ended.is_set()
        table.held = set()
        await table.ended.wait()

    assert run(monkeypatch, scene).released == []
