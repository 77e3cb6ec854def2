"""A provider's own fields come back as it sent them, to its model alone, and never in place of the project's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from chat.llm import provider_fields
from chat.llm.clients.base import ModelProfile
from chat.llm.sse import ChunkDecoder
from chat.llm.sse.accumulator import MAX_FIELD_BYTES, CallAccumulator, CallTooLarge, FieldsTooLarge, ToolCall
from chat.llm.sse.deltas import HELD_CHARACTERS
from chat.llm.sse.fields import MAX_DEPTH, OWN_FIELDS
from tests.unit.stream_corpus import chat, ended, event

MIB = 1024 * 1024
SIGNATURE = {"google": {"thought_signature": "c2ln"}}
CALL: dict[str, Any] = {
    "index": 0,
    "id": "a",
    "type": "function",
    "function": {"name": "f", "arguments": "{}"},
}


def accumulated(*deltas: dict[str, Any]) -> tuple[dict[str, Any], list[ToolCall]]:
    """Return the fields of the message and the calls of a stream of these deltas, one read each."""
    decoder, accumulator = ChunkDecoder(), CallAccumulator()
    for delta in deltas:
        update = decoder.feed(event(chat(**delta)))
        accumulator.feed(update.calls, update.fields)
    return accumulator.fields(), accumulator.calls()


def message_fields(*deltas: dict[str, Any]) -> dict[str, Any]:
    return accumulated(*deltas)[0]


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def details(*entries: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return ({"reasoning_details": [entry]} for entry in entries)


def test_fields_of_a_call_and_of_its_function_are_kept() -> None:
    function = {**CALL["function"], "thought_signature": "s"}
    (call,) = accumulated({"tool_calls": [{**CALL, "extra_content": SIGNATURE, "function": function}]})[1]
    assert call.fields == {"extra_content": SIGNATURE, "function": {"thought_signature": "s"}}


def test_fields_of_a_call_may_come_with_a_later_delta() -> None:
    deltas = [{"tool_calls": [CALL]}, {"tool_calls": [{"index": 0, "extra_content": SIGNATURE}]}]
    assert [call.fields for call in accumulated(*deltas)[1]] == [{"extra_content": SIGNATURE}]


def test_each_of_several_calls_keeps_its_own_fields() -> None:
    calls = [{**CALL, "index": n, "id": str(n), "extra_content": n} for n in (1, 2)]
    assert [call.fields for call in accumulated({"tool_calls": calls})[1]] == [
        {"extra_content": 1},
        {"extra_content": 2},
    ]


def test_text_is_joined_objects_are_updated_and_of_other_values_the_last_stays() -> None:
    deltas = [
        {"reasoning_content": "a", "o": {"x": 1}, "n": 1},
        {"reasoning_content": "b", "o": {"y": 2}, "n": 2},
    ]
    assert message_fields(*deltas) == {"reasoning_content": "ab", "o": {"x": 1, "y": 2}, "n": 2}


def test_a_thought_comes_back_verbatim_under_the_name_by_which_it_came() -> None:
    pieces = [
        {"reasoning": "a"},
        {"reasoning": " b"},
        {"content": "text"},
        {"reasoning": "c", "role": "assistant"},
    ]
    assert message_fields(*pieces, {"tool_calls": [CALL]}) == {"reasoning": "a bc"}


def test_the_field_of_a_thought_comes_with_the_calls_behind_it_or_with_the_reason_of_the_end() -> None:
    for last in (event(chat(tool_calls=[CALL])), event(ended())):
        decoder = ChunkDecoder()
        first, *others = (decoder.feed(event(chat(reasoning=words))) for words in ("So", " it", " is"))
        assert first.fields == ({"reasoning": "So"},)  # whose name was not known
        assert [update.fields for update in others] == [(), ()]
        assert decoder.feed(last).fields == ({"reasoning": " it is"},)


def test_a_thought_that_never_ends_is_not_held_back_whole() -> None:
    decoder = ChunkDecoder()
    pieces = [decoder.feed(event(chat(reasoning="x" * 1024))).fields for _ in range(64)]
    given = "".join(field["reasoning"] for fields in pieces for field in fields)
    assert 64 * 1024 - len(given) < 2 * HELD_CHARACTERS


def test_pieces_of_one_entry_are_one_entry_with_its_signature() -> None:
    head = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
    fields = message_fields(
        *details({**head, "text": "Let"}, {**head, "text": " me"}, {**head, "signature": "s"})
    )
    assert fields == {"reasoning_details": [{**head, "text": "Let me", "signature": "s"}]}


def test_entries_of_another_type_index_or_id_stay_apart() -> None:
    entries = [
        {"type": "reasoning.summary", "summary": "a", "index": 0},
        {"type": "reasoning.encrypted", "data": "b", "index": 0},
        {"type": "reasoning.encrypted", "data": "c", "index": 0},
        {"type": "reasoning.summary", "summary": "d", "index": 0},
        {"type": "reasoning.summary", "summary": "e", "index": 1},
        {"type": "reasoning.summary", "summary": "f", "index": 1, "id": "x"},
        {"type": "reasoning.summary", "summary": "g", "index": 1, "id": "y"},
    ]
    merged = message_fields(*details(*entries))["reasoning_details"]
    assert merged == [*entries[:4], {**entries[5], "summary": "ef"}, entries[6]]


def test_a_text_after_a_signature_begins_an_entry_of_its_own() -> None:
    blocks = [
        {"type": "thinking", "thinking": "a", "signature": ""},
        {"type": "thinking", "thinking": "b", "signature": ""},
        {"type": "thinking", "thinking": "", "signature": "s"},
        {"type": "thinking", "thinking": "c", "signature": "t"},
    ]
    merged = message_fields(*({"thinking_blocks": [block]} for block in blocks))["thinking_blocks"]
    assert merged == [{"type": "thinking", "thinking": "ab", "signature": "s"}, blocks[3]]


def test_a_whole_text_that_comes_again_with_its_signature_counts_once() -> None:
    blocks = [{"thinking": "a"}, {"thinking": "b"}, {"thinking": "ab", "signature": "s"}]
    merged = message_fields(*({"thinking_blocks": [block]} for block in blocks))["thinking_blocks"]
    assert merged == [{"thinking": "ab", "signature": "s"}]


def test_entries_of_unknown_lists_are_kept_one_by_one() -> None:
    assert message_fields({"x": [1]}, {"x": [{"y": 2}]}, {"x": [{"y": 2}]}) == {"x": [1, {"y": 2}, {"y": 2}]}


def test_beside_text_only_what_providers_want_back_is_kept() -> None:
    assert message_fields({"content": "a", "citations": ["b"], "extra_content": SIGNATURE}) == {
        "extra_content": SIGNATURE
    }
    assert message_fields({"content": "a", "secret": "b", "tool_calls": [CALL]}) == {"secret": "b"}


def test_marks_of_thought_and_empty_fields_are_not_kept() -> None:
    assert message_fields({"content": "a", "extra_content": {"google": {"thought": True}}}) == {}
    assert message_fields({"reasoning": "", "reasoning_details": [], "x": None}) == {}


def test_the_projects_own_fields_are_never_taken() -> None:
    stranger = dict.fromkeys(OWN_FIELDS - {"content", "tool_calls", "refusal", "function"}, "x")
    call = {
        **CALL,
        **dict.fromkeys(OWN_FIELDS - CALL.keys(), "x"),
        "function": {**CALL["function"], "role": "x"},
    }
    fields, calls = accumulated({**stranger, "tool_calls": [call]})
    assert (fields, calls) == ({}, [ToolCall("a", "f", "{}")])


def test_a_signature_of_1_mib_passes_even_in_pieces() -> None:
    large = "s" * MIB
    assert message_fields({"reasoning_opaque": large}) == {"reasoning_opaque": large}
    pieces = [f"{number:08x}" for number in range(MIB // 8)]
    accumulator = CallAccumulator()
    accumulator.feed([], details(*({"index": 0, "signature": piece} for piece in pieces)))
    assert accumulator.fields() == {"reasoning_details": [{"index": 0, "signature": "".join(pieces)}]}
    (call,) = accumulated({"tool_calls": [{**CALL, "extra_content": large}]})[1]
    assert call.fields == {"extra_content": large}


@pytest.mark.parametrize(
    "deltas",
    [
        [{"tool_calls": [{**CALL, "x": "s" * (MAX_FIELD_BYTES + 1)}]}],
        [{"tool_calls": [CALL]}, *[{"x": "é" * MIB}] * 3],
        [*[{"x": "é" * MIB}] * 3, {"tool_calls": [CALL]}],
        [{"x": "s" * 3 * MIB, "tool_calls": [{**CALL, "x": "s" * 2 * MIB}]}],
        [{"x": nested(MAX_DEPTH + 1), "tool_calls": [CALL]}],
        [{"x": [{"text": "a"}]}, {"x": [{"text": "a", "y": nested(MAX_DEPTH)}], "tool_calls": [CALL]}],
    ],
    ids=["of a call", "after a call", "before a call", "in all", "too deep", "too deep in an entry"],
)
def test_fields_too_large_or_too_deep_are_refused_beside_calls(deltas: list[dict[str, Any]]) -> None:
    with pytest.raises(FieldsTooLarge):
        accumulated(*deltas)


def test_without_calls_a_thought_of_any_length_is_no_fault_and_not_kept() -> None:
    assert message_fields(*[{"reasoning_content": "x" * MIB}] * 10, {"content": "Hi"}) == {}


def test_fields_too_large_are_calls_too_large() -> None:
    assert issubclass(FieldsTooLarge, CallTooLarge)


def test_a_hundred_thousand_pieces_cost_no_more_than_their_bytes() -> None:
    entry = {"type": "reasoning.text", "text": "x", "format": "f" * 100, "index": 0}
    accumulator = CallAccumulator()
    accumulator.feed([], ({"reasoning_details": [entry]} for _ in range(100_000)))
    assert accumulator.fields() == {"reasoning_details": [{**entry, "text": "x" * 100_000}]}


def test_fields_are_storable_and_encodable() -> None:
    payload = (
        b'{"choices":[{"delta":{"reasoning":"\\ud83c","x\\u0000":"a\\u0000\\ud800",'
        b'"n":NaN,"i":1' + b"0" * 400 + b',"j":99999999999999999999}}]}'
    )
    decoder, accumulator = ChunkDecoder(), CallAccumulator()
    for data in (payload, b'{"choices":[{"delta":{"reasoning":"\\udf4e"}}]}'):
        accumulator.feed([], decoder.feed(event(data)).fields)
    stored = provider_fields.encode("m", accumulator.fields(), [])
    assert stored
    assert json.loads(stored)["message"] == {
        "reasoning": "🍎",
        "x\ufffd": "a\ufffd\ufffd",
        "n": None,
        "i": None,
        "j": 1e20,
    }


MODEL = "gemini\ngemini-3"
MESSAGE: dict[str, Any] = {
    "role": "assistant",
    "content": "Let me see.",
    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}
CALLS = [
    ToolCall("a", "f", "{}", {"extra_content": SIGNATURE, "function": {"sig": "s"}}),
    ToolCall("b", "g", "{}"),
]
STORED = provider_fields.encode(MODEL, {"reasoning": "Hm."}, CALLS) or ""


def restored(stored: str = STORED, model: str = MODEL) -> dict[str, Any]:
    return provider_fields.restore(MESSAGE, stored, model)


def test_without_fields_nothing_is_stored() -> None:
    assert provider_fields.encode(MODEL, {}, [ToolCall("b", "g", "{}")]) is None


def test_fields_are_restored_beside_the_projects_own() -> None:
    (call,) = MESSAGE["tool_calls"]
    assert restored() == {
        **MESSAGE,
        "reasoning": "Hm.",
        "tool_calls": [{**call, "extra_content": SIGNATURE, "function": {**call["function"], "sig": "s"}}],
    }


def test_calls_that_are_kept_as_json_text_are_restored_as_such() -> None:
    encoded = MESSAGE | {"tool_calls": msgspec.Raw(msgspec.json.encode(MESSAGE["tool_calls"]))}
    message = provider_fields.restore(encoded, STORED, MODEL)
    assert msgspec.json.decode(msgspec.json.encode(message)) == restored()


def test_another_model_gets_no_fields() -> None:
    assert restored(model="gemini\ngemini-2.5") == MESSAGE
    assert restored(model="other\ngemini-3") == MESSAGE


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        {"message": 5, "calls": 5},
        {"message": [], "calls": {"a": 5}},
        {"calls": {"a": {"function": 5, "id": "x"}, "b": {"x": 1}}},
        {"message": {"role": "system", "content": "x", "tool_calls": [], "name": "x"}},
        {"calls": {"a": {"id": "x", "type": "x", "function": {"name": "x", "arguments": "x"}}}},
    ],
)
def test_bad_stored_fields_and_those_with_the_projects_names_leave_the_message_as_it_is(kept: Any) -> None:
    stored = kept if isinstance(kept, str) else json.dumps({"model": MODEL, **kept})
    assert restored(stored) == MESSAGE


def test_a_models_key_has_its_own_name_and_the_one_upstream() -> None:
    profile = ModelProfile("gemini", "gemini-3", {})
    assert provider_fields.model_key(profile) == MODEL
    assert provider_fields.model_key(replace(profile, name="other")) != MODEL
