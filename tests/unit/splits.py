"""Ways to cut recorded bytes into reads."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise


def split(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    return [data[start:stop] for start, stop in pairwise([0, *sorted(cuts), len(data)])]


def in_steps(data: bytes, step: int) -> list[bytes]:
    return split(data, range(step, len(data), step))
