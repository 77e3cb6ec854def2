"""A message of an MCP server is refused beyond a bound, before it is parsed."""

from __future__ import annotations

import pytest

from chat.tools.mcp.message_bound import MESSAGE_BYTES, MESSAGE_VALUES, MessageBound, MessageTooLargeError


@pytest.mark.parametrize("data", [b"[" * MESSAGE_VALUES, b'"",' * MESSAGE_VALUES, b" " * (MESSAGE_BYTES + 1)])
def test_a_message_beyond_a_bound_is_refused(data: bytes) -> None:
    with pytest.raises(MessageTooLargeError, match="The message is too large: more than"):
        MessageBound().add(data)


def test_a_picture_is_taken() -> None:
    MessageBound().add(b'{"data":"' + b"A" * (MESSAGE_BYTES - 11) + b'"}')
