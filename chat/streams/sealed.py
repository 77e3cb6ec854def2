"""Sealed logs: those of ended responses. Their rows change no more, but that a redaction or a deletion replaces them."""

from __future__ import annotations

from chat.db import sql

# Bytes of a sealed log that are read at once, in whole rows: 1 MiB in four round trips, and a reader that takes nothing holds
# no more. Of 128 KiB to 1 MiB this took the least CPU.
PORTION_BYTES = 262_144

_SEAL = "SELECT coalesce(max(id), 0) FROM chat_chunk WHERE response_id = %s"
_READ = """
SELECT start, data FROM chat_chunk
WHERE response_id = %(response)s AND id <= %(seal)s AND start < %(before)s AND stop > %(start)s
ORDER BY start
"""


def seal(response: int) -> int:
    """Return the seal of an ended log: the number of its newest row, which no other text would have; 0 if it is empty."""
    return int(sql.value(_SEAL, [response]))


def read(response: int, seal: int, start: int, stop: int) -> bytes:
    """Return bytes of the log with this seal from `start` on, before `stop` and whole characters; none where it has gone."""
    before = min(stop, start + PORTION_BYTES)
    values = {"response": response, "seal": seal, "start": start, "before": before}
    rows = sql.rows(_READ, values, binary=True)
    return b"".join([data[max(start - at, 0) : stop - at] for at, data in rows])
