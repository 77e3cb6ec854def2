"""What many readers at once would need, from what one of them costs here: arithmetic, for `chat/SCALE.md`.

Every reader has a response of its own that runs: the dearest case, for nothing is shared. Followers of one response cost a
fortieth of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

READERS = (1_000, 100_000, 10_000_000)

DELTAS_PER_SECOND = 50  # of a fast model
DELTA_BYTES = 150  # on the wire: a dozen bytes of text, framing, TCP and IP
ANSWER_SECONDS = 20  # of the model, from the first word to the last
BUSY = (
    0.7  # of a core: above it, delays grow (300 streams fill one, and half of the deltas are then 2 ms late)
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one costs: a core is one of the machine in the README's table. Rings are those of the doorbell."""

    delta_us: float = 45.0  # CPU of a server, passing one on and writing it down
    request_us: float = 2_400.0  # CPU of a server, a prompt from its claim to its end
    stream_kb: float = 31.5  # memory of a server, an open stream
    database_request_us: float = 2_000.0  # CPU of Postgres, a prompt
    database_second_us: float = 700.0  # CPU of Postgres, a second of an answer: five writes
    wal_request_kb: float = 12.0
    wal_second_kb: float = 11.5
    commits_request: float = 6.0
    ring_us: float = 11.5  # CPU of a server that hears one
    rings_request: float = 3.0
    flushes: float = 5.0  # a second and process; each rings once
    connections: int = 8  # of a process


@dataclass(frozen=True, slots=True)
class Needs:
    """Of so many readers at once. Rates are a second's."""

    readers: int
    processes: int
    memory_gb: float
    connections: int
    commits: float
    wal_mb: float
    database_cores: float
    rings: float
    heard_cores: float
    network_gbit: float


def needs(readers: int, measured: Measured, *, doorbells: int = 1) -> Needs:
    """`doorbells`: into so many parts the rings are divided, each heard by its part of the processes alone."""
    answers = readers / ANSWER_SECONDS
    own = readers * DELTAS_PER_SECOND * measured.delta_us + answers * measured.request_us
    processes = ceil(own / 1e6 / BUSY)
    rings = answers * measured.rings_request + processes * measured.flushes
    return Needs(
        readers=readers,
        processes=processes,
        memory_gb=readers * measured.stream_kb / 1e6,
        connections=processes * measured.connections,
        commits=answers * measured.commits_request + processes * measured.flushes,
        wal_mb=(readers * measured.wal_second_kb + answers * measured.wal_request_kb) / 1e3,
        database_cores=(readers * measured.database_second_us + answers * measured.database_request_us) / 1e6,
        rings=rings,
        heard_cores=rings / doorbells * processes * measured.ring_us / 1e6,
        network_gbit=readers * DELTAS_PER_SECOND * DELTA_BYTES * 8 / 1e9,
    )


def rows(measured: Measured = Measured()) -> list[tuple[str, ...]]:
    """The table: a line for each need, a column for each number of readers."""
    columns = [needs(readers, measured) for readers in READERS]
    shown: tuple[tuple[str, str], ...] = (
        ("server processes, a core each", "processes"),
        ("memory of the streams, GB", "memory_gb"),
        ("connections to Postgres", "connections"),
        ("commits a second", "commits"),
        ("WAL, MB a second", "wal_mb"),
        ("cores of Postgres", "database_cores"),
        ("rings a second", "rings"),
        ("cores that hear every ring", "heard_cores"),
        ("to the readers, Gbit a second", "network_gbit"),
    )
    return [(name, *(_number(getattr(column, field)) for column in columns)) for name, field in shown]


def _number(value: float) -> str:
    """Two significant digits: the figures carry no more."""
    if value >= 100:
        step = 10 ** (len(str(int(value))) - 2)
        return f"{round(value / step) * step:,}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1g}" if value < 1 else f"{value:.1f}"
