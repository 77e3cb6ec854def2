"""The encoders of other clients' protocols: numbered events made from a log alone, so that each reader can resume.

The number of an event is its mark: the first event has 0, an event of structure alone adds 1, and a piece of text or
of thought adds its bytes of UTF-8. Marks therefore follow from what is stored, whatever pieces a reader got. Resuming after
a mark gives exactly the events and bytes behind it.

A dialect says which of its events stand for what, one method each; `MarkedEncoder` calls them in the order of the log.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, ClassVar

from chat.exceptions import BadOffset
from chat.models import Response, ToolState
from chat.streams import EndEvent, Heartbeat, LogEvent, StartEvent, TextEvent, ThoughtEvent, ToolEvent
from chat.text import is_boundary

# One event of a dialect, as its JSON object.
Event = dict[str, Any]

# The mark before the first event.
NOTHING_READ = -1

# Seconds between two signs of life while a model thinks unseen, as often as the log's own.
SIGN_SECONDS = 5.0


def error_text(row: Response) -> str:
    """Return the public text of a failed response's error; one whose process died has none of its own."""
    return row.error_detail or "The answer was interrupted. Try again."


class MarkedEncoder:
    """Encoder of one response's events for a reader that has had all up to the mark `after`.

    It is fed by a structured reading of the log from its beginning. `text_number` and `thought_number` count the stretches of
    text and of thought: a stretch ends where the other kind, a tool call or the end begins. `ended`: the last event is out.
    """

    heartbeat: ClassVar[bytes] = b": \n\n"

    def __init__(self, after: int = NOTHING_READ) -> None:
        self.mark = NOTHING_READ
        self.text_number = self.thought_number = -1
        self.ended = False
        self._after = after
        self._open: type[TextEvent | ThoughtEvent] | None = None
        self._running = 0  # calls of the round that have not ended

    @property
    def caught_up(self) -> bool:
        """Return whether the log has been read up to the mark that the reader has had."""
        return self.mark >= self._after

    # What a dialect says.

    def begin(self, event: StartEvent) -> Iterable[Event]:
        return ()

    def open_text(self) -> Iterable[Event]:
        return ()

    def text(self, piece: str) -> Event:
        raise NotImplementedError

    def close_text(self) -> Iterable[Event]:
        return ()

    def open_thought(self) -> Iterable[Event]:
        return ()

    def thought(self, piece: str) -> Event | None:
        """Return the event of a piece of thought; None where the dialect has no place for it."""
        return None

    def close_thought(self) -> Iterable[Event]:
        return ()

    def start_call(self, call: ToolEvent) -> Iterable[Event]:
        return ()

    def end_call(self, call: ToolEvent) -> Iterable[Event]:
        return ()

    def end_round(self) -> Iterable[Event]:
        return ()

    def end(self, event: EndEvent) -> Iterable[Event]:
        """Return the events of the end, one at least."""
        raise NotImplementedError

    def frame(self, event: Event) -> bytes:
        """Return the bytes of an event whose mark is `self.mark`."""
        raise NotImplementedError

    # The order of the log.

    def __call__(self, event: LogEvent) -> bytes:
        match event:
            case TextEvent(data):
                return self._opened(TextEvent) + self._piece(data, self.text)
            case ThoughtEvent(data):
                return self._opened(ThoughtEvent) + self._piece(data, self.thought)
            case ToolEvent(state=ToolState.STARTED):
                self._running += 1
                return self._closed() + self._events(self.start_call(event))
            case ToolEvent():
                self._running -= 1
                ended = self._events(self.end_call(event))
                return ended if self._running else ended + self._events(self.end_round())
            case StartEvent():
                return self._events(self.begin(event))
            case EndEvent():
                self.ended = True
                return self._closed() + self._last_events(event) + self.closing()
            case Heartbeat():
                return self.heartbeat

    def _last_events(self, event: EndEvent) -> bytes:
        """Return the events of the end, at least the last one: a body never ends without it."""
        *events, last = self.end(event)
        before = self._events(events)
        self.mark += 1
        return before + self.frame(last)

    def closing(self) -> bytes:
        """Return the bytes that follow the last event, without a mark."""
        return b""

    def forget_stretch(self) -> None:
        """Count the stretch so far as ended, for a reader that got it in another form: what follows opens a new one."""
        self._open = None

    def _opened(self, kind: type[TextEvent | ThoughtEvent]) -> bytes:
        """Return the events that end the stretch before one of another kind, and begin it."""
        if self._open is kind:
            return b""
        closed, self._open = self._closed(), kind
        if kind is TextEvent:
            self.text_number += 1
            return closed + self._events(self.open_text())
        self.thought_number += 1
        return closed + self._events(self.open_thought())

    def _closed(self) -> bytes:
        was, self._open = self._open, None
        if was is None:
            return b""
        return self._events(self.close_text() if was is TextEvent else self.close_thought())

    def _events(self, events: Iterable[Event]) -> bytes:
        """Return the events of structure and that the reader has not had."""
        framed = []
        for event in events:
            self.mark += 1
            if self.mark > self._after:
                framed.append(self.frame(event))
        return b"".join(framed)

    def _piece(self, data: bytes, encode: Any) -> bytes:
        """Return the event of a piece of text or thought, without the bytes that the reader has had. Raise BadOffset."""
        before, self.mark = self.mark, self.mark + len(data)
        if self.mark <= self._after:
            return b""
        if before < self._after:
            if not is_boundary(data, self._after - before):
                raise BadOffset
            data = data[self._after - before :]
        event = encode(data.decode())
        return b"" if event is None else self.frame(event)


class MarkedTextEncoder(MarkedEncoder):
    """Encoder of a protocol that has no place for thought: it has neither events nor marks, and no text ends at it."""

    def __init__(self, after: int = NOTHING_READ) -> None:
        super().__init__(after)
        self._last_sign = time.monotonic()

    def __call__(self, event: LogEvent) -> bytes:
        return self._sign_of_life() if isinstance(event, ThoughtEvent) else super().__call__(event)

    def _sign_of_life(self) -> bytes:
        """Return a heartbeat from time to time: while thought comes, the log sends none."""
        now = time.monotonic()
        if now - self._last_sign < SIGN_SECONDS:
            return b""
        self._last_sign = now
        return self.heartbeat
