"""Orphaned responses, found by this process's own clock.

The database's clock may jump, and then every lease has run out at once. So a lease counts as expired once this process
has seen it unchanged for the length of a lease.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime

from chat.conf import settings


class LeaseWatch:
    """The leases in the database as this process saw them last, each with the time since which it is unchanged."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[datetime, float]] = {}
        self._checked = self._watched = 0.0

    def forget(self) -> None:
        """Begin anew, after the database was unreachable: no process could renew a lease then."""
        self._seen.clear()

    def begin(self) -> None:
        """Note the time before a check. A long time since the last one, of a hang, was not watched and does not count."""
        now = time.monotonic()
        if now - self._checked <= settings.lease_seconds / 2:
            self._watched += now - self._checked
        self._checked = now

    def expired(self, leases: Mapping[int, datetime]) -> dict[int, datetime]:
        """Return those of the leases, read since `begin`, that were unchanged for the length of a lease before."""
        reading = time.monotonic() - self._checked
        self._seen = {
            response: seen
            if (seen := self._seen.get(response)) and seen[0] == lease
            else (lease, self._watched + reading)
            for response, lease in leases.items()
        }
        return {
            response: lease
            for response, (lease, since) in self._seen.items()
            if self._watched - since >= settings.lease_seconds
        }
