"""Threads that run jobs for the event loop: the one that became idle last takes the next, so few connections stay warm.

`concurrent.futures` hands the jobs round all its threads, and makes a future with a lock for each: some 60 calls of Python
more for a job and its result.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Run = Callable[[], object]


class WorkerThreads:
    """At most `count` threads, each started when no other is idle."""

    def __init__(self, count: int, name: str) -> None:
        self._count, self._name = count, name
        self._lock = threading.Lock()
        self._started = 0
        self._idle: list[SimpleQueue[Run]] = []
        self._jobs = deque[Run]()

    def submit(self, run: Run) -> None:
        """Run a job, which must not raise, as soon as a thread is free. Callable from any thread."""
        with self._lock:
            if self._idle:
                self._idle.pop().put(run)
            elif self._started < self._count:
                self._start().put(run)
            else:
                self._jobs.append(run)

    def _start(self) -> SimpleQueue[Run]:
        inbox = SimpleQueue[Run]()
        name = f"{self._name}_{self._started}"
        threading.Thread(target=self._work, args=[inbox], name=name, daemon=True).start()
        self._started += 1
        return inbox

    def _work(self, inbox: SimpleQueue[Run]) -> None:
        while True:
            run: Run | None = inbox.get()
            while run is not None:
                run()
                run = self._next(inbox)  # the last one may hold megabytes

    def _next(self, inbox: SimpleQueue[Run]) -> Run | None:
        with self._lock:
            if self._jobs:
                return self._jobs.popleft()
            self._idle.append(inbox)
            return None


class ThreadCall(Generic[T]):
    """One call of a function in another thread; `result` resolves in the event loop that made the job."""

    __slots__ = ("_loop", "_pending", "result")

    def __init__(self, function: Callable[[], T]) -> None:
        self._loop = asyncio.get_running_loop()
        self.result: asyncio.Future[T] = self._loop.create_future()
        # The one that pops the function decides: the thread, or the caller that gives up.
        self._pending = [function]

    def run(self) -> None:
        """Call the function, in the thread, unless the caller has given up."""
        try:
            function = self._pending.pop()
        except IndexError:
            return
        try:
            value = function()
        except BaseException as problem:
            self._tell(self.fail, problem)
        else:
            self._tell(self._succeed, value)
        finally:
            # The error's traceback holds this frame: with the job in it, which holds the error, that would be a cycle.
            del self, function

    def give_up(self) -> bool:
        """Return True if the function has not been called, and never will be."""
        with suppress(IndexError):
            self._pending.pop()
            return True
        return False

    def _tell(self, tell: Callable[[Any], None], outcome: Any) -> None:
        # At the end of the process the loop may be closed.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell, outcome)

    def _succeed(self, value: T) -> None:
        if not self.result.done():
            self.result.set_result(value)

    def fail(self, problem: BaseException) -> None:
        """End the wait for the result with an error."""
        if not self.result.done():
            self.result.set_exception(problem)
