"""Texts that models receive again and again, each stored once under its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from django.db import transaction

from chat.models import PromptBlob

# Largest text whose digest is remembered: it takes 10 µs, and a look-up a tenth of one.
KNOWN_BYTES = 4096


class PromptBlobs:
    """The texts of one process that are still to be stored, and the digests of those that are.

    There are as many as models, sets of tools and parameters. `digest` and `flush` may run in different threads.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._stored: set[str] = set()

    def digest(self, text: bytes) -> str:
        """Return the digest of a text sent to a model, which `flush` will store; "" for an empty one."""
        if not text:
            return ""
        digest = _known_digest(text) if len(text) <= KNOWN_BYTES else sha256_hex(text)
        if digest not in self._stored:
            self._waiting[digest] = text.decode()
        return digest

    def flush(self) -> None:
        """Store the waiting texts; no statement but for the first call of a kind."""
        texts = dict(self._waiting)
        if not texts:
            return
        PromptBlob.objects.bulk_create(
            [PromptBlob(digest, text) for digest, text in texts.items()], ignore_conflicts=True
        )
        transaction.on_commit(lambda: self._remember_stored(texts))

    def _remember_stored(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self._stored.add(digest)
            self._waiting.pop(digest, None)


def sha256_hex(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


@lru_cache(maxsize=128)
def _known_digest(text: bytes) -> str:
    return sha256_hex(text)


def texts(digests: Iterable[str]) -> dict[str, bytes]:
    """Return the stored texts among these, by digest."""
    rows = PromptBlob.objects.in_bulk(set(digests))
    return {digest: row.text.encode() for digest, row in rows.items()}
