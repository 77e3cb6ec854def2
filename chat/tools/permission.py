"""Which tools a user may use: those without a permission, and those whose permission they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.contrib.auth import get_user_model

from chat import store
from chat.tools.registry import Tool


async def permitted(tools: Mapping[str, Tool], user: int) -> dict[str, Tool]:
    """Those of the tools that the user may use now. The database is asked only where it matters. Raises Unavailable."""
    needed = {tool.permission for tool in tools.values() if tool.permission is not None}
    granted = await store.run(_held, user, needed) if needed else set()
    return {name: tool for name, tool in tools.items() if tool.permission in {None, *granted}}


def _held(user: int, permissions: Iterable[str]) -> set[str]:
    account = get_user_model()._default_manager.filter(pk=user, is_active=True).first()
    return {name for name in permissions if account is not None and account.has_perm(name)}
