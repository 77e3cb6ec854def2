"""The forms of a history that servers accept: ids, roles, system texts, and fields that must come back."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.llm.clients.message_shape import NO_ANSWER, NO_SIGNATURE, NO_THOUGHT, OPENING, shaped
from chat.testing.strict_checks import check_mistral, check_qwen, check_template
from tests.integration.grammar import as_sent, assert_valid

Message = dict[str, Any]
PLAIN: dict[str, Any] = {"alternate": False, "oneSystem": False, "callIds": None, "wantsBack": True}
STRICT = {**PLAIN, "alternate": True, "oneSystem": True, "callIds": 9}


def text(role: str, content: Any) -> Message:
    return {"role": role, "content": content}


def call(id_: str, arguments: str = "{}", **more: Any) -> Message:
    return {"id": id_, "type": "function", "function": {"name": "f", "arguments": arguments}, **more}


def calling(*calls: Message, content: str | None = None, **more: Any) -> Message:
    raw = msgspec.Raw(msgspec.json.encode(calls))
    return {"role": "assistant", "content": content, **more, "tool_calls": raw}


def result(id_: str) -> Message:
    return {"role": "tool", "content": "1", "tool_call_id": id_}


def round_of(*ids: str) -> list[Message]:
    return [calling(*map(call, ids)), *map(result, ids)]


def sent(messages: list[Message], shape: dict[str, Any], tools: bool = True) -> list[Message]:
    return as_sent(shaped(messages, shape, tools=tools))


def ids_of(messages: list[Message]) -> list[str]:
    return [call["id"] for message in messages for call in message.get("tool_calls", ())]


def test_a_history_that_every_server_takes_is_not_touched() -> None:
    history = [text("system", "s"), text("user", "u"), *round_of("call_1", "b"), text("assistant", "a")]
    assert shaped(history, PLAIN, tools=True) == history


@pytest.mark.parametrize("odd", ["with spaces", "x" * 41, "functions.f:0", "größe", ""])
def test_an_id_that_is_not_portable_is_replaced_in_call_and_result(odd: str) -> None:
    first, other = sent([text("user", "u"), *round_of(odd, "fine")], PLAIN)[1]["tool_calls"]
    assert re.fullmatch("[A-Za-z0-9]{24}", first["id"])
    assert other["id"] == "fine"


def test_ids_stay_where_a_server_takes_any() -> None:
    history = [text("user", "u"), *round_of("functions.f:0", "x" * 200)]
    assert shaped(history, {**PLAIN, "callIds": 0}, tools=True) == history


def test_an_id_of_the_right_form_stays_and_others_are_always_replaced_alike() -> None:
    history = [text("user", "u"), *round_of("abcDEF123", "call_1")]
    (kept, fresh) = ids_of(sent(history, STRICT))
    assert kept == "abcDEF123"
    assert ids_of(sent([*history, text("assistant", "a"), text("user", "u")], STRICT)) == [kept, fresh]


def test_a_repeated_id_becomes_another_one_with_its_own_result() -> None:
    seen = sent([text("user", "u"), *round_of("call_1"), *round_of("call_1"), *round_of("call_1")], PLAIN)
    ids = ids_of(seen)
    assert ids[0] == "call_1"
    assert len(set(ids)) == 3
    assert [one["tool_call_id"] for one in seen if one["role"] == "tool"] == ids


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.text(max_size=12), min_size=1, max_size=200, unique=True), st.sampled_from([None, 6, 9, 40])
)
def test_no_two_ids_become_one(ids: list[str], length: int | None) -> None:
    assert len(set(ids_of(sent(round_of(*ids), {**PLAIN, "callIds": length})))) == len(ids)


@pytest.mark.parametrize("arguments", ["", "{oops", "[1]", "7", "null", "[" * 5000])
def test_arguments_that_are_no_object_are_sent_as_an_empty_one(arguments: str) -> None:
    seen = sent([text("user", "u"), calling(call("a", arguments)), result("a")], PLAIN)
    assert seen[1]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_texts_of_white_space_that_providers_refuse_are_not_sent() -> None:
    history = [
        text("system", " \n"),
        text("user", "u"),
        calling(call("a"), content="\n\n"),
        {**result("a"), "content": ""},
        text("assistant", " \n"),
        text("user", " "),
        text("user", " "),
    ]
    assert sent(history, {**PLAIN, "noBlanks": True}) == [
        text("user", "u"),
        {"role": "assistant", "content": None, "tool_calls": [call("a")]},
        {**result("a"), "content": "(no output)"},
        text("user", " "),
    ]
    assert sent(history[:4], {**PLAIN, "noBlanks": True})[-1]["content"] == "(no output)"
    assert len(sent(history, PLAIN)) == len(history)


@pytest.mark.parametrize(
    ("made_up", "sent_as"),
    [
        ("get.weather", "get_weather"),
        ("wea ther!", "wea_ther_"),
        ("3d", "_3d"),
        ("-x", "_-x"),
        ("", "_"),
        ("天气", "__"),
        ("x" * 1000, "x" * 64),
    ],
)
def test_a_name_that_a_provider_would_refuse_is_sent_in_another_form(made_up: str, sent_as: str) -> None:
    odd = {"id": "a", "type": "function", "function": {"name": made_up, "arguments": "{}"}}
    seen = sent([text("user", "u"), calling(odd), result("a")], PLAIN)
    assert seen[1]["tool_calls"][0]["function"] == {"name": sent_as, "arguments": "{}"}


def test_fields_of_the_provider_stay_where_a_call_is_changed() -> None:
    seen = sent([calling(call("odd id", extra_content={"a": 1}), reasoning="r"), result("odd id")], PLAIN)
    assert (seen[0]["reasoning"], seen[0]["tool_calls"][0]["extra_content"]) == ("r", {"a": 1})


def test_all_system_texts_become_one_at_the_start() -> None:
    parts = msgspec.Raw(b'[{"type": "text", "text": "two"}]')
    history = [text("user", "u"), text("system", "one"), text("system", parts), text("assistant", "a")]
    assert sent(history, {**PLAIN, "oneSystem": True}) == [
        text("system", "one\n\ntwo"),
        text("user", "u"),
        text("assistant", "a"),
    ]


def test_where_no_system_text_is_taken_it_stands_ahead_of_the_users_first() -> None:
    history = [text("system", "one"), text("user", "u"), text("assistant", "a"), text("system", "two")]
    folded = {**STRICT, "oneSystem": "user"}
    assert sent(history, folded) == [text("user", "one\n\ntwo\n\nu"), text("assistant", "a")]
    assert sent([text("system", "s"), text("assistant", "a"), text("user", "u")], folded)[0] == text(
        "user", "s"
    )


def test_texts_of_one_role_in_a_row_are_joined_by_a_blank_line() -> None:
    history = [text("user", "1"), text("user", "2"), text("assistant", "3"), text("assistant", "4")]
    assert sent(history, STRICT) == [text("user", "1\n\n2"), text("assistant", "3\n\n4")]


def test_a_text_is_joined_with_the_calls_that_follow_it() -> None:
    history = [text("user", "1"), text("assistant", "2"), calling(call("abcdefgh1"), content="3")]
    assert sent([*history, result("abcdefgh1")], STRICT)[1]["content"] == "2\n\n3"


def test_parts_are_joined_without_a_part_of_white_space() -> None:
    raw = msgspec.Raw(b'[{"type":"text","text":"caf\\u00e9","weight":1.50}]')
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    history = [text("user", "1"), text("user", raw), text("user", [picture]), text("user", "2")]
    joined = shaped(history, STRICT, tools=False)[0]["content"]
    assert joined == [{"type": "text", "text": "1"}, *joined[1:2], picture, {"type": "text", "text": "2"}]
    assert bytes(joined[1]) == b'{"type":"text","text":"caf\\u00e9","weight":1.50}'


def test_a_history_that_begins_with_an_assistant_gets_a_user_first() -> None:
    history = [text("system", "s"), text("assistant", "Welcome."), text("user", "u")]
    assert sent(history, STRICT)[1] == text("user", OPENING)


def test_a_user_after_a_result_gets_an_assistant_between() -> None:
    history = [text("user", "u"), *round_of("abcdefgh1"), text("user", "v")]
    assert sent(history, STRICT)[3] == text("assistant", NO_ANSWER)


def test_calls_of_another_model_get_a_thought_beside_tools_only() -> None:
    history = [text("user", "u"), *round_of("a"), calling(call("b"), reasoning_content="r"), result("b")]
    history += [text("assistant", "x"), text("user", "v")]
    thinking = {**PLAIN, "wantsBack": "reasoning_content"}
    seen = [one.get("reasoning_content") for one in sent(history, thinking) if one["role"] == "assistant"]
    assert seen == [NO_THOUGHT, "r", ""]
    assert all(
        "reasoning_content" not in one for one in sent([text("assistant", "x")], thinking, tools=False)
    )


def test_the_first_call_of_another_model_gets_googles_dummy_signature() -> None:
    own = {"google": {"thought_signature": "s"}}
    history = [calling(call("a"), call("b")), result("a"), result("b"), calling(call("c", extra_content=own))]
    seen = sent(history, {**PLAIN, "wantsBack": "thought_signature"})
    calls = [one.get("extra_content") for message in seen for one in message.get("tool_calls", ())]
    assert calls == [{"google": {"thought_signature": NO_SIGNATURE}}, None, own]


turns = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["system", "user", "assistant"]), st.sampled_from(["text", "b"])).map(
            lambda pair: [text(*pair)]
        ),
        st.lists(st.sampled_from(["a", "b c", "abcdefgh1"]), min_size=1, max_size=3, unique=True).map(
            lambda ids: round_of(*ids)
        ),
    ),
    max_size=10,
)


@settings(derandomize=True, deadline=None)
@given(turns)
def test_any_history_is_brought_into_the_strictest_form(rows: list[list[Message]]) -> None:
    history = [*(message for row in rows for message in row), text("user", "last")]
    seen = sent(history, STRICT)
    assert_valid(seen)
    for check in (check_mistral, check_qwen, check_template):
        check({"messages": seen, "tools": []})
    assert sent(seen, STRICT) == seen
