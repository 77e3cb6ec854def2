"""The count of the values in JSON is right wherever its parts end."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chat.text.json_values import CONTAINER_VALUES, JsonValues

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
            inside = sum(1 + expected(inner) for inner in value.values())
            return CONTAINER_VALUES + max(len(value) - 1, 0) + inside
    return 0


@given(VALUES, st.lists(st.integers(0, 60), max_size=5), st.booleans())
def test_values_are_counted_wherever_the_parts_end(value: Any, cuts: list[int], ascii_only: bool) -> None:
    data, values = json.dumps(value, ensure_ascii=ascii_only).encode(), JsonValues()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        assert not values.exceed(1_000_000, data[start:end])
    assert values.count == expected(value)


def test_the_count_ends_beyond_the_bound() -> None:
    values = JsonValues()
    assert values.exceed(10, b"[" * 1_000_000)
    assert values.count < 300_000
