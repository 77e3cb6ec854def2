"""Vectors of texts as a model of embeddings gives them, packed into a byte for each number.

The angle between two vectors is all that is compared, so each is scaled to the whole range of a byte, and the scale is
forgotten. Of a packed vector of 256 numbers the angles differ from those of the original by some thousandths.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

# The largest number of a packed vector, and with its sign the smallest.
LARGEST = 127


@dataclass(frozen=True, slots=True)
class QueryVector:
    """The packed vector of a query, and the identity of its model: other models' vectors cannot be compared to it."""

    model: str
    data: bytes


def pack(numbers: Sequence[float]) -> bytes | None:
    """Return a vector in a byte for each number; None for one without a direction, which only zeros have."""
    largest = max(map(abs, numbers), default=0.0)
    if not largest:
        return None
    return array("b", [round(number / largest * LARGEST) for number in numbers]).tobytes()


def signs(data: bytes) -> str:
    """Return the signs of a packed vector as zeros and ones: two vectors are the nearer, the more of them agree."""
    return "".join("1" if number > 0 else "0" for number in memoryview(data).cast("b"))


def cosine(one: bytes, other: bytes) -> float:
    """Return the cosine of the angle between two packed vectors."""
    first, second = memoryview(one).cast("b"), memoryview(other).cast("b")
    product, lengths = sum(map(mul, first, second)), _square(first) * _square(second)
    return float(product / math.sqrt(lengths))


def _square(vector: memoryview) -> int:
    return sum(map(mul, vector, vector))
