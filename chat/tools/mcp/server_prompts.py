"""Prompts that MCP servers offer for users to begin a message with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chat.text import storable
from chat.tools.mcp.results import block_text

# Of one server, as of its tools.
MAX_PROMPTS = 128
MAX_ARGUMENTS = 32
# Of a title and of a description: more than a list shows.
TITLE_CHARACTERS, DESCRIPTION_CHARACTERS = 200, 1_000
# Of a name, which the client sends back.
NAME_CHARACTERS = 200
# Of a prompt's text: more than a person reads through before sending it.
TEXT_CHARACTERS = 50_000


class ServerPromptFailed(Exception):
    """A server gave no text for a prompt. The message is public."""


@dataclass(frozen=True, slots=True)
class PromptArgument:
    """A text that a prompt takes."""

    name: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class ServerPrompt:
    """A prompt of the MCP server `server`, identified by its `name`."""

    server: str
    name: str
    title: str
    description: str
    arguments: Sequence[PromptArgument]


async def listed(server: str, client: Any) -> list[ServerPrompt]:
    """Return the prompts of a server; none where it says that it has none. Raises the package's errors."""
    if client.server_capabilities.prompts is None:
        return []
    found: list[Any] = []
    cursor = None
    while len(found) < MAX_PROMPTS:
        page = await client.list_prompts(cursor=cursor)
        found += page.prompts
        cursor = page.next_cursor
        if not cursor:
            break
    shown = [_prompt(server, one) for one in found[:MAX_PROMPTS] if len(one.name) <= NAME_CHARACTERS]
    return list({prompt.name: prompt for prompt in shown}.values())


def _prompt(server: str, found: Any) -> ServerPrompt:
    arguments = [
        PromptArgument(one.name, _line(one.description or "", DESCRIPTION_CHARACTERS), bool(one.required))
        for one in (found.arguments or ())[:MAX_ARGUMENTS]
        if len(one.name) <= NAME_CHARACTERS
    ]
    title = _line(found.title or found.name, TITLE_CHARACTERS)
    return ServerPrompt(
        server, found.name, title, _line(found.description or "", DESCRIPTION_CHARACTERS), arguments
    )


def _line(text: str, characters: int) -> str:
    return " ".join(storable(text).split())[:characters]


def text_of(result: Any) -> str:
    """Return the texts of a prompt's messages, and a note for every other block. Raise ServerPromptFailed."""
    text = storable("\n\n".join(block_text(message.content) for message in result.messages)).strip()
    if not text or len(text) > TEXT_CHARACTERS:
        raise ServerPromptFailed(f"The prompt has no text, or more than {TEXT_CHARACTERS} characters.")
    return text
