"""JSON is measured before it is parsed."""

from __future__ import annotations

import contextlib
import json
import time

import pytest

from chat.exceptions import BadRequest, TooLarge
from chat.schemas.validation import MAX_DEPTH, bound_values, parse_object

LIMIT = 1_000


@pytest.mark.parametrize("value", [1, "", "\\", '"', [], {}, {"a": 1}, [[1]], None], ids=json.dumps)
def test_json_of_more_values_than_the_limit_is_refused(value: object) -> None:
    bound_values(json.dumps([value] * (LIMIT // 16)).encode(), LIMIT)
    with pytest.raises(TooLarge):
        bound_values(json.dumps([value] * (LIMIT + 1)).encode(), LIMIT)


def test_a_frame_of_many_values_is_refused_like_a_body() -> None:
    for text in ('{"a":[' + "[[[0]]]," * 100_000 + "0]}", '{"\ud800":[' + "0," * 200_000 + "0]}"):
        with pytest.raises(TooLarge):
            parse_object(text)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":[' + "0," * 200_000, '{"a":' * 100_000 + "1" + "}" * 100_000]
)
def test_what_is_no_json_or_too_deep_is_a_bad_request_whatever_its_length(text: str) -> None:
    for body in (text, text.encode()):
        with pytest.raises(BadRequest):
            parse_object(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "\\u0000"}',
        b'{"\\ud800": 1}',
        b'{"a": ["\\udfff"]}',
        '{"a": "\\u0000"}',
        '{"a": "\ud800"}',
        '{"a": ' + "[" * (MAX_DEPTH - 1) + "1" + "]" * (MAX_DEPTH - 1) + "}",
        b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH,
    ],
)
def test_text_that_cannot_be_stored_and_json_too_deep_are_refused(body: bytes | str) -> None:
    with pytest.raises(BadRequest):
        parse_object(body)


@pytest.mark.parametrize(
    "body",
    [b'{"a": "\\ud83d\\ude00 \\u00e9"}', '{"a": "\U0001f600"}', b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}"],
)
def test_other_text_and_nesting_are_parsed(body: bytes | str) -> None:
    assert parse_object(body)


@pytest.mark.parametrize("sign", [",", "[", "{", ":", '"', "\\", '\\"', "{}", "[],"])
def test_signs_in_texts_are_no_values(sign: str) -> None:
    bound_values(json.dumps({"text": sign * 100_000, sign: [sign * 10]}).encode(), LIMIT)


@pytest.mark.parametrize("piece", [b"[],", b'"",', b'"\\\\",', b'"', b"\\", b"{", b'"a":'])
def test_counting_takes_linear_time(piece: bytes) -> None:
    began = time.thread_time()
    with contextlib.suppress(TooLarge, BadRequest):
        bound_values(piece * (8_000_000 // len(piece)), LIMIT)
    assert time.thread_time() - began < 5
