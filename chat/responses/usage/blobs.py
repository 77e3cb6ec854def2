"""Texts that models are told again and again, each stored once, by its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.db import transaction

from chat.models import PromptBlob

_waiting: dict[str, str] = {}
_stored: set[str] = set()  # of this process; as many as there are models, sets of tools and parameters


def sha256_hex(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def digest(text: bytes) -> str:
    """The digest of a text that a call was told; `keep` will store it. "" for nothing."""
    if not text:
        return ""
    digest = sha256_hex(text)
    if digest not in _stored:
        _waiting[digest] = text.decode()
    return digest


def flush() -> None:
    """Store what was said and is not stored yet; nothing to do but for the first call of a kind."""
    texts = dict(_waiting)
    if not texts:
        return
    PromptBlob.objects.bulk_create(
        [PromptBlob(digest, text) for digest, text in texts.items()], ignore_conflicts=True
    )
    transaction.on_commit(lambda: _remember_stored(texts))


def _remember_stored(digests: Iterable[str]) -> None:
    for digest in digests:
        _stored.add(digest)
        _waiting.pop(digest, None)


def texts(digests: Iterable[str]) -> dict[str, bytes]:
    """Those of the texts that are stored."""
    rows = PromptBlob.objects.in_bulk(set(digests))
    return {digest: row.text.encode() for digest, row in rows.items()}
