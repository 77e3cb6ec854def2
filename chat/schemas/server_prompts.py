"""Requests for the text of an MCP server's prompt."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chat.exceptions import BadRequest
from chat.schemas.validation import parse_struct

# Of a prompt's or an argument's name.
MAX_NAME = 200
# Of an argument: some pages.
MAX_VALUE = 20_000

Name = Annotated[str, Meta(extra_json_schema={"maxLength": MAX_NAME})]


class ServerPromptBody(msgspec.Struct):
    """A prompt by its name, with its arguments."""

    name: Name
    arguments: dict[str, str] = {}


def parse_server_prompt(body: bytes) -> ServerPromptBody:
    """Parse the body of `POST /api/server-prompts/{server}`. Raise BadRequest."""
    wanted = parse_struct(body, ServerPromptBody)
    if any(len(name) > MAX_NAME for name in (wanted.name, *wanted.arguments)):
        raise BadRequest(f"A name has at most {MAX_NAME} characters.")
    if any(len(value) > MAX_VALUE for value in wanted.arguments.values()):
        raise BadRequest(f"An argument has at most {MAX_VALUE} characters.")
    return wanted
