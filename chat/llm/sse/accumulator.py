"""Assembly of tool calls and of the provider's fields from deltas, for all ways in which servers split and label them."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chat.llm.sse import CallDelta
from chat.llm.sse.fields import FieldMerger
from chat.text import storable

# Names, ids and arguments of one answer together; four times the largest prompt.
MAX_BYTES = 256 * 1024
# Calls in one answer: a person waits for all of them.
MAX_CALLS = 32
# Characters of a call's name; OpenAI's longest has 64.
MAX_NAME_CHARACTERS = 1024
# Bytes of the provider's fields of one answer: signatures have up to 1 MiB, and a thought comes back whole.
MAX_FIELD_BYTES = 4 * 1024 * 1024
# Copies of a call's arguments, more than any server sends; each is decoded.
MAX_REPEATS = 8

_CODE_BLOCK = re.compile(r"\s*```(?:json)?\n(.*)\n```\s*", re.DOTALL)
_decode = json.JSONDecoder().raw_decode
# Instead of a name that does not come again.
_NULLS = ("null", "None")
# LiteLLM puts a call's signature behind its id, for clients that return no fields: BerriAI/litellm#37849.
_SIGNED = "__thought__"


class CallTooLarge(ValueError):
    """The model's tool calls are too many or too large."""

    def __init__(self) -> None:
        super().__init__((type(self).__doc__ or "").strip())


class FieldsTooLarge(CallTooLarge):
    """The fields beside the model's tool calls are too large."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A whole call. `id` is unique within its answer; `arguments` is the model's text, which need not be JSON.

    `fields`: the provider's own, which it wants back (`chat.llm.provider_fields`).
    """

    id: str
    name: str
    arguments: str
    fields: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(slots=True)
class _Slot:
    index: int | None
    id: str
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    fields: FieldMerger | None = None
    signature: str = ""

    def split_id(self) -> None:
        """Part the id from a signature behind it: only a field goes back to the same model alone."""
        self.id, _, signature = storable(self.id).partition(_SIGNED)
        self.signature = signature or self.signature

    def call(self) -> ToolCall:
        fields = self.fields.values() if self.fields else {}
        if self.signature:
            # In both places where LiteLLM looks for it.
            signed = {"thought_signature": self.signature}
            fields = {"extra_content": {"google": signed}, "provider_specific_fields": signed, **fields}
        return ToolCall(self.id, storable(self.name), storable("".join(self.arguments)), fields)

    def add_name(self, name: str) -> None:
        """Add a piece of the name, or the whole name that a server repeats with every delta, or `null` instead."""
        if name != self.name and not (self.name and name in _NULLS):
            self.name += name
        if len(self.name) > MAX_NAME_CHARACTERS:
            raise CallTooLarge

    @property
    def is_whole(self) -> bool:
        """Return whether the arguments so far are whole, so that a name can only begin another call."""
        arguments = "".join(self.arguments).strip()
        return arguments.endswith("}") and _objects(arguments) is not None


