"""Connections of users to MCP servers with OAuth."""

from __future__ import annotations

from typing import Literal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from chat.models.accounts import User

# Characters of a server's name in CHAT_MCP.
SERVER_NAME_LENGTH = 24


class ServerConnection(models.Model):
    """A user's connection to the MCP server `server` of CHAT_MCP, whose address was `url` at the time.

    `grant` holds the tokens, encrypted; it is empty before the first sign-in and after the server has refused them, which was
    at `refused_at`. `refreshing_until`: a process is fetching new tokens until then. `state_digest` and `pending`: the sign-in
    under way, if there is one, begun at `pending_since`; the latter is encrypted too.
    The database deletes the row with the user.
    """

    owner = models.ForeignKey(
        User,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,  # that of the constraint begins with it
        related_name="server_connections",
    )
    server = models.CharField(max_length=SERVER_NAME_LENGTH)
    url = models.TextField()
    grant = models.TextField(blank=True, db_default="", default="", editable=False)
    connected_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    refreshing_until = models.DateTimeField(null=True, blank=True, editable=False)
    state_digest = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    pending = models.TextField(blank=True, db_default="", default="", editable=False)
    pending_since = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["owner", "server"], name="connection_per_server"),
            models.CheckConstraint(
                condition=(
                    (~Q(grant="") & Q(connected_at__isnull=False, refused_at=None))
                    | (Q(grant="") & (Q(connected_at=None) | Q(refused_at__isnull=False)))
                ),
                name="connection_state",
            ),
            models.CheckConstraint(
                condition=Q(state_digest=None, pending="", pending_since=None)
                | (Q(state_digest__isnull=False, pending_since__isnull=False) & ~Q(pending="")),
                name="connection_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} {self.server}"

    @property
    def state(self) -> Literal["connected", "refused", "none"]:
        """Return the state: connected, refused by the server since, or never connected."""
        if self.refused_at is not None:
            return "refused"
        return "none" if self.connected_at is None else "connected"
