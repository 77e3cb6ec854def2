"""Encryption of stored tokens with the current SECRET_KEY, after which a former key can go."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from chat.accounts.mcp_connections.encryption import Undecryptable, decrypt, encrypt
from chat.accounts.mcp_connections.store import row_name
from chat.models import ServerConnection
from chat.tools.mcp.oauth.records import Grant, PendingAuthorization

S = TypeVar("S", bound=msgspec.Struct)


def reencrypt_connections() -> tuple[int, int]:
    """Encrypt the tokens of all connections with the current key.

    Return how many rows changed, and how many could not: no key opens them, or a process is fetching new tokens for them.
    """
    rows = ServerConnection.objects.filter(~Q(grant="") | ~Q(pending=""))
    results = [_reencrypt(pk) for pk in rows.values_list("pk", flat=True).iterator()]
    return results.count(True), results.count(False)


@transaction.atomic
def _reencrypt(pk: int) -> bool | None:
    """Encrypt the texts of one row. Return True if they changed, False if they could not, None if there was no need."""
    row = ServerConnection.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        return None
    name, before = row_name(row.owner_id, row.server), (row.grant, row.pending)
    try:
        row.grant = renewed(row.grant, name, Grant)
        row.pending = renewed(row.pending, name, PendingAuthorization)
    except Undecryptable:
        return False
    if (row.grant, row.pending) == before:
        return None
    # New tokens belong to the text as it was: they would be lost.
    is_free = Q(refreshing_until=None) | Q(refreshing_until__lt=Now())
    changed = ServerConnection.objects.filter(is_free, pk=pk)
    return bool(changed.update(grant=row.grant, pending=row.pending))


def renewed(text: str, row: str, kind: type[S]) -> str:
    """Return a text encrypted with the current key; itself where it is that already, or empty. Raise Undecryptable."""
    if not text:
        return text
    value, is_current = decrypt(text, row, kind)
    return text if is_current else encrypt(value, row)
