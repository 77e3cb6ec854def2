"""The needs of many concurrent readers, calculated from the measured costs of one.

Every reader has a running response of its own: the most expensive case, for nothing is shared. Followers of one response
cost a fortieth of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

READERS = (1_000, 100_000, 10_000_000)

# The rate of a fast model.
DELTAS_PER_SECOND = 50
# Bytes on the network for a delta: a dozen bytes of text, framing, TCP and IP.
DELTA_BYTES = 150
# Duration of an answer, from the first word to the last.
ANSWER_SECONDS = 20
BUSY = (
    0.7  # of a core: above it, delays grow (300 streams fill one, and half of the deltas are then 2 ms late)
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Measured costs; a core is one of the machine in the README's table."""

    delta_us: float = 45.0  # CPU of a server, passing one on and writing it down
    request_us: float = 2_400.0  # CPU of a server, a prompt from its claim to its end
    stream_kb: float = 21.0  # memory of a server, an open stream
    database_request_us: float = 2_000.0  # CPU of Postgres, a prompt
    database_second_us: float = 700.0  # CPU of Postgres, a second of an answer: five writes
    wal_request_kb: float = 12.0
    wal_second_kb: float = 11.5
    commits_request: float = 6.5  # most of them read alone
    writes_request: float = 2.0  # commits that write: the claim and the end
    notification_us: float = 11.5  # CPU of a server that receives one
    notifications_request: float = 3.0
    flushes: float = 5.0  # a second and process; each writes, and sends one notification
    idle_commits: float = 1.5  # a second, of a process that does nothing
    connections: int = 8  # of a process


@dataclass(frozen=True, slots=True)
class DatabaseRates:
    """Commits a second, those of them that write, and notifications that are sent."""

    commits: float
    writes: float
    notifications: float


def database_rates(answers: float, processes: int, measured: Measured = Measured()) -> DatabaseRates:
    """Return the rates of so many answers a second in processes that are never idle."""
    return DatabaseRates(
        commits=answers * measured.commits_request + processes * (measured.flushes + measured.idle_commits),
        writes=answers * measured.writes_request + processes * measured.flushes,
        notifications=answers * measured.notifications_request + processes * measured.flushes,
    )


@dataclass(frozen=True, slots=True)
class Needs:
    """The needs of so many concurrent readers; rates are per second."""

    readers: int
    processes: int
    memory_gb: float
    connections: int
    commits: float
    writes: float
    wal_mb: float
    database_cores: float
    notifications: float
    receiving_cores: float
    network_gbit: float


def needs(readers: int, measured: Measured, *, channels: int = 1) -> Needs:
    """Return the needs; `channels`: the notifications are split so, each with its part of the processes."""
    answers = readers / ANSWER_SECONDS
    own = readers * DELTAS_PER_SECOND * measured.delta_us + answers * measured.request_us
    processes = ceil(own / 1e6 / BUSY)
    rates = database_rates(answers, processes, measured)
    return Needs(
        readers=readers,
        processes=processes,
        memory_gb=readers * measured.stream_kb / 1e6,
        connections=processes * measured.connections,
        commits=rates.commits,
        writes=rates.writes,
        wal_mb=(readers * measured.wal_second_kb + answers * measured.wal_request_kb) / 1e3,
        database_cores=(readers * measured.database_second_us + answers * measured.database_request_us) / 1e6,
        notifications=rates.notifications,
        receiving_cores=rates.notifications / channels * processes * measured.notification_us / 1e6,
        network_gbit=readers * DELTAS_PER_SECOND * DELTA_BYTES * 8 / 1e9,
    )


def rows(measured: Measured = Measured()) -> list[tuple[str, ...]]:
    """Return the table: a line for each need, a column for each number of readers."""
    columns = [needs(readers, measured) for readers in READERS]
    shown: tuple[tuple[str, str], ...] = (
        ("server processes, a core each", "processes"),
        ("memory of the streams, GB", "memory_gb"),
        ("connections to Postgres", "connections"),
        ("commits a second", "commits"),
        ("those of them that write", "writes"),
        ("WAL, MB a second", "wal_mb"),
        ("cores of Postgres", "database_cores"),
        ("notifications a second", "notifications"),
        ("cores to receive them everywhere", "receiving_cores"),
        ("to the readers, Gbit a second", "network_gbit"),
    )
    return [(name, *(_number(getattr(column, field)) for column in columns)) for name, field in shown]


def _number(value: float) -> str:
    """Return the value with two significant digits; the figures carry no more."""
    if value >= 100:
        step = 10 ** (len(str(int(value))) - 2)
        return f"{round(value / step) * step:,}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1g}" if value < 1 else f"{value:.1f}"
