"""Reads the files that wait, a few at a time, each in a process of its own; any process takes up what another left."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from chat import db
from chat.conf import settings
from chat.db import health
from chat.exceptions import Unavailable, format_traceback_without_message
from chat.files import storage
from chat.files.extract.bounds import Unreadable
from chat.files.extraction import FileText, extract
from chat.files.kinds import BY_TYPE
from chat.files.storage import Claim, UnreadFile

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# Files read at once: each may take a core and 512 MiB.
PARALLEL = 2
# Seconds between two questions whether a file has been read, where another process reads it.
POLL_SECONDS = 0.25
# Seconds in which a claim under way ends, at the end of the process.
STOP_SECONDS = 2.0


class FileReader:
    """The reader of this process."""

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(PARALLEL)
        # Set, and replaced by another, after each file.
        self._finished = asyncio.Event()
        # The files that are read, and those whose reading `stop` has ended.
        self._claims: dict[asyncio.Task[None], Claim] = {}
        self._loop: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Read until `stop`."""
        self._loop = asyncio.create_task(self._run())
        self._renewing = asyncio.create_task(self._renew())

    async def stop(self) -> None:
        """End the reading, and give the files back: another process, or the next start, takes them up at once."""
        if self._loop is None or self._renewing is None:
            return
        self._stopping = True
        self._wake.set()
        self._renewing.cancel()
        self._cancel_readings()
        # A claim under way leads to one more reading.
        await asyncio.wait([self._loop], timeout=STOP_SECONDS)
        self._loop.cancel()
        self._cancel_readings()
        if self._claims:
            await asyncio.wait(self._claims)
            await _attempt(storage.release, list(self._claims.values()))

    def _cancel_readings(self) -> None:
        for task in self._claims:
            task.cancel()

    def notify(self) -> None:
        """Have a new file read now, not at the next look."""
        self._wake.set()

    async def wait(self, keys: list[int], seconds: float) -> None:
        """Return once none of these files is still to be read, here or in another process, or after so many seconds."""
        ends = time.monotonic() + seconds
        self.notify()
        while time.monotonic() < ends and await db.run_async(storage.unread, keys):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._finished.wait()

    async def _run(self) -> None:
        while not self._stopping:
            await self._slots.acquire()
            file = await _attempt(storage.claim, settings.lease_seconds)
            if file is None:
                self._slots.release()
                await self._rest()
                continue
            task = asyncio.create_task(self._read(file))
            self._claims[task] = file.claim
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._claims.pop(task, None)
        self._finished.set()
        self._finished = asyncio.Event()
        self._slots.release()

    async def _renew(self) -> None:
        """Renew the leases of the files that are read here, and end the reading of one that is deleted or claimed anew."""
        while True:
            if claims := dict(self._claims):
                held = await _attempt(storage.renew, list(claims.values()), settings.lease_seconds)
                for task, (key, _) in claims.items():
                    if held is not None and key not in held:
                        self._claims.pop(task, None)
                        task.cancel()
            await asyncio.sleep(settings.heartbeat_seconds)

    async def _rest(self) -> None:
        """Wait for a notification, at most a heartbeat: a file may wait that another process has left."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(settings.heartbeat_seconds):
                await self._wake.wait()
        self._wake.clear()

    async def _read(self, file: UnreadFile) -> None:
        """Read one file and store the outcome. Never raises: a file whose outcome is not stored is read again."""
        try:
            await self._read_and_store(file)
        except Unavailable:
            return
        except Exception as problem:  # unforeseen; the other files must be read all the same
            _log_failure(problem)

    async def _read_and_store(self, file: UnreadFile) -> None:
        started = time.monotonic()
        try:
            text = await self._extract(file)
        except Unreadable as refusal:
            await db.atomic_async(storage.fail, file, str(refusal), refusal.code)
        else:
            await db.atomic_async(storage.store, file, text)
        seconds = time.monotonic() - started
        logger.info("action=file_read attachment=%d bytes=%d seconds=%.2f", file.key, len(file.data), seconds)

    async def _extract(self, file: UnreadFile) -> FileText:
        if file.attempt > storage.MAX_ATTEMPTS:
            raise Unreadable(storage.GIVEN_UP, "interrupted")
        kind = BY_TYPE[file.content_type].name
        return await extract(kind, file.data, settings.file_characters, settings.file_seconds)


async def _attempt(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Run database work, and return its result; None if it fails: the tables may be migrating, or the database be away."""
    try:
        return await db.atomic_async(work, *args, **kwargs)
    except Unavailable:
        return None
    except Exception as problem:  # unforeseen; without another attempt no file would be read
        if not health.is_unmigrated(problem):
            _log_failure(problem)
        return None


def _log_failure(problem: Exception) -> None:
    reason = type(problem).__name__
    logger.error(
        "action=file_reading_failed reason=%s\n%s", reason, format_traceback_without_message(problem)
    )
