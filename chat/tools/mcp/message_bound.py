"""Bounds of one message of an MCP server, counted while it arrives, before the package makes objects of it."""

from __future__ import annotations

from chat.text.json_values import JsonValues

# Of an event, a body or a line: pictures of a result come in Base64. The package, which takes 1 MiB of an event unless it is
# asked to take more, works up to 45 ms on it in the event loop: it also formats each event for its debug log.
MESSAGE_BYTES = 2 * 1024 * 1024
# In the JSON of a message: up to 45 ms again; 8 MiB of nested lists took 6 s. The tools of one page have some 20,000.
MESSAGE_VALUES = 60_000


class MessageTooLargeError(ValueError):
    """A message has more bytes or values than are taken."""


class MessageBound:
    """The bounds of one message in JSON, the parts of which may end anywhere."""

    def __init__(self) -> None:
        self._bytes, self._values = 0, JsonValues()

    def add(self, data: bytes) -> None:
        """Count a part. Raise MessageTooLargeError beyond a bound."""
        self._bytes += len(data)
        if self._bytes > MESSAGE_BYTES:
            raise MessageTooLargeError(f"The message is too large: more than {MESSAGE_BYTES} bytes.")
        if self._values.exceed(MESSAGE_VALUES, data):
            raise MessageTooLargeError(f"The message is too large: more than {MESSAGE_VALUES} values.")
