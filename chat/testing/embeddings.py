"""Vectors that a test can foresee: each word of a text counts in one direction, which words of one meaning share.

So "car" finds "automobile", and texts without a common meaning are at right angles, but for collisions of the hash.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

from chat.testing.script import Script, document

# Numbers of a vector where a request names none.
DIMENSIONS = 256

# Words by another that means the same.
SYNONYMS = {"automobile": "car", "vehicle": "car", "physician": "doctor", "medic": "doctor"}


def vector_of(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """Return the vector of a text; only zeros for one without words."""
    numbers = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()):
        numbers[zlib.crc32(SYNONYMS.get(word, word).encode()) % dimensions] += 1.0
    return numbers


def embeddings(request: dict[str, Any]) -> Script:
    """Return the answer to a request of `/embeddings`."""
    dimensions = request.get("dimensions", DIMENSIONS)
    return embedding_answer([vector_of(text, dimensions) for text in request["input"]])


def embedding_answer(vectors: list[list[float]]) -> Script:
    """Return an answer with these vectors, in order."""
    data = [{"object": "embedding", "index": at, "embedding": numbers} for at, numbers in enumerate(vectors)]
    return document({"object": "list", "data": data, "model": "scripted", "usage": {"total_tokens": 1}})
