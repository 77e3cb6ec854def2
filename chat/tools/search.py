"""Search in the user's own conversations and files, for models."""

from __future__ import annotations

from chat.tools.context import ToolContext
from chat.tools.registry import tool


@tool()
async def search_threads(query: str, context: ToolContext) -> list[dict[str, str]]:
    """Search the titles and messages of the user's own conversations for words; gives titles and excerpts."""
    return await context.search(query)


@tool()
async def search_files(query: str, context: ToolContext, file: str = "") -> list[dict[str, str]]:
    """Search the user's own files for words, those of this conversation first, then those that the user sent in others.

    Gives passages, each with its file and its place, as `page 12`. Cite both in the answer.

    Args:
        query: The words that the passage holds, best without others.
        file: The name of the one file to search; empty for all.
    """
    return await context.search_files(query, file)
