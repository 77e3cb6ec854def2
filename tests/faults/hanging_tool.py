"""The product with two more tools, which never return."""

from __future__ import annotations

import asyncio

from chat.tools import ToolContext, tool


@tool(seconds=3600)
async def wait_for_ever() -> str:
    """Wait."""
    await asyncio.Event().wait()
    return "never"


@tool(seconds=3600, alone=True)
async def write_and_wait(context: ToolContext) -> str:
    """Write, and wait."""
    await context.write("Hello")
    await asyncio.Event().wait()
    return "never"


# After the registration: the start resolves all tools that CHAT_TOOLS names.
from chatproject.asgi import application  # noqa: E402

__all__ = ["application"]
