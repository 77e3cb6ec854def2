"""Files of exported chats: this server's own, ChatGPT's and Open WebUI's, read into one shape.

tree        messages of a file, each after the one that it follows
own         `GET /api/export` and `GET /api/threads/{id}/export`
chatgpt     `conversations.json`
open_webui  "Export chats"

Nothing is guessed: a file of another form is refused whole, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chat.exceptions import BadRequest, TooLarge
from chat.schemas.imports import chatgpt, open_webui, own
from chat.schemas.imports.tree import ImportedMessage, ImportedThread
from chat.schemas.validation import bound_values

__all__ = ["MAX_MESSAGES", "MAX_THREADS", "ImportedMessage", "ImportedThread", "parse_import"]

# In one request, which is stored in one transaction of some seconds; a larger file is sent in pieces.
MAX_THREADS, MAX_MESSAGES = 1_000, 20_000
# Values and names of fields in one request: ChatGPT has a hundred for each message.
MAX_VALUES = 1_000_000

UNKNOWN = "This is no export of this server, of ChatGPT (`conversations.json`) or of Open WebUI."
FORMATS: tuple[tuple[Callable[[Any], bool], Callable[[Any], ImportedThread]], ...] = (
    (own.recognises, own.read),
    (chatgpt.recognises, chatgpt.read),
    (open_webui.recognises, open_webui.read),
)


def parse_import(body: bytes) -> list[ImportedThread]:
    """Return the chats of an export file. Raise BadRequest for any other file, and TooLarge beyond the limits."""
    bound_values(body, MAX_VALUES)
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        raise BadRequest("The file is not valid JSON.") from None
    entries = own.entries_of(value) if isinstance(value, dict) else value
    if not isinstance(entries, list) or not entries:
        raise BadRequest(UNKNOWN)
    if len(entries) > MAX_THREADS:
        raise TooLarge(f"The file holds more than {MAX_THREADS} chats. Send it in pieces.", limit=MAX_THREADS)
    threads = [_thread(number, entry) for number, entry in enumerate(entries, 1)]
    if sum(len(one.messages) for one in threads) > MAX_MESSAGES:
        raise TooLarge(
            f"The file holds more than {MAX_MESSAGES} messages. Send it in pieces.", limit=MAX_MESSAGES
        )
    return threads


def _thread(number: int, entry: Any) -> ImportedThread:
    known = isinstance(entry, dict)
    read = next((read for recognises, read in FORMATS if known and recognises(entry)), None)
    if read is None:
        raise BadRequest(UNKNOWN)
    try:
        return read(entry)
    except msgspec.ValidationError as problem:
        raise BadRequest(f"Chat {number} of the file cannot be read: {problem}.") from None
    except TooLarge as problem:
        raise TooLarge(f"Chat {number} of the file: {problem.detail}", **problem.fields) from None
