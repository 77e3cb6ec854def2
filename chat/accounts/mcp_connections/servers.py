"""The MCP servers that a user may connect."""

from __future__ import annotations

from chat.models import User
from chat.tools.mcp.spec import McpSpec, user_servers


def servers_of(user: int) -> dict[str, McpSpec]:
    """Return the servers that a user may connect, by name: those whose permission the user has."""
    account = User.objects.filter(pk=user, is_active=True).first()
    return {
        name: spec
        for name, spec in user_servers().items()
        if account is not None and (spec.permission is None or account.has_perm(spec.permission))
    }
