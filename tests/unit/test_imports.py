"""The parser of exported chats: any tree of messages comes in an order that can be stored, any other JSON is refused."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.exceptions import BadRequest, ChatError, TooLarge
from chat.schemas.imports import ImportedThread, parse_import
from chat.schemas.imports.tree import moment

NAMES = st.sampled_from([f"m{number}" for number in range(8)])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@st.composite
def chats(draw: st.DrawFn) -> dict[str, Any]:
    """Return a chat of ChatGPT's whose nodes have any parents, themselves and unknown ones among them."""
    mapping = {}
    for name in draw(st.lists(NAMES, unique=True)):
        role, words = (
            draw(st.sampled_from(["user", "assistant", "system", "tool"])),
            draw(st.sampled_from(["", "x"])),
        )
        content = {"content_type": "text", "parts": [words]}
        message = {"author": {"role": role}, "content": content, "create_time": draw(st.none() | st.floats())}
        mapping[name] = {"parent": draw(st.none() | NAMES), "message": draw(st.sampled_from([message, None]))}
    return {"mapping": mapping, "current_node": draw(st.none() | NAMES)}


def read(value: Any) -> ImportedThread:
    [thread] = parse_import(json.dumps([value]).encode())
    return thread


@given(chats())
def test_each_message_comes_after_its_parent_and_the_leaf_is_one_of_them(chat: dict[str, Any]) -> None:
    try:
        thread = read(chat)
    except BadRequest:  # a time that JSON cannot hold
        return
    seen: set[str | None] = {None}
    for message in thread.messages:
        assert message.parent in seen
        assert message.role in ("user", "assistant")
        seen.add(message.key)
    assert len(seen) == len(thread.messages) + 1
    assert thread.leaf in seen
    assert (thread.leaf is None) == (not thread.messages)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    for wrapped in (value, [value], [{"mapping": value}], [{"chat": {"history": value}}], {"threads": value}):
        with contextlib.suppress(ChatError):
            parse_import(json.dumps(wrapped).encode())


def test_a_chain_of_many_messages_needs_no_stack() -> None:
    message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["x"]}}
    chain = {f"m{at}": {"parent": f"m{at - 1}", "message": message} for at in range(10_000)}
    assert len(read({"mapping": chain}).messages) == 10_000


def test_an_answer_in_pieces_becomes_one_unless_a_piece_has_versions() -> None:
    def node(parent: str | None, role: str, words: str) -> dict[str, Any]:
        content = {"content_type": "text", "parts": [words]}
        return {"parent": parent, "message": {"author": {"role": role}, "content": content}}

    pieces = {
        "q": node(None, "user", "?"),
        "a": node("q", "assistant", "One."),
        "t": node("a", "tool", "data"),
        "b": node("t", "assistant", "Two."),
    }
    assert [one.content.text for one in read({"mapping": pieces}).messages] == ["?", "One.\n\nTwo."]
    pieces["c"] = node("t", "assistant", "Or three.")
    assert [one.content.text for one in read({"mapping": pieces}).messages] == [
        "?",
        "One.",
        "Two.",
        "Or three.",
    ]


# Texts of a chat, each as long as a whole file may be, of beginnings without an end, and nodes that all continue one answer.
def open_webui(content: str) -> dict[str, Any]:
    return {"chat": {"history": {"messages": {"a": {"id": "a", "role": "user", "content": content}}}}}


def chatgpt(content: str) -> dict[str, Any]:
    message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": [content]}}
    return {"mapping": {"a": {"message": message}}}


def continued(pieces: int) -> dict[str, Any]:
    names = [f"a{number}" for number in range(pieces)]
    chain = zip(names, [None, *names], strict=False)
    messages = {
        name: {"id": name, "parentId": parent, "role": "assistant", "content": "x"} for name, parent in chain
    }
    return {"chat": {"history": {"messages": messages}}}


@pytest.mark.parametrize(
    "value",
    [
        open_webui('<details type="a">' * 450_000),
        open_webui('<details type="a"' * 450_000),
        chatgpt("\ue200" * 2_700_000),
        continued(110_000),
    ],
    ids=["details", "tags", "citations", "pieces"],
)
def test_a_file_is_read_in_linear_time(value: Any) -> None:
    body, began = json.dumps([value], ensure_ascii=False).encode(), time.thread_time()
    with contextlib.suppress(TooLarge):
        parse_import(body)
    assert time.thread_time() - began < 5


def test_thought_and_calls_of_open_webui_are_left_out() -> None:
    words = 'One. <details type="reasoning" done="true">hm <details type="x">in it</details>\n Two. <details type="y">open'
    [message] = read(open_webui(words)).messages
    assert message.content.text == 'One. Two. <details type="y">open'


def test_the_same_chat_without_an_id_gets_the_same_one() -> None:
    message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["x"]}}
    assert (
        read({"mapping": {"a": {"message": message}}}).id == read({"mapping": {"b": {"message": message}}}).id
    )


@pytest.mark.parametrize("seconds", [None, 0, -1, 1e300, float("nan"), float("inf"), 9e10])
def test_an_absurd_time_counts_as_none(seconds: float | None) -> None:
    assert moment(seconds) is None


def test_milliseconds_are_known_by_their_size() -> None:
    assert moment(1_700_000_000) == moment(1_700_000_000_000)


def test_the_order_of_a_file_does_not_matter() -> None:
    content = {"content_type": "text", "parts": ["x"]}
    names = ["q1", "a1", "q2", "a2"]
    chain = {
        name: {"parent": parent, "message": {"author": {"role": role}, "content": content}}
        for name, parent, role in zip(names, [None, *names], ["user", "assistant"] * 2, strict=False)
    }
    thread = read({"mapping": dict(reversed(chain.items()))})
    assert [(one.key, one.parent) for one in thread.messages] == list(
        zip(names, [None, *names], strict=False)
    )
