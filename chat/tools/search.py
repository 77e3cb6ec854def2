"""Search in the user's own conversations, for models."""

from __future__ import annotations

from chat.tools.registry import ToolContext, tool


@tool()
async def search_threads(query: str, context: ToolContext) -> list[dict[str, str]]:
    """Search the titles and messages of the user's own conversations for words; gives titles and excerpts."""
    return await context.search(query)
