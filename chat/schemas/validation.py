"""Validation of untrusted JSON: objects, ids, offsets and texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from chat.exceptions import BadOffset, BadRequest, TooLarge
from chat.text import is_storable
from chat.text.json_values import CONTAINER_VALUES, JsonValues

# Levels of JSON; a chat message needs 5, and deeper ones only serve to exhaust a parser.
MAX_DEPTH = 32
# Values of one JSON text, as JsonValues counts them: 30 ms where all are nested lists. The longest chats that clients send
# have half of it; four million values, as 8 MiB can hold, take 200 MB and seconds in which nothing else runs.
MAX_VALUES = 120_000
# A petabyte of text.
MAX_OFFSET_DIGITS = 15

ID_PATTERN = "[A-Za-z0-9._:-]{1,128}"
_ID = re.compile(rf"{ID_PATTERN}\Z")
_OFFSET = re.compile(rf"[0-9]{{1,{MAX_OFFSET_DIGITS}}}\Z", re.ASCII)

Json = Any
S = TypeVar("S", bound=msgspec.Struct)

# Fields whose form `checked_id`, `offset_of`, `offset_text`, `mark_text` and `cursor_text` check, with errors of their own.
Id = Annotated[str, Meta(extra_json_schema={"pattern": f"^{ID_PATTERN}$"})]
Offset = Annotated[
    Any,
    Meta(
        description="Bytes of UTF-8 from the beginning.",
        extra_json_schema={"type": ["integer", "null"], "minimum": 0, "maximum": 10**MAX_OFFSET_DIGITS - 1},
    ),
]
OffsetText = Annotated[str, Meta(extra_json_schema={"pattern": f"^[0-9]{{1,{MAX_OFFSET_DIGITS}}}$"})]
MarkText = Annotated[str, Meta(extra_json_schema={"pattern": f"^(-1|[0-9]{{1,{MAX_OFFSET_DIGITS}}})$"})]


def parse_object(body: bytes | str) -> dict[str, Json]:
    """Parse a JSON object and check its depth and text. Raises BadRequest."""
    bound_values(body, MAX_VALUES)
    value = _decoded(body)
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    if not _needs_no_check(body):
        check_json(value)
    return value


def _needs_no_check(body: bytes | str) -> bool:
    """Return whether JSON is too short for a nesting too deep, and its text has no escape of what cannot be stored."""
    if isinstance(body, str):
        return body.count("{") + body.count("[") < MAX_DEPTH and "\\u" not in body
    return body.count(b"{") + body.count(b"[") < MAX_DEPTH and b"\\u" not in body


def bound_values(body: bytes | str, limit: int) -> None:
    """Raise TooLarge for JSON that holds more values than `limit`, before any is made, and BadRequest if it is invalid."""
    if len(body) * CONTAINER_VALUES <= limit:
        return
    data = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    if JsonValues().exceed(limit, data):
        _decoded(data, msgspec.Raw)
        raise TooLarge(f"The JSON holds more than {limit} values.", limit=limit)


def _decoded(body: bytes | str, kind: Any = Any) -> Any:
    """Return the value of JSON. As `msgspec.Raw` it is only checked, and no values are made. Raise BadRequest."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as problem:
        raise BadRequest(f"The body is not valid JSON: {_reason(problem)}.") from None


def parse_struct(body: bytes | str, kind: type[S]) -> S:
    """Parse a JSON object of the fields that a struct names. Raises BadRequest."""
    parse_object(body)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as problem:
        raise BadRequest(f"{problem}.") from None


def parse_query(query: Mapping[str, str], kind: type[S]) -> S:
    """Parse the parameters that a struct names; others are ignored. Raise BadRequest."""
    given = {name: query[name] for name in kind.__struct_fields__ if name in query}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise BadRequest(f"{problem}.") from None


def check_json(value: Json) -> None:
    """Raise BadRequest for JSON that is nested too deep, or holds text that cannot be stored."""
    _check(value, MAX_DEPTH)


def _reason(problem: Exception) -> str:
    return "nested too deep" if isinstance(problem, RecursionError) else str(problem)[:200]


def _check(value: Json, depth: int) -> None:
    if depth == 0:
        raise BadRequest(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        if not is_storable(value):
            raise BadRequest("Text must not contain NUL characters or lone surrogates.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth - 1)
            _check(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth - 1)


def optional_id(value: Json, name: str) -> str | None:
    return None if value is None else checked_id(value, name)


def checked_id(value: Json, name: str) -> str:
    if not isinstance(value, str) or not _ID.match(value):
        raise BadRequest(f"`{name}` must be 1 to 128 of A-Z a-z 0-9 . _ : -")
    return value


def is_id(value: str) -> bool:
    """Return True if `value` has the form of an id; any other value is an unknown id."""
    return bool(_ID.match(value))


def offset_of(value: Json) -> int | None:
    """Return an offset in JSON: a whole number from 0, or None where it is missing. Raises BadOffset."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**MAX_OFFSET_DIGITS:
        raise BadOffset
    return value


def offset_text(text: str) -> int:
    """Parse an offset in a query string or header. Raises BadOffset."""
    if not _OFFSET.match(text):
        raise BadOffset
    return int(text)


def mark_text(text: str) -> int:
    """Parse the mark of an event, or -1 for the place before the first. Raises BadOffset."""
    return -1 if text == "-1" else offset_text(text)


def cursor_text(text: str) -> tuple[int, int | None]:
    """Parse the id of an event: an offset, or `<offset>:<thinkingOffset>`. Raises BadOffset."""
    offset, colon, thinking = text.partition(":")
    return offset_text(offset), offset_text(thinking) if colon else None


def check_characters(text: str | None, limit: int, name: str) -> None:
    """Raise TooLarge for a text of more than `limit` characters."""
    if text is not None and len(text) > limit:
        raise TooLarge(f"`{name}` has {len(text)} characters; at most {limit} are allowed.", limit=limit)


def bounded(text: str, limit: int, name: str = "content") -> None:
    """Raise TooLarge for a text of more than `limit` bytes."""
    size = len(text.encode())
    if size > limit:
        raise TooLarge(f"`{name}` has {size} bytes; at most {limit} are allowed.", limit=limit)
