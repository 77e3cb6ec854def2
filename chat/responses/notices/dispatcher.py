"""The background work that sends notices: in each process one at a time on each channel, for a slow one delays only itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Protocol

from chat import db
from chat.conf import settings
from chat.exceptions import Unavailable, format_traceback_without_message
from chat.models import Notice, NoticeChannel, NoticeState
from chat.responses.notices import queue
from chat.responses.notices.queue import NotAttempted

logger = logging.getLogger(__name__)

# Seconds that a process which ends waits for notices under way; what is cut off then counts as unknown.
STOP_SECONDS = 3.0
# Between two attempts to store what became of a notice.
RETRY_SECONDS = 0.5


class NoticeSender(Protocol):
    """Sends the notices of one channel."""

    async def send(self, notice: Notice) -> NoticeState:
        """Send a notice once, within seconds; return its state, `pending` where another attempt may follow.

        Raise NotAttempted where this process cannot send now.
        """

    async def close(self) -> None:
        """Give up connections."""


class Dispatcher:
    """Sends the notices that are due, on the channels that are configured."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Send until `stop`."""
        self._tasks = [
            asyncio.create_task(self._run(channel, make)) for channel, make in _configured().items()
        ]

    async def stop(self) -> None:
        """Let the notices under way end, in STOP_SECONDS."""
        self._stopping.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()

    async def _run(self, channel: str, make: Callable[[], NoticeSender]) -> None:
        # As the janitor: the first start of a server may still be migrating.
        await self._pause(settings.lease_seconds)
        # In a thread: one reads certificates.
        sender = await asyncio.to_thread(make)
        try:
            while not self._stopping.is_set():
                if not await self._step(channel, sender):
                    await self._pause(settings.heartbeat_seconds)
        finally:
            await sender.close()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _step(self, channel: str, sender: NoticeSender) -> bool:
        """Send the next notice; return False where none is due, or after an error, which is logged."""
        try:
            return await self._send_next(channel, sender)
        except Unavailable:
            return False
        except Exception as problem:
            # Unforeseen; but without another round no notice would go out any more.
            _log_failure(channel, problem)
            return False

    async def _send_next(self, channel: str, sender: NoticeSender) -> bool:
        notice = await db.atomic_async(queue.claim, channel)
        if notice is None:
            return False
        if notice.state != NoticeState.SENDING:
            return True
        try:
            state = await self._record(notice, await _attempt(sender, notice))
        except NotAttempted:
            await db.atomic_async(queue.put_back, notice)
            return False
        log = logger.info if state == NoticeState.SENT else logger.warning
        log("action=notice channel=%s request=%d state=%s", channel, notice.request_id, state)
        return True

    async def _record(self, notice: Notice, state: NoticeState) -> str:
        """Store what became of a notice, however long the database is unavailable."""
        while True:
            try:
                return await db.atomic_async(queue.record, notice, state)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)


async def _attempt(sender: NoticeSender, notice: Notice) -> NoticeState:
    """Return what became of a notice; `unknown` after an unforeseen error, whenever it came."""
    try:
        return await sender.send(notice)
    except NotAttempted:
        raise
    except Exception as problem:
        # Mail backends and templates are the project's own: whatever they raise, the notice is not sent twice.
        _log_failure(notice.channel, problem)
        return NoticeState.UNKNOWN


def _log_failure(channel: str, problem: Exception) -> None:
    logger.error(
        "action=notice_failed channel=%s reason=%s\n%s",
        channel,
        type(problem).__name__,
        format_traceback_without_message(problem),
    )


def _configured() -> dict[str, Callable[[], NoticeSender]]:
    senders: dict[str, Callable[[], NoticeSender]] = {}
    if settings.sends_mail:
        from chat.responses.notices.mail import MailSender  # here: few servers need smtplib

        senders[NoticeChannel.MAIL] = MailSender
    if settings.webhook_url:
        from chat.responses.notices.webhook import WebhookSender

        senders[NoticeChannel.WEBHOOK] = WebhookSender
    return senders
