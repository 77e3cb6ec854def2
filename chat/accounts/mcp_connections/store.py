"""Rows of connections, in short transactions. Every function takes the owner."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from chat.accounts.mcp_connections.encryption import Undecryptable, decrypt, encrypt
from chat.db import notifications
from chat.models import ServerConnection
from chat.tools.mcp.oauth.records import Grant, PendingAuthorization

# Before its end a token is replaced: a call must not meet the end on its way.
EXPIRY_MARGIN_SECONDS = 30.0
# For a process to fetch new tokens; longer than its request may take.
REFRESH_LEASE = timedelta(seconds=15)
# For the user to consent.
SIGN_IN_LIFE = timedelta(minutes=10)
# `used_at` is written at most this often.
USE_INTERVAL = timedelta(minutes=1)


class RefreshUnderWay(Exception):
    """Another task is fetching new tokens for the same connection."""


@dataclass(frozen=True, slots=True)
class RefreshLease:
    """The right to refresh a grant. `version` is the row's encrypted text: any change of it ends the right."""

    pk: int
    row: str
    version: str
    grant: Grant


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in whose user has come back."""

    server: str
    pending: PendingAuthorization


def row_name(owner: int, server: str) -> str:
    """Return the name of a row for its encryption key."""
    return f"{owner} {server}"


def connections(owner: int) -> list[ServerConnection]:
    """Return the owner's connections. One whose tokens cannot be read is shown as refused, until their key is back."""
    rows = list(ServerConnection.objects.filter(owner=owner).defer("pending").order_by("server"))
    for row in rows:
        if row.grant and _readable(row) is None:
            row.refused_at = timezone.now()
    return rows


def connected(owner: int, urls: Mapping[str, str]) -> set[str]:
    """Return the connected servers among those with these addresses. A suspended user has none."""
    rows = ServerConnection.objects.filter(owner=owner, owner__is_active=True, server__in=urls)
    found = rows.exclude(grant="").values_list("server", "url")
    return {server for server, url in found if urls[server] == url}


# Tokens


def take(owner: int, server: str, url: str, refused: str = "") -> str | RefreshLease | None:
    """Return a valid access token, or the right to refresh it; None if the user has to connect again.

    A token equal to `refused` counts as expired. Raises RefreshUnderWay.
    """
    rows = ServerConnection.objects.exclude(grant="").filter(owner=owner, server=server, url=url)
    row = rows.first()
    if row is None:
        return None
    # Most requests change nothing, so they lock nothing.
    return _unchanged(row, refused) or _take_locked(rows.select_for_update(no_key=True), refused)


def _unchanged(row: ServerConnection, refused: str) -> str | None:
    """Return the row's token where it is valid, encrypted with the current key, and recorded as used a moment ago."""
    if row.used_at is None or row.used_at < timezone.now() - USE_INTERVAL:
        return None
    try:
        grant, is_current = decrypt(row.grant, row_name(row.owner_id, row.server), Grant)
    except Undecryptable:
        return None
    valid = is_current and grant.access_token != refused and not _is_expired(grant)
    return grant.access_token if valid else None


def _take_locked(rows: QuerySet[ServerConnection], refused: str) -> str | RefreshLease | None:
    row = rows.first()
    grant = None if row is None else _current(row)
    if row is None or grant is None:
        return None
    if grant.access_token != refused and not _is_expired(grant):
        _record_use(row)
        return grant.access_token
    if not grant.refresh_token:
        _refuse(ServerConnection.objects.filter(pk=row.pk))
        return None
    return _leased(row, grant)


def _current(row: ServerConnection) -> Grant | None:
    """Return the grant of a locked row, encrypted with the current key from now on. None where no key opens it.

    Then it stays: a process may lack a key that others have.
    """
    name = row_name(row.owner_id, row.server)
    try:
        grant, is_current = decrypt(row.grant, name, Grant)
    except Undecryptable:
        return None
    if not is_current:
        row.grant = encrypt(grant, name)
        row.save(update_fields=["grant"])
    return grant


def _is_expired(grant: Grant) -> bool:
    margin = timezone.now().timestamp() + EXPIRY_MARGIN_SECONDS
    return grant.expires_at is not None and grant.expires_at < margin


def _record_use(row: ServerConnection) -> None:
    due = Q(used_at=None) | Q(used_at__lt=Now() - USE_INTERVAL)
    ServerConnection.objects.filter(due, pk=row.pk).update(used_at=Now())


