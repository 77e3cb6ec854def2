"""The subjects of a broker, and those that this process wants to hear.

A process subscribes to an owner while somebody reads that owner's answers or list here, or an answer of theirs runs here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Set

from chat.conf import settings
from chat.process import process

# Ends of access and the like: rare, and every process checks its own connections.
EVERYONE = "all"
# Where threads have other readers than their owners.
ALL_OWNERS = "read.*"

# Seconds in which a socket waits for its subscription; it takes a round trip.
SUBSCRIBE_SECONDS = 1.0

Heard = Callable[[], object]

# One for all: each open answer has one.
_HEARD_ALREADY = contextlib.nullcontext()


def broker_url() -> str:
    """Return the URL of the server that delivers notifications; empty where the database does."""
    return "" if settings.notifier.startswith("postgres") else settings.notifier


def read_subject(owner: int) -> str:
    """Return the subject of an owner's answers and threads."""
    return f"read.{owner}"


def run_subject(owner: int) -> str:
    """Return the subject of requests to those who run an owner's answers. Their own progress does not come back on it."""
    return f"run.{owner}"


def clock_subject(process: str) -> str:
    """Return the subject of a process's notifications to itself."""
    return f"clock.{process}"


def hearing(subject: str, heard: Heard | None = None) -> contextlib.AbstractContextManager[None]:
    """Hear a subject within the block; call `heard` once its messages arrive, for earlier ones were missed."""
    # Without a broker every process hears everything.
    return _hearing(subject, heard) if broker_url() else _HEARD_ALREADY


@contextlib.contextmanager
def _hearing(subject: str, heard: Heard | None) -> Iterator[None]:
    interests = process.part(Interests)
    interests.add(subject, heard)
    try:
        yield
    finally:
        interests.remove(subject)


async def until_heard(subject: str) -> None:
    """Wait until the messages of a subject arrive that is being heard, SUBSCRIBE_SECONDS at most."""
    if broker_url():
        await process.part(Interests).until_heard(subject)


class Interests:
    """The subjects that this process wants to hear, counted by those who do.

    All methods belong to the event loop.
    """

    def __init__(self) -> None:
        # Set when a subject comes or goes.
        self.changed = asyncio.Event()
        self._wanted: Counter[str] = Counter()
        self._heard: set[str] = set()
        self._waiting: defaultdict[str, list[Heard]] = defaultdict(list)

    def forget(self) -> None:
        """Take all subscriptions for lost."""
        self._heard.clear()
        self.changed.set()

    async def until_heard(self, subject: str) -> None:
        """Wait until the messages of a wanted subject arrive, SUBSCRIBE_SECONDS at most."""
        if subject in self._heard:
            return
        arrived = asyncio.Event()
        self._waiting[subject].append(arrived.set)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SUBSCRIBE_SECONDS):
                await arrived.wait()

    def changes(self) -> tuple[list[str], list[str]]:
        """Return the subjects to subscribe to and to leave. The latter count as left from now on."""
        wanted: Set[str] = self._wanted.keys()
        new, gone = sorted(wanted - self._heard), sorted(self._heard - wanted)
        self._heard -= set(gone)
        return new, gone

    def confirm(self, subjects: list[str]) -> None:
        """Take subscriptions for made, and tell those who wait for them."""
        self._heard.update(subjects)
        for subject in subjects:
            for heard in self._waiting.pop(subject, ()):
                heard()

    def add(self, subject: str, heard: Heard | None = None) -> None:
        """Want a subject; call `heard` once its messages arrive, if they do not yet."""
        self._wanted[subject] += 1
        if subject in self._heard:
            return
        if heard is not None:
            self._waiting[subject].append(heard)
        self.changed.set()

    def remove(self, subject: str) -> None:
        """Want a subject once less."""
        self._wanted[subject] -= 1
        if not self._wanted[subject]:
            del self._wanted[subject]
            self._waiting.pop(subject, None)
            self.changed.set()
