"""Tool calls come out whole for all ways in which servers split and label them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.llm.sse import CallDelta
from chat.llm.sse.accumulator import MAX_BYTES, MAX_CALLS, CallAccumulator, CallTooLarge, ToolCall
from tests.unit.stream_corpus import CALLS

D = CallDelta


def whole(*deltas: CallDelta) -> list[ToolCall]:
    accumulator = CallAccumulator()
    accumulator.feed(deltas)
    return accumulator.calls()


def short(*deltas: CallDelta) -> list[tuple[str, str, str]]:
    return [(call.id, call.name, call.arguments) for call in whole(*deltas)]


@given(st.text().map("x{}".format), st.data())
def test_arguments_split_at_any_character_are_joined_verbatim(arguments: str, draw: st.DataObject) -> None:
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(arguments)), max_size=5)))
    edges = zip([0, *cuts], [*cuts, len(arguments)], strict=True)
    pieces = [D(0, None, "", arguments[start:stop]) for start, stop in edges]
    assert whole(D(0, "c", "f"), *pieces)[0].arguments == arguments.replace("\0", "\ufffd")


def test_interleaved_calls_keep_apart_in_order_of_appearance() -> None:
    assert short(*CALLS["interleaved"]) == [("b", "g", "xy"), ("a", "f", "12")]


def test_without_an_index_the_id_decides_and_without_both_the_last_call() -> None:
    assert short(*CALLS["without an index"]) == [("a", "f", "12"), ("b", "g", "xy")]


def test_another_name_after_arguments_is_another_call_without_id_and_index() -> None:
    names = [call.name for call in whole(*CALLS["without index and id"])]
    assert names == ["f", "g"]


def test_a_new_id_with_a_name_begins_a_new_call_under_the_same_index() -> None:
    assert short(*CALLS["a new id under the same index"]) == [("a", "f", "{}"), ("b", "f", "{}")]


def test_an_id_that_changes_from_delta_to_delta_is_the_first() -> None:
    assert short(*CALLS["an id that changes"]) == [("a", "f", "{}")]


@pytest.mark.parametrize(
    "names", [["get_weather"], ["get_", "wea", "ther"], ["get_weather"] * 3, list("get_weather")]
)
def test_names_come_once_in_pieces_or_whole_with_every_delta(names: list[str]) -> None:
    assert short(*(D(0, "a", name, "x") for name in names)) == [("a", "get_weather", "x" * len(names))]


def test_a_missing_id_is_made_and_stays() -> None:
    accumulator = CallAccumulator()
    accumulator.feed([D(0, None, "f"), D(1, "", "g")])
    calls = accumulator.calls()
    assert all(re.fullmatch(rf"call_{number}_[0-9a-f]{{16}}", call.id) for number, call in enumerate(calls))
    assert accumulator.calls() == calls


def test_an_id_that_comes_late_is_used() -> None:
    assert short(*CALLS["an id that comes late"]) == [("late", "f", "{}")]


def test_a_signature_behind_an_id_is_a_field_that_goes_back() -> None:
    accumulator = CallAccumulator()
    accumulator.feed([D(0, "call_1__thought__c2ln", "f", "{}"), D(1, "call_2", "g", "{}")])
    for first, second in (accumulator.calls(), accumulator.calls()):
        assert (first.id, second.id, second.fields) == ("call_1", "call_2", {})
        assert first.fields["extra_content"] == {"google": {"thought_signature": "c2ln"}}
        assert first.fields["provider_specific_fields"] == {"thought_signature": "c2ln"}


def test_a_repeated_id_is_replaced_for_the_second_call() -> None:
    first, second = whole(*CALLS["one id for two calls"])
    assert first.id == "same"
    assert second.id.startswith("call_1_")
    assert (second.name, second.arguments) == ("g", "2")


def test_halves_of_a_character_in_two_deltas_are_joined_and_lone_ones_replaced() -> None:
    assert whole(*CALLS["halves of a character"])[0].arguments == "😀 \ufffd\ufffd"


@pytest.mark.parametrize(
    "deltas",
    [
        [D(0, "a", "f", "é" * (MAX_BYTES // 2)), D(0, None, "", "x")],
        [D(0, "i" * (MAX_BYTES + 1), "f")],
        [D(number, str(number), "f") for number in range(MAX_CALLS + 1)],
    ],
)
def test_too_large_or_too_many_calls_are_refused(deltas: list[CallDelta]) -> None:
    with pytest.raises(CallTooLarge):
        whole(*deltas)


def test_a_hundred_thousand_names_cost_no_more_than_their_bytes() -> None:
    assert [call.name for call in whole(*[D(name="f")] * 100_000)] == ["f"]
    with pytest.raises(CallTooLarge):
        whole(*(D(name=f"{number}") for number in range(100_000)))


def test_a_hundred_thousand_empty_deltas_are_one_call() -> None:
    assert short(D(0, "a", "f", "{}"), *[D(0)] * 100_000) == [("a", "f", "{}")]


@given(
    st.lists(
        st.builds(
            D, st.none() | st.integers(0, 2), st.none() | st.sampled_from("ab"), st.sampled_from(["", "f"])
        )
    )
)
def test_ids_are_never_empty_or_repeated_for_any_labels(deltas: list[Any]) -> None:
    ids = [call.id for call in whole(*deltas)]
    assert all(ids)
    assert len(set(ids)) == len(ids)
