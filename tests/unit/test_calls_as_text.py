"""Calls written as text: nothing of a call is left in its fields, and nothing of it is lost."""

from __future__ import annotations

from typing import Any

import msgspec

from chat.llm.clients.calls_as_text import calls_as_text, has_calls

USER = {"role": "user", "content": "What is 1+1?"}
LINE = '[calculate({"x": 1}) returned 2]'


def call(name: str, id_: str) -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": '{"x": 1}'}}


def calling(text: str | None, *calls: dict[str, Any]) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": text,
        "tool_calls": msgspec.Raw(msgspec.json.encode(calls)),
    }


def result(id_: str, content: str = "2") -> dict[str, Any]:
    return {"role": "tool", "content": content, "tool_call_id": id_}


def reply(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def test_a_round_and_its_reply_are_one_message() -> None:
    history = [USER, calling("Wait. ", call("calculate", "a")), result("a"), reply("Two."), USER]
    assert has_calls(history)
    assert calls_as_text(history) == [USER, reply(f"Wait. \n\n{LINE}\n\nTwo."), USER]


def test_several_rounds_and_calls_keep_their_order() -> None:
    history = [
        USER,
        calling(None, call("calculate", "a"), call("clock", "b")),
        result("a"),
        result("b", "noon"),
        calling("", call("calculate", "c")),
        result("c"),
    ]
    told = calls_as_text(history)
    assert told == [USER, reply(f'{LINE}\n\n[clock({{"x": 1}}) returned noon]\n\n{LINE}')]
    assert not has_calls(told)


def test_a_round_without_a_reply_stands_before_the_next_prompt() -> None:
    history = [USER, calling(None, call("calculate", "a")), result("a"), USER, reply("Two.")]
    assert calls_as_text(history) == [USER, reply(LINE), USER, reply("Two.")]


def test_a_history_without_calls_stays_as_it_is() -> None:
    parts = msgspec.Raw(b'[{"type": "text",  "text": "a"}]')
    history: list[dict[str, Any]] = [
        {"role": "system", "content": "Be kind."},
        {**USER, "content": parts},
        reply("a"),
        reply("b"),
    ]
    assert calls_as_text(history) == history
