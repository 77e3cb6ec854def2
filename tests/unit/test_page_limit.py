"""The bound on pages: few run at once, some wait, others are refused, and no reader holds a place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from chatproject import page_limit
from chatproject.page_limit import HELD_BYTES, RUNNING_PAGES, WAITING_PAGES, PageLimit

START = {"type": "http.response.start", "status": 200, "headers": []}


class Site:
    """A project whose pages end when `opened` is set. `most` is the largest number that ran at once."""

    def __init__(self, body: bytes = b"") -> None:
        self.opened, self.body = asyncio.Event(), body
        self.running = self.most = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        await self.opened.wait()
        await send(START)
        await send({"type": "http.response.body", "body": self.body})
        self.running -= 1


class Visit:
    """One request, and the messages that its reader took."""

    def __init__(self, limit: PageLimit, path: str = "/", *, reads: bool = True) -> None:
        self.messages: list[Mapping[str, Any]] = []
        self._reads = asyncio.Event()
        if reads:
            self._reads.set()
        scope = {"type": "http", "path": path}
        self.task = asyncio.ensure_future(limit(scope, None, self._send))  # type: ignore[arg-type]

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._reads.wait()
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])


async def turns(number: int = 10) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def test_pages_beyond_the_bound_wait_and_those_beyond_the_queue_are_refused_at_once() -> None:
    async def scenario() -> None:
        site = Site()
        limit = PageLimit(site)
        visits = [Visit(limit) for _ in range(RUNNING_PAGES + WAITING_PAGES + 5)]
        await turns()
        refused = [visit for visit in visits if visit.messages]
        assert [visit.status for visit in refused] == [503] * 5
        assert (b"Retry-After", b"2") in refused[0].messages[0]["headers"]
        site.opened.set()
        await asyncio.gather(*(visit.task for visit in visits))
        assert [visit.status for visit in visits].count(200) == RUNNING_PAGES + WAITING_PAGES
        assert site.most == RUNNING_PAGES

    asyncio.run(scenario())


def test_a_page_that_waits_too_long_is_refused_and_leaves_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_limit, "WAIT_SECONDS", 0)

    async def scenario() -> None:
        site = Site()
        limit = PageLimit(site)
        running = [Visit(limit) for _ in range(RUNNING_PAGES)]
        await turns()
        late = Visit(limit)
        await late.task
        assert late.status == 503
        site.opened.set()
        await asyncio.gather(*(visit.task for visit in running))
        last = Visit(limit)
        await last.task
        assert last.status == 200

    asyncio.run(scenario())


def test_readers_that_take_nothing_hold_no_place() -> None:
    async def scenario() -> None:
        site = Site(b"page")
        site.opened.set()
        limit = PageLimit(site)
        slow = [Visit(limit, reads=False) for _ in range(RUNNING_PAGES + WAITING_PAGES + 5)]
        await turns()
        quick = Visit(limit)
        await quick.task
        assert quick.status == 200
        for visit in slow:
            visit.task.cancel()

    asyncio.run(scenario())


def test_a_long_answer_is_sent_while_it_is_made() -> None:
    async def export(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"x" * (HELD_BYTES + 1), "more_body": True})
        await asyncio.Event().wait()

    async def scenario() -> None:
        visit = Visit(PageLimit(export))
        await turns()
        assert len(visit.messages) == 2
        visit.task.cancel()

    asyncio.run(scenario())


def test_scripts_and_styles_are_not_counted() -> None:
    async def scenario() -> None:
        site = Site()
        limit = PageLimit(site)
        pages = [Visit(limit) for _ in range(RUNNING_PAGES)]
        files = [Visit(limit, path) for path in ("/static/chat/a.css", "/page/0/assets/a.js")]
        await turns()
        assert site.running == RUNNING_PAGES + len(files)
        for visit in (*pages, *files):
            visit.task.cancel()

    asyncio.run(scenario())


def test_a_page_that_fails_leaves_its_place() -> None:
    async def fail(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError

    async def scenario() -> None:
        limit = PageLimit(fail)
        visits = [Visit(limit) for _ in range(RUNNING_PAGES + WAITING_PAGES)]
        assert {
            type(result) for result in await asyncio.gather(*(v.task for v in visits), return_exceptions=True)
        } == {RuntimeError}
        assert limit._pages == 0
        assert not limit._running.locked()

    asyncio.run(scenario())
