"""Assembly of tool calls from deltas, for all ways in which servers split and label them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from chat.llm.sse import CallDelta
from chat.text import storable

# Names, ids and arguments of one answer together; four times the largest prompt.
MAX_BYTES = 256 * 1024
# Calls in one answer: a person waits for all of them.
MAX_CALLS = 32


class CallTooLarge(ValueError):
    """The model's tool calls are too many or too large."""

    def __init__(self) -> None:
        super().__init__((type(self).__doc__ or "").strip())


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A whole call. `id` is unique within its answer; `arguments` is the model's text, which need not be JSON."""

    id: str
    name: str
    arguments: str


@dataclass(slots=True)
class _Slot:
    index: int | None
    id: str
    names: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The joined pieces, or the one name that a server repeats with every delta."""
        return self.names[0] if len(set(self.names)) == 1 else "".join(self.names)


class CallAccumulator:
    """An accumulator of the deltas of one answer; `calls` keep the order of their first deltas.

    A delta belongs to the call of its `index`. Without an index, to the call of its `id`; with neither, to the last call.
    A new id together with a name begins a new call in any case: some servers number all calls 0.
    """

    def __init__(self) -> None:
        self._slots: list[_Slot] = []
        self._bytes = 0

    def feed(self, deltas: Iterable[CallDelta]) -> None:
        """Add deltas. Raise CallTooLarge beyond MAX_CALLS or MAX_BYTES."""
        for delta in deltas:
            self._grow(delta)
            slot = self._find(delta) or self._begin(delta)
            slot.id = slot.id or delta.id or ""
            if delta.name:
                slot.names.append(delta.name)
            if delta.arguments:
                slot.arguments.append(delta.arguments)

    def calls(self) -> list[ToolCall]:
        """Return the calls so far; a call without a unique id gets one, and keeps it."""
        used: set[str] = set()
        for number, slot in enumerate(self._slots):
            slot.id = storable(slot.id)
            if not slot.id or slot.id in used:
                slot.id = f"call_{number}_{secrets.token_hex(8)}"
            used.add(slot.id)
        return [
            ToolCall(slot.id, storable(slot.name), storable("".join(slot.arguments))) for slot in self._slots
        ]

    def _grow(self, delta: CallDelta) -> None:
        for text in (delta.name, delta.arguments):
            self._bytes += len(text.encode("utf-8", "surrogatepass"))
        if self._bytes > MAX_BYTES or len(delta.id or "") > MAX_BYTES:
            raise CallTooLarge

    def _find(self, delta: CallDelta) -> _Slot | None:
        for slot in reversed(self._slots):
            if _fits(slot, delta):
                # The newest call of an index is the one that goes on.
                return None if _begins_another(slot, delta) else slot
        return None

    def _begin(self, delta: CallDelta) -> _Slot:
        if len(self._slots) == MAX_CALLS:
            raise CallTooLarge
        self._slots.append(_Slot(delta.index, delta.id or ""))
        return self._slots[-1]


def _fits(slot: _Slot, delta: CallDelta) -> bool:
    if delta.index is not None:
        return slot.index == delta.index
    return not delta.id or slot.id == delta.id


def _begins_another(slot: _Slot, delta: CallDelta) -> bool:
    if not delta.name:
        return False
    if delta.id and slot.id:
        return slot.id != delta.id
    # Neither id nor index to go by: another name after arguments is another call.
    return delta.index is None and bool(slot.arguments) and slot.name != delta.name
