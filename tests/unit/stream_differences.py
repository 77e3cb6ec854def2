"""The streams of the corpus that the official client reads differently, on purpose, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass

from tests.unit.thought_forms import FORMS


@dataclass(frozen=True)
class Difference:
    """An intended difference. `official`: the differing fields of a reading, with the official client's values."""

    why: str
    official: dict[str, object]


def differs(why: str, **official: object) -> Difference:
    return Difference(why, official)


CUT = differs(
    "After the first text a cut is a failed answer; the client calls it a lost connection whenever it comes.",
    error="unavailable",
)
ENDS = differs("The client takes any end for a good one; without a reason and [DONE] it was cut.", error=None)

_STOPS = "The client stops at what it cannot read or accumulate; we step over it, for servers do send it."


def stops(text: str) -> Difference:
    return differs(_STOPS, text=text, finish_reason=None, error="model_failed")


_TYPES = "The client checks no types; text that is none could be neither stored nor sent on."
LENIENT = differs(_TYPES, text="ab", finish_reason="stop", error=None)

_UNSTORABLE = "The client hands on NUL and halves of characters, which neither Postgres nor UTF-8 holds."
_NO_INDEX = (
    "The client accumulates calls by index alone; some servers leave it out or begin with a higher one."
)
_LABELS = (
    "The client joins whatever it gets under one index; servers repeat names and ids, or reuse an index."
)
_UNIQUE = "A result must name exactly one call: a call whose id is missing or taken gets one from us."


def fails_at(*calls: tuple[str | None, str, str]) -> Difference:
    return differs(_NO_INDEX, calls=calls, finish_reason=None, error="model_failed")


_THOUGHT = "The client knows no thought: it takes it for a part of the text."
_PART = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
_SUMMARY = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}

_SUM = '{"expression": "1 + 1"}'
_RECORDED = differs(_UNSTORABLE, text="Héllo \0\ud83c\udf4e 🍏 \ud83dx")

DIFFERENCES: dict[str, Difference] = {
    "cut": CUT,
    "reset": CUT,
    "cut inside an HTTP chunk": CUT,
    "cut inside an event": CUT,
    "cut inside a character": CUT,
    "end without finish_reason": ENDS,
    "nothing at all": ENDS,
    "HTML": ENDS,
    "a page": ENDS,
    "bad UTF-8": stops(""),
    "null choices": stops(""),
    "null delta": stops(""),
    "harmless: an empty object": stops("a"),
    "harmless: null choices": stops("a"),
    "harmless: an empty choice": stops("a"),
    "harmless: null delta": stops("a"),
    "harmless: bad text elsewhere": stops("a"),
    "harmless: null": stops("a"),
    "harmless: no data": stops("a"),
    "harmless: blank data": stops("a"),
    "odd: two objects": stops(""),
    "odd: bad UTF-8 in text": stops(""),
    "odd: 5,000 digits": stops(""),
    "odd: a bad second choice": stops(""),
    "odd: content in parts": differs(_TYPES, text=[{"type": "text", "text": "a"}, {"type": "x"}, "b"]),
    "bad: choices by name": LENIENT,
    "bad: a number for text": LENIENT,
    "bad: an object for text": LENIENT,
    "bad: a number among parts": LENIENT,
    "bad: calls by name": LENIENT,
    "usage only": differs(
        "The client's accumulation keeps only the last chunk's usage, null or not.", usage=None
    ),
    "BOM": differs("The client takes the mark for a part of the field's name and loses the event.", text=""),
    "a whole answer": differs(
        "The client sees no event in it; a server that does not stream is answered for all the same.",
        text="",
        finish_reason=None,
        usage=None,
    ),
    "keepalives as data": stops(""),
    "one newline between events": differs(
        "By the standard that is one event without an end; some servers separate events so.",
        text="",
        finish_reason=None,
    ),
    "error in the last choice": differs(
        "The client takes any reason for a good one; `error` is that of a failed answer.",
        finish_reason="stop",
        error=None,
    ),
    "arguments as an object": differs(_TYPES, calls=(("call_a", "calculate", {"expression": "1 + 1"}),)),
    "no last blank line": differs(
        "The standard drops an event without its blank line; some servers end that way.", finish_reason=None
    ),
    "details of thought": stops(""),
    "thought of wrong types": stops(""),
    "thought in parts": differs(_THOUGHT, text=[_PART, {"type": "text", "text": "Hello"}]),
    "thought: details beside their text": stops(""),
    "thought: parts": differs(_THOUGHT, text=[_PART], finish_reason=None, error="model_failed"),
    "thought: parts in one delta": differs(_THOUGHT, text=[_PART, {"type": "text", "text": "Hi"}]),
    **{
        f"thought: {name}": differs(_THOUGHT, text=FORMS[name][0]["content"])
        for name in (
            "parts of the type reasoning_text",
            "parts of the type reasoning_content",
            "parts of the type thinking_delta",
            "a part of a summary alone",
            "a marked part",
        )
    },
    "thought: a part with a summary": differs(_THOUGHT, text=[_SUMMARY]),
    "thought: marked content": differs(_THOUGHT, text="<thought>Hm.</thought>Hi"),
    "thought: marked content without tags": differs(_THOUGHT, text="Hm.Hi"),
    "lone surrogate": differs(_UNSTORABLE, text="a\ud83db"),
    "surrogate pair over two deltas": differs(_UNSTORABLE, text="\ud83c\udf4e"),
    "NUL": differs(_UNSTORABLE, text="a\0b"),
    "recorded": _RECORDED,
    "recorded, 1 bytes at a time": _RECORDED,
    "recorded, 7 bytes at a time": _RECORDED,
    "calls: halves of a character": differs(_UNSTORABLE, calls=(("a", "f", "\ud83d\ude00 \ud83d\0"),)),
    "missing ids": differs(_UNIQUE, calls=((None, "calculate", _SUM), (None, "calculate", _SUM))),
    "repeated ids": differs(_UNIQUE, calls=(("same", "calculate", _SUM), ("same", "calculate", _SUM))),
    "calls: one id for two calls": differs(_UNIQUE, calls=(("same", "f", "1"), ("same", "g", "2"))),
    "missing index": differs(_NO_INDEX, finish_reason=None, error="model_failed"),
    "calls: interleaved": fails_at(("b", "g", "x")),
    "calls: without an index": fails_at(("a", "f", "1")),
    "calls: without index and id": fails_at((None, "f", "{}")),
    "calls: a new id under the same index": differs(_LABELS, calls=(("ab", "ff", "{}{}"),)),
    "calls: an id that changes": differs(_LABELS, calls=(("abc", "f", "{}"),)),
    "calls: a name with every delta": differs(_LABELS, calls=(("a", "get_weather" * 3, "xxx"),)),
    "calls: an id with every delta": differs(_LABELS, calls=(("aaa", "get_weather", "xxx"),)),
}