class CallAccumulator:
    """An accumulator of the deltas of one answer; `calls` keep the order of their first deltas.

    A delta belongs to the call of its `index`. Without an index, to the call of its `id`; with neither, to the last call.
    A new id together with a name begins a new call in any case, and so does another name after whole arguments: some servers
    number all calls 0. Arguments without a name belong to the call of their id, or to the one before them if that has none:
    some servers number the name and the arguments of a call differently. Several sets of arguments are as many calls.
    """

    def __init__(self) -> None:
        self._slots: list[_Slot] = []
        self._bytes = 0
        self._fields: FieldMerger | None = None
        self._field_bytes = 0
        self._fields_lost = False

    def feed(self, deltas: Iterable[CallDelta], fields: Iterable[dict[str, Any]] = ()) -> None:
        """Add deltas, and the fields of message deltas.

        Raise CallTooLarge beyond MAX_CALLS or MAX_BYTES, and FieldsTooLarge for calls with fields beyond MAX_FIELD_BYTES.
        Without calls no fields are wanted back: a thought of any length is no fault then.
        """
        for delta in deltas:
            self._grow(delta)
            slot = self._find(delta) or self._begin(delta)
            slot.id = slot.id or delta.id or ""
            if delta.name:
                slot.add_name(delta.name)
            if delta.arguments:
                slot.arguments.append(delta.arguments)
            if delta.fields:
                slot.fields = self._merge(slot.fields, delta.fields)
        for message_fields in fields:
            self._fields = self._merge(self._fields, message_fields)
        if self._fields_lost and self._slots:
            raise FieldsTooLarge

    def fields(self) -> dict[str, Any]:
        """Return the fields of the message so far."""
        return self._fields.values() if self._fields else {}

    def calls(self) -> list[ToolCall]:
        """Return the calls so far; a call without a unique id gets one, and keeps it."""
        self._join()
        self._split()
        # Some servers fill the list of calls with empty ones.
        self._slots = [slot for slot in self._slots if slot.name or any(slot.arguments)]
        used: set[str] = set()
        for number, slot in enumerate(self._slots):
            slot.split_id()
            if not slot.id or slot.id in used:
                slot.id = f"call_{number}_{secrets.token_hex(8)}"
            used.add(slot.id)
        return [slot.call() for slot in self._slots]

    def _split(self) -> None:
        """Make a call of each set of arguments, as far as there may be more calls."""
        slots, room = list[_Slot](), MAX_CALLS - len(self._slots)
        for slot in self._slots:
            first, *others = argument_sets("".join(slot.arguments))
            slots.append(slot)
            if len(others) <= room:
                room -= len(others)
                slot.arguments = [first]
                slots += [_Slot(slot.index, "", slot.name, [arguments]) for arguments in others]
        self._slots = slots

    def _join(self) -> None:
        """Give arguments without a name to the call before them."""
        slots: list[_Slot] = []
        for slot in self._slots:
            before = slots[-1] if slots else None
            if before and not slot.name and _goes_on(before, slot):
                before.index, before.arguments = slot.index, before.arguments + slot.arguments
                before.fields = before.fields or slot.fields
            else:
                slots.append(slot)
        self._slots = slots

    def _grow(self, delta: CallDelta) -> None:
        for text in (delta.name, delta.arguments):
            self._bytes += len(text.encode("utf-8", "surrogatepass"))
        if self._bytes > MAX_BYTES or len(delta.id or "") > MAX_BYTES:
            raise CallTooLarge

    def _merge(self, merger: FieldMerger | None, fields: dict[str, Any]) -> FieldMerger | None:
        """Add fields of a message or call, until they are too large: then all go, for a part of them is of no use."""
        if self._fields_lost:
            return None
        merger = merger or FieldMerger()
        before = merger.size
        merger.feed(fields)
        self._field_bytes += merger.size - before
        self._fields_lost = self._field_bytes > MAX_FIELD_BYTES
        return None if self._fields_lost else merger

    def _find(self, delta: CallDelta) -> _Slot | None:
        for slot in reversed(self._slots):
            if _fits(slot, delta):
                # The newest call of an index is the one that goes on.
                return None if _begins_another(slot, delta) else slot
        named = (slot for slot in self._slots if delta.id and not delta.name and slot.id == delta.id)
        return next(named, None)

    def _begin(self, delta: CallDelta) -> _Slot:
        if len(self._slots) == MAX_CALLS:
            raise CallTooLarge
        self._slots.append(_Slot(delta.index, delta.id or ""))
        return self._slots[-1]


def _fits(slot: _Slot, delta: CallDelta) -> bool:
    if delta.index is not None:
        return slot.index == delta.index
    return not delta.id or slot.id == delta.id


def _goes_on(before: _Slot, slot: _Slot) -> bool:
    """Return whether arguments without a name are those of the call before: it has none, or only a part of them."""
    if not before.arguments:
        return slot.id in ("", before.id)
    return slot.index is None and before.index is None and not before.is_whole


def _begins_another(slot: _Slot, delta: CallDelta) -> bool:
    if not delta.name or delta.name in _NULLS:
        return False
    if delta.id and slot.id and slot.id != delta.id:
        return True
    return slot.name != delta.name and slot.is_whole


def argument_sets(arguments: str) -> list[str]:
    """Return the JSON objects in a row, each once and without empty ones beside others; any other text as it is.

    Some servers send all arguments once more in the last chunk, an empty object ahead of them, those of several calls as one,
    JSON in JSON, in a code block or in a list, or null.
    """
    if block := _CODE_BLOCK.fullmatch(arguments):
        arguments = block[1]
    found = _objects(arguments)
    if found is None:
        return [arguments]
    sets: list[tuple[Any, str]] = []
    for value, text in found:
        if value and value not in [known for known, _ in sets]:
            sets.append((value, text))
    return [text for _, text in sets] or ["{}" if arguments.strip() else ""]


def _objects(arguments: str) -> list[tuple[Any, str]] | None:
    """Return the objects in a row with their texts, null and an empty list among them; None for other text, or too many."""
    found: list[tuple[Any, str]] = []
    rest = arguments.strip()
    rest = "" if rest == "undefined" else rest
    while rest:
        try:
            value, end = _decode(rest)
        except (ValueError, RecursionError):
            return None
        if isinstance(value, str) and not found and end == len(rest):
            return _objects(value) if value.lstrip().startswith("{") else None
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            value, text = value[0], json.dumps(value[0], ensure_ascii=False)
        else:
            text = rest[:end]
        if not (isinstance(value, dict) or value in (None, [])) or len(found) > MAX_REPEATS:
            return None
        found.append((value, text))
        rest = rest[end:].lstrip()
    return found
