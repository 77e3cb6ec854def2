"""The JSON of completions and chat completions, streamed or whole: the fields in use, and tolerated oddities."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from chat.llm.sse.fields import OWN_FIELDS
from chat.llm.sse.updates import BadStream, CallDelta

# Python converts no more than 4,300 digits, and the time grows with their square.
MAX_INTEGER_DIGITS = 1_000


# JSON objects in one payload; more only serve to occupy a server.
MAX_OBJECTS = 10_000

# Words in the finish reasons of answers that failed: the documentation of OpenRouter (`error`), DeepSeek
# (`insufficient_system_resource`) and Zhipu (`network_error`), vLLM's `abort`, Gemini's `malformed_function_call`.
_FAILED = re.compile(
    r"error|exception|fail|abort|cancel|interrupt|malformed|overload|insufficient|time_?out", re.IGNORECASE
)
# Fields of errors in objects without choices, as web frameworks and gateways write them.
_ERRORS = re.compile(
    r"(error|exception)s?(_type)?$|^(fault|detail)$|^err(or)?_?(message|msg)$", re.IGNORECASE
)
_CODES = re.compile(r"^(err(or)?_?|status_?)?code$", re.IGNORECASE)
_MESSAGES = re.compile(r"^(err(or)?_?|status_?)?(message|msg)$|^title$", re.IGNORECASE)
_KINDS = ("type", "object", "status")
# OpenAI's name of a call's arguments, and those of Anthropic, Gemini and Llama's own format.
_ARGUMENTS = ("arguments", "input", "args", "parameters")
_SUCCESS_CODES = {"0", "200", "ok", "success"}
# What may stand between the objects of one payload: a gateway may have framed it twice.
_BETWEEN = re.compile(r"\s*(?:data:\s*)*")


# Only the fields in use are decoded: the time goes into decoding. The delta's are not known in advance. None of these objects
# is part of a cycle, so the garbage collector need not look at them.
class CompletionChunk(msgspec.Struct, gc=False):
    """A chunk of a stream, or one of its `choices`: errors and usage stand in either."""

    choices: list[CompletionChunk] | None = None
    delta: dict[str, Any] | None = None
    message: Any = None
    text: str | None = None
    finish_reason: str | None = None
    usage: Any = None
    error: Any = None
    object: Any = None
    x_groq: Any = None

    @property
    def is_error(self) -> bool:
        return bool(self.error) or self.object == "error"

    @property
    def groq_usage(self) -> Any:
        return self.x_groq.get("usage") if isinstance(self.x_groq, dict) else None


def is_failure(reason: str) -> bool:
    """Return whether a finish reason is that of an answer that failed."""
    return _FAILED.search(reason) is not None


def reported_error(payload: bytes) -> dict[str, Any] | None:
    """Return the object where it reports an error without OpenAI's `error` key; None for any other object."""
    value = next(iter(_objects(payload)), {})
    inner = (fields for fields in value.values() if isinstance(fields, dict))
    return value if any(map(_reports_error, (value, *inner))) else None


def _reports_error(fields: dict[str, Any]) -> bool:
    """Return whether fields are an error, name one, or hold the code of one with a message."""
    if any(value and _ERRORS.search(name) for name, value in fields.items()):
        return True
    if False in (fields.get("success"), fields.get("ok")) or any(
        _FAILED.search(str(fields.get(kind))) for kind in _KINDS
    ):
        return True
    status = fields.get("status")
    codes = [value for name, value in fields.items() if _CODES.search(name)]
    # A status in words, such as `queued`, is no code.
    codes += [status] if isinstance(status, int) else []
    coded = any(code and str(code).lower() not in _SUCCESS_CODES for code in codes)
    return coded and any(value and _MESSAGES.search(name) for name, value in fields.items())


# Raises ValueError or RecursionError for a chunk that `decode_odd` may still read.
decode = msgspec.json.Decoder(CompletionChunk).decode


