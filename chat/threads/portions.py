"""The one rule for bounded portions: as many rows as fit, and always one."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import BigIntegerField, Func


def octets(column: str) -> Func:
    """Return the bytes of a text column as an expression.

    Postgres knows them without the text; to count characters it reads each, compressed and out of line.
    """
    return Func(column, function="octet_length", output_field=BigIntegerField())


def fitting(sizes: Iterable[tuple[int, int]], bound: int) -> list[int]:
    """Return the keys of the first (key, size) pairs whose sizes stay within a bound together, at least one."""
    taken, left = list[int](), bound
    for key, size in sizes:
        left -= size
        if taken and left < 0:
            break
        taken.append(key)
    return taken
