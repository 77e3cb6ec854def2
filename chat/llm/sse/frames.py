"""The texts of events that differ in nothing else, decoded together: a burst brings hundreds of them in one read."""

from __future__ import annotations

import re

import msgspec

from chat.llm.sse.answers import CompletionChunk, decode

_BEGIN, _END = b"data: ", b"\n\n"
_NAME = b'"content"'
_VALUE = re.compile(rb'"content":[ \t]*"((?:[^"\\]|\\.)*)"', re.DOTALL)
_decode_texts = msgspec.json.Decoder(list[str]).decode
_decode_text = msgspec.json.Decoder(str).decode


# The bytes of an event ahead of its text, and behind it.
TextFrame = tuple[bytes, bytes]


def text_frame(data: bytes) -> TextFrame | None:
    """Return the frame of the second event in `data`; None if it brings something else than text."""
    _, *events = data.split(_END, 2)
    event = events[0] if len(events) == 2 else b""
    value = _VALUE.search(event) if event.startswith(_BEGIN) and event.count(_NAME) == 1 else None
    if value is None or b"\n" in event:
        return None
    try:
        chunk, text = decode(event[len(_BEGIN) :]), _decode_text(b'"%b"' % value[1])
    except (ValueError, RecursionError):
        return None
    return (event[: value.start(1)], event[value.end(1) :] + _END) if _brings_alone(chunk, text) else None


def split(data: bytes, frame: TextFrame | None) -> tuple[bytes, list[str], bytes] | None:
    """Return the texts of the first events in a row that have a frame, and the bytes ahead of those and behind.

    None if there are none, or if one of them would not bring its text if it was decoded by itself.
    """
    if frame is None:
        return None
    head, tail = frame
    seam = data.find(_END + head)
    begin = 0 if data.startswith(head) else seam + len(_END)
    last = data.rfind(tail)
    if (begin and seam < 0) or last < begin + len(head):
        return None
    # Not split by tail and head at once: of a text of 100 bytes and more Python makes a table for each piece.
    events = data[begin:last].split(tail)
    found = [event[len(head) :] for event in events if event.startswith(head)]
    if len(found) < len(events):
        return None
    # A backslash at the end would escape the quotation mark behind it.
    if b"\\" in data and any(text.endswith(b"\\") for text in found):
        return None
    try:
        texts = _decode_texts(b'["%b"]' % b'","'.join(found))
    except (ValueError, RecursionError):
        return None
    # A quotation mark inside makes more of them: another event, or other fields behind the text.
    return (data[:begin], texts, data[last + len(tail) :]) if len(texts) == len(found) else None


def _brings_alone(chunk: CompletionChunk, text: str) -> bool:
    """Return whether a chunk brings a text, as the content of its first choice's delta, and nothing else."""
    if not chunk.choices or chunk.usage is not None or chunk.error or chunk.object == "error":
        return False
    choice = chunk.choices[0]
    if choice.finish_reason or choice.error or choice.text or choice.message:
        return False
    delta = choice.delta or {}
    others = [value for name, value in delta.items() if value and name not in ("content", "role")]
    return delta.get("content") == text and not others