def _leased(row: ServerConnection, grant: Grant) -> RefreshLease:
    is_free = Q(refreshing_until=None) | Q(refreshing_until__lt=Now())
    if not ServerConnection.objects.filter(is_free, pk=row.pk).update(refreshing_until=Now() + REFRESH_LEASE):
        raise RefreshUnderWay
    return RefreshLease(row.pk, row_name(row.owner_id, row.server), row.grant, grant)


def store_refreshed(lease: RefreshLease, grant: Grant) -> bool:
    """Store new tokens. Return False if the connection has ended or changed meanwhile."""
    text = encrypt(grant, lease.row)
    return bool(_of(lease).update(grant=text, refreshing_until=None))


def end_refresh(lease: RefreshLease, *, refused: bool) -> None:
    """End a refresh that brought no tokens; `refused`: the user has to connect again."""
    if refused:
        _refuse(_of(lease))
    else:
        _of(lease).update(refreshing_until=None)


def _of(lease: RefreshLease) -> QuerySet[ServerConnection]:
    return ServerConnection.objects.filter(pk=lease.pk, grant=lease.version)


def _refuse(rows: QuerySet[ServerConnection]) -> None:
    rows.update(grant="", refused_at=Now(), refreshing_until=None)


# The sign-in


def state_digest(session: str, state: str) -> str:
    """Return the name of a sign-in: it is found only in the session that began it."""
    return hashlib.sha256(f"{session} {state}".encode()).hexdigest()


def begin(owner: int, server: str, digest: str, pending: PendingAuthorization) -> None:
    """Store a sign-in under way, in place of an earlier one at the same server."""
    row, _ = ServerConnection.objects.get_or_create(
        owner_id=owner, server=server, defaults={"url": pending.url}
    )
    text = encrypt(pending, row_name(owner, server))
    ServerConnection.objects.filter(pk=row.pk).update(state_digest=digest, pending=text, pending_since=Now())


def take_sign_in(owner: int, digest: str) -> SignIn | None:
    """Return a sign-in under way and forget it: it is used once. None if there is none, or it began too long ago."""
    rows = ServerConnection.objects.select_for_update(no_key=True).filter(owner=owner, state_digest=digest)
    row = rows.first()
    if row is None:
        return None
    rows.update(state_digest=None, pending="", pending_since=None)
    if row.pending_since is None or row.pending_since < timezone.now() - SIGN_IN_LIFE:
        return None
    try:
        return SignIn(row.server, decrypt(row.pending, row_name(owner, row.server), PendingAuthorization)[0])
    except Undecryptable:
        return None


def connect(owner: int, sign_in: SignIn, grant: Grant) -> list[tuple[str, Grant]] | None:
    """Store the tokens of a sign-in. Return the former ones, for their revocation; None if the connection was removed."""
    text = encrypt(grant, row_name(owner, sign_in.server))
    rows = ServerConnection.objects.filter(owner=owner, owner__is_active=True, server=sign_in.server)
    row = rows.select_for_update(no_key=True, of=("self",)).first()
    if row is None:
        return None
    ServerConnection.objects.filter(pk=row.pk).update(
        url=sign_in.pending.url,
        grant=text,
        connected_at=Now(),
        used_at=None,
        refused_at=None,
        refreshing_until=None,
    )
    # Under the former tokens a process may have a session of another account there.
    notifications.notify("server_connection", owner, sign_in.server)
    former = _readable(row)
    return [] if former is None else [(row.url, _without_tokens_of(former, grant))]


def _without_tokens_of(former: Grant, grant: Grant) -> Grant:
    """Return a former grant with those of its tokens that the new one does not have: a server may give the same again."""
    kept = {grant.access_token, grant.refresh_token}
    return msgspec.structs.replace(
        former,
        access_token="" if former.access_token in kept else former.access_token,
        refresh_token="" if former.refresh_token in kept else former.refresh_token,
    )


def disconnect(owner: int, server: str | None = None) -> list[tuple[str, Grant]]:
    """Delete a connection, or all of the user; return the addresses and tokens, for their revocation."""
    rows = ServerConnection.objects.filter(owner=owner, **({} if server is None else {"server": server}))
    found = list(rows.select_for_update())
    rows.filter(pk__in=[row.pk for row in found]).delete()
    for row in found:
        notifications.notify("server_connection", owner, row.server)
    return [(row.url, grant) for row in found if (grant := _readable(row)) is not None]


def _readable(row: ServerConnection) -> Grant | None:
    try:
        return decrypt(row.grant, row_name(row.owner_id, row.server), Grant)[0] if row.grant else None
    except Undecryptable:
        return None
