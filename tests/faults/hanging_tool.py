"""The product with one more tool, which never returns."""

from __future__ import annotations

import asyncio

from chat.tools import tool


@tool(seconds=3600)
async def wait_for_ever() -> str:
    """Wait."""
    await asyncio.Event().wait()
    return "never"


# After the registration: the start resolves all tools that CHAT_TOOLS names.
from chatproject.asgi import application  # noqa: E402

__all__ = ["application"]
