"""The count of a message's values is right wherever its parts end, and stops in time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.tools.mcp.message_bound import (
    CONTAINER_VALUES,
    MESSAGE_BYTES,
    MESSAGE_VALUES,
    MessageBound,
    MessageTooLargeError,
)

ODD = st.text(alphabet='"\\,[{n u0061é', max_size=12)
VALUES = st.recursive(
    st.none() | st.integers() | ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD, inner, max_size=4),
    max_leaves=20,
)


def expected(value: Any) -> int:
    """Return how many strings and commas the JSON of a value has, and opening brackets by their weight."""
    match value:
        case str():
            return 1
        case list():
            return CONTAINER_VALUES + max(len(value) - 1, 0) + sum(map(expected, value))
        case dict():
            return (
                CONTAINER_VALUES
                + max(len(value) - 1, 0)
                + sum(1 + expected(inner) for inner in value.values())
            )
    return 0


@given(VALUES, st.lists(st.integers(0, 60), max_size=5), st.booleans())
def test_values_are_counted_wherever_the_parts_end(value: Any, cuts: list[int], ascii_only: bool) -> None:
    data, bound = json.dumps(value, ensure_ascii=ascii_only).encode(), MessageBound()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        bound.add(data[start:end])
    assert bound.values == expected(value)


@pytest.mark.parametrize(
    "data", [b"[" * (MESSAGE_VALUES + 1), b'"",' * MESSAGE_VALUES, b" " * (MESSAGE_BYTES + 1)]
)
def test_a_message_beyond_a_bound_is_refused(data: bytes) -> None:
    with pytest.raises(MessageTooLargeError, match="The message is too large: more than"):
        MessageBound().add(data)


def test_a_picture_is_one_value() -> None:
    bound = MessageBound()
    bound.add(b'{"data":"' + b"A" * (MESSAGE_BYTES - 11) + b'"}')
    assert bound.values == 2 + CONTAINER_VALUES
