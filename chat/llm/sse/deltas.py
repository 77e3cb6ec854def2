"""Deltas of a message to text, thought, calls and the provider's own fields."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any

from chat.llm.sse.answers import call_delta, foreign_fields
from chat.llm.sse.harmony import HarmonyChannels
from chat.llm.sse.think_tags import ThinkTags
from chat.llm.sse.thought import THOUGHT_NAMES, is_marked, pieces_of, thought_of
from chat.llm.sse.updates import BadStream, CallDelta, StreamUpdate, TokenCounts, UpstreamError
from chat.text import storable

# Fields of a delta that are neither thought nor wanted back.
_PLAIN = {"role", "content", "refusal", "tool_calls"}

# Characters of thought whose field is held back: given out in larger pieces, it costs nothing per read, and a thought that
# never ends takes no more memory than this.
HELD_CHARACTERS = 16_384

# Fields that are wanted back even where they stand beside text. Of any others there, most are about the text.
_RETURNED = {
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "reasoning_opaque",
    "reasoning_details",
    "thinking",
    "thinking_content",
    "thinking_blocks",
    "extra_content",
    "provider_specific_fields",
}


class DeltaReader:
    """A reader of the deltas of one message, whose content is taken after each read.

    Nearly every read holds thought under one name, text, or first the one and then the other: such a `simple` read costs
    half as much as others, and the field of its thought is held back until others come, or the end.
    `think_tags`: the thought stands in the text, in the usual tags or in the form that this names.
    """

    __slots__ = (
        "_calls",
        "_fields",
        "_first",
        "_half",
        "_has_named",
        "_held",
        "_held_characters",
        "_name",
        "_simple",
        "_tags",
        "_texts",
        "_thought_half",
        "_thoughts",
    )

    # Those of a read that is not simple: empty lists would take 0.2 KB of each open answer. Thoughts with the number of texts
    # that they stand after.
    _thoughts: list[tuple[int, str]]
    _fields: list[dict[str, Any]]
    _calls: list[CallDelta]

    def __init__(self, *, think_tags: bool | str = False) -> None:
        # Halves of a character, whose other half comes with the next text or thought.
        self._half = self._thought_half = ""
        self._tags = _splitter(think_tags)
        # The name under which a thought came last, if it came as text and alone.
        self._name = ""
        self._has_named = False
        # Thought of simple reads whose field has not been given out.
        self._held: list[str] = []
        self._held_characters = 0
        self._simple = True
        # Thought of a simple read, ahead of all its text. No list: nearly every read holds one delta.
        self._first = ""
        self._texts: list[str] = []

    @property
    def has_content(self) -> bool:
        """Return whether this read has brought text, thought or calls so far."""
        return bool(self._texts or self._first or (not self._simple and (self._thoughts or self._calls)))

    def takes_texts(self) -> bool:
        """Return whether texts may be added as they are: no thought is looked for in them."""
        return self._tags is None

    def add_texts(self, texts: list[str]) -> None:
        """Add the texts of deltas that hold nothing else."""
        self._texts += texts

    def add(self, delta: dict[str, Any]) -> bool:
        """Add a delta and return whether it held text. Raise BadStream for wrong types of text or calls."""
        content = delta.get("content")
        if content.__class__ is str and self._tags is None and _is_text_alone(delta, content):
            self._texts.append(content)
            return content != ""
        thought = delta.get(self._name)
        if (
            thought
            and thought.__class__ is str
            and self._simple
            and not (content or self._texts)
            and (len(delta) == 1 or len(delta) == 1 + ("content" in delta) + ("role" in delta))
        ):
            self._first += thought
            return False
        return self._add_any(delta, content)

    def _add_any(self, delta: dict[str, Any], content: Any) -> bool:
        others = [name for name, value in delta.items() if value and name not in _PLAIN]
        calls, refusal = delta.get("tool_calls", _former_call(delta)), delta.get("refusal")
        if not isinstance(calls, list | None) or not isinstance(refusal, str | None):
            raise BadStream
        if others:
            if delta.get("error"):
                raise UpstreamError(delta["error"])
            self._leave_simple()
            content = self._add_fields(delta, content)
            self._name = others[0] if len(others) == 1 and others[0] in THOUGHT_NAMES else ""
        if calls:
            self._leave_simple()
            self._calls += map(call_delta, calls)
        if isinstance(content, list):
            return self._add_parts(content)
        if not isinstance(content, str | None):
            raise BadStream
        return self.add_text(content or refusal or "")

    def _add_parts(self, parts: list[Any]) -> bool:
        held = False
        for is_thought, text in pieces_of(parts):
            if is_thought:
                self._add_thought(text)
            else:
                held = self.add_text(text) or held
        return held

    def _add_thought(self, thought: str) -> None:
        self._leave_simple()
        self._thoughts.append((len(self._texts), thought))

    def _leave_simple(self) -> None:
        if self._simple:
            self._simple = False
            self._thoughts, self._fields, self._calls = [], [], []
        if self._first:
            self._thoughts.append((0, self._first))
            self._held.append(self._first)
            self._first = ""
        if self._held:
            self._fields.append({self._name: "".join(self._held)})
            self._held.clear()
            self._held_characters = 0

    def _add_fields(self, delta: dict[str, Any], content: Any) -> Any:
        """Add the thought and the fields that the provider may want back; return the content that is none of them."""
        fields = foreign_fields(delta)
        if content and not delta.get("tool_calls"):
            fields = {name: value for name, value in fields.items() if name in _RETURNED}
        if thought := thought_of(fields):
            self._has_named = True
            if self._tags is not None:
                self._tags.expect_text()
            self._add_thought(thought)
        if is_marked(fields):
            # With the mark, the whole message would come back as thought.
            del fields["extra_content"]
            content = self._unmarked(content)
        if fields:
            self._fields.append(fields)
        return content

    def _unmarked(self, content: Any) -> Any:
        """Add text that is all thought; Gemini sets it in tags, and closes them with the first text of the answer."""
        if not isinstance(content, str):
            return content
        self._add_thought(content.removeprefix("<thought>").removesuffix("</thought>"))
        self._tags = tags = ThinkTags()
        tags.after_marked()
        return None

    def add_text(self, text: str, *, last: bool = False) -> bool:
        """Add text and return whether there is some. A thought in tags that came under a name as well counts once."""
        if self._tags is None:
            self._texts.append(text)
            return text != ""
        for is_thought, piece in self._tags.feed(text, last=last):
            if not is_thought:
                self._texts.append(piece)
            elif not self._has_named:
                self._add_thought(piece)
        if self._tags.passed:
            self._tags = None
        return text != ""

    def end(self, *, whole: bool) -> None:
        """Add what is held at the end of the answer. A `whole` answer that looked like thought is text as well."""
        if self._tags is not None:
            self.add_text("", last=True)
        if self._tags is not None and whole:
            self._texts.append(self._tags.unclosed())
            self._tags = None

    def take(self, reason: str | None, usage: TokenCounts | None, done: bool, final: bool) -> StreamUpdate:
        """Return the content since the last time. Halves of characters are held, unless it is `final`."""
        if not self._simple or final or self._held_characters > HELD_CHARACTERS:
            return self._take_any(reason, usage, done, final)
        if reason and (self._held or self._first):
            return self._take_any(reason, usage, done, final)
        text = self._take_text() if self._texts else ""
        return StreamUpdate(text, (), reason, usage, done, self._take_first() if self._first else ())

    def _take_text(self) -> str:
        text = "".join(self._texts)
        self._texts.clear()
        if self._half or not text.isascii():
            text, self._half = _cut(self._half + text)
        return storable(text)

    def _take_first(self) -> tuple[tuple[int, str], ...]:
        """Return the thought of a simple read, and hold its field back."""
        thought, self._first = self._first, ""
        self._held.append(thought)
        self._held_characters += len(thought)
        if self._thought_half or not thought.isascii():
            thought, self._thought_half = _cut(self._thought_half + thought)
        return ((0, storable(thought)),) if thought else ()

    def _take_any(
        self, reason: str | None, usage: TokenCounts | None, done: bool, final: bool
    ) -> StreamUpdate:
        self._leave_simple()
        text, thinking = self._woven(final)
        update = StreamUpdate(text, tuple(self._calls), reason, usage, done, thinking, tuple(self._fields))
        del self._thoughts, self._fields, self._calls
        self._simple, self._texts = True, []
        return update

    def _woven(self, final: bool) -> tuple[str, tuple[tuple[int, str], ...]]:
        """Return the text, and the thoughts with their positions in it."""
        pieces: list[str] = []
        thinking: list[tuple[int, str]] = []
        length = done = 0
        for place, group in groupby(self._thoughts, key=itemgetter(0)):
            if place > done:
                text, self._half = _cut(self._half + "".join(self._texts[done:place]))
                pieces.append(storable(text))
                length, done = length + len(pieces[-1]), place
            thought, self._thought_half = _cut(self._thought_half + "".join([words for _, words in group]))
            if thought:
                thinking.append((length, storable(thought)))
        if final and self._thought_half:
            thinking.append((length, storable(self._thought_half)))
        text, self._half = self._half + "".join(self._texts[done:]), ""
        if not final:
            text, self._half = _cut(text)
        pieces.append(storable(text))
        return "".join(pieces), tuple(thinking)


def _splitter(think_tags: bool | str) -> ThinkTags | HarmonyChannels | None:
    if think_tags == "harmony":
        return HarmonyChannels()
    return ThinkTags("tags" if think_tags is True else think_tags) if think_tags else None


def _former_call(delta: dict[str, Any]) -> list[Any] | None:
    """Return the call in OpenAI's form before `tool_calls`, which some servers still send."""
    call = delta.get("function_call")
    return [{"function": call}] if call else None


def _is_text_alone(delta: dict[str, Any], content: str) -> bool:
    """Return whether a delta with text holds nothing else but a role and empty fields."""
    if len(delta) == 1 or (len(delta) == 2 and "role" in delta):
        return True
    return content != "" and len([*filter(None, delta.values())]) == (2 if delta.get("role") else 1)


def _cut(text: str) -> tuple[str, str]:
    """Return the text and, apart from it, the half of a character at its end."""
    if "\ud800" <= text[-1:] <= "\udbff":
        return text[:-1], text[-1]
    return text, ""