def is_deep(beginning: bytes) -> bool:
    """Return whether JSON with this beginning is nested too deep. No objects are made of it."""
    try:
        msgspec.json.decode(beginning, type=msgspec.Raw)
    except RecursionError:
        return True
    except ValueError:
        return False
    return False


def decode_odd(payload: bytes) -> list[CompletionChunk]:
    """Return the chunks in a payload that `decode` refuses. Raise BadStream if the standard library refuses it too."""
    return [_convert(value) for value in _objects(payload)]


def decode_whole(body: bytes) -> list[CompletionChunk]:
    """Return the answer or the error of a server that does not stream, or the lines of one that streams without framing.

    Raise BadStream without either.
    """
    chunks = decode_odd(body)
    if not any(chunk.choices or chunk.is_error for chunk in chunks):
        raise BadStream
    return chunks


def _objects(data: bytes) -> list[dict[str, Any]]:
    """Return the JSON objects in a row, mostly one, with bad UTF-8 replaced. Raise BadStream for anything else."""
    text, found = data.decode("utf-8", "replace").lstrip("\ufeff"), list[dict[str, Any]]()
    at = _after_seam(text, 0)
    while at < len(text) and not (found and text.startswith("[DONE]", at)):
        try:
            value, at = _decode_first(text, at)
        except (ValueError, RecursionError):
            raise BadStream from None
        if not isinstance(value, dict) or len(found) == MAX_OBJECTS:
            raise BadStream
        found.append(value)
        at = _after_seam(text, at)
    return found


def _after_seam(text: str, at: int) -> int:
    seam = _BETWEEN.match(text, at)
    return seam.end() if seam else at


def _integer(digits: str) -> int:
    return int(digits) if len(digits) < MAX_INTEGER_DIGITS else 0


# Not strict: some servers escape no tabs and line breaks in a text.
_decode_first = json.JSONDecoder(parse_int=_integer, strict=False).raw_decode


def _convert(value: dict[str, Any]) -> CompletionChunk:
    """Return a chunk of the first choice alone."""
    choices = value.get("choices")
    if isinstance(choices, list):
        value = {**value, "choices": choices[:1]}
    try:
        return msgspec.convert(value, CompletionChunk)
    except (ValueError, RecursionError):
        raise BadStream from None


def call_delta(call: Any) -> CallDelta:
    """Return a piece of a call. Its arguments may be JSON, its index text and its id a number. Raise BadStream.

    Some servers leave out the `function` around name and arguments, or call the arguments otherwise.
    """
    function = (call.get("function") or _bare_function(call)) if isinstance(call, dict) else None
    if not isinstance(function, dict):
        raise BadStream
    index, id_ = call.get("index"), call.get("id")
    arguments = next((function[name] for name in _ARGUMENTS if function.get(name) is not None), "")
    try:
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)
        is_number = isinstance(index, float) or (isinstance(index, str) and index.isdecimal())
        named = {
            "index": int(index) if is_number else index if index != "" else None,
            "id": str(id_) if isinstance(id_, int) else id_ or None,
            "name": function.get("name") or "",
            "arguments": arguments,
        }
        return msgspec.convert({**named, "fields": _call_fields(call, function)}, CallDelta)
    except (ValueError, RecursionError):
        raise BadStream from None


def _bare_function(call: dict[str, Any]) -> dict[str, Any]:
    return {name: call[name] for name in ("name", *_ARGUMENTS) if name in call}


def _call_fields(call: dict[str, Any], function: dict[str, Any]) -> dict[str, Any]:
    """Return the provider's own fields of a call; those of its function under `function`."""
    fields, inner = foreign_fields(call), foreign_fields(function)
    return {**fields, "function": inner} if inner else fields


def foreign_fields(values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are not the project's own; null and empty ones say nothing."""
    return {name: value for name, value in values.items() if value and name not in OWN_FIELDS}
