"""Imported or hand-edited histories are repaired on their way to the model."""

from __future__ import annotations

from itertools import chain

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.models import Role
from chat.threads.history import repair_tool_calls
from tests.integration.grammar import Json, as_sent, assert_valid

calls = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", "a", "b", ""]),
        "type": st.sampled_from(["function"] * 5 + ["other"]),
        "function": st.sampled_from([{"name": "f", "arguments": "{"}] * 5 + [None]),
    }
)
stored_calls = st.lists(calls, max_size=3).map(msgspec.json.encode) | st.sampled_from(
    [b"{}", b"null", b"[", b"[1]"]
)
good_calls = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).map(
    lambda ids: msgspec.json.encode(
        [{"id": n, "type": "function", "function": {"name": "f", "arguments": ""}} for n in ids]
    )
)
whatever = st.fixed_dictionaries(
    {
        "role": st.sampled_from(list(Role.values)),
        "content": st.sampled_from([None, "", "text"]) | st.just(msgspec.Raw(b'[{"type":"text"}]')),
    },
    optional={
        "tool_calls": (good_calls | stored_calls).map(msgspec.Raw),
        "tool_call_id": st.sampled_from(["a", "b", "c", "d"]),
    },
)


def as_stored(message: Json) -> Json:
    """Generate messages with the keys and contents that the tables allow."""
    tool = message["role"] == Role.TOOL
    message = {key: value for key, value in message.items() if key != "tool_call_id" or tool}
    return (
        {**message, "tool_call_id": message.get("tool_call_id", "a"), "content": "12:00"} if tool else message
    )


def answered(message: Json) -> list[Json]:
    """Return the message and an answer to each of its calls."""
    ids = [call["id"] for call in msgspec.json.decode(message.get("tool_calls", b"[]"))]
    return [message, *({"role": "tool", "content": "", "tool_call_id": one} for one in ids)]


@settings(derandomize=True, deadline=None)
@given(st.lists(whatever.map(as_stored), max_size=12))
def test_any_messages_are_repaired(rows: list[Json]) -> None:
    assert_valid(as_sent(repair_tool_calls(rows)))


valid = st.one_of(
    st.sampled_from(["system", "user", "assistant"]).map(lambda role: {"role": role, "content": "text"}),
    good_calls.map(lambda raw: {"role": "assistant", "content": None, "tool_calls": msgspec.Raw(raw)}),
)


@settings(derandomize=True, deadline=None)
@given(st.lists(valid.map(answered), max_size=8).map(lambda rows: list(chain.from_iterable(rows))))
def test_valid_messages_stay_unchanged(rows: list[Json]) -> None:
    assert_valid(as_sent(rows))
    assert list(repair_tool_calls(rows)) == rows
