"""The encoders of other clients' protocols: numbered events made from a log alone, so that each reader can resume.

The number of an event is its mark: the first event has 0, an event of structure alone adds 1, and a piece of text or
of thought adds its bytes of UTF-8. Marks therefore follow from what is stored, whatever pieces a reader got. Resuming after
a mark gives exactly the events and bytes behind it.

A body ends where the response begins to wait for a person: these clients answer by their next request, whose body goes on
behind the answers. A request to a person and its answer add 1 each, whether or not a dialect has events for them, so that the
end of a body that waits has a mark of its own.

A dialect says which of its events stand for what, one method each; `MarkedEncoder` calls them in the order of the log.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any, ClassVar

from chat.api.encoders.shared import shared
from chat.exceptions import BadOffset
from chat.models import ArtifactLabel, RequestKind, RequestOutcome, Response, ToolState
from chat.schemas.options import options_of
from chat.streams import (
    AnswerEvent,
    EndEvent,
    Heartbeat,
    LogEvent,
    ProgressEvent,
    RequestEvent,
    StartEvent,
    TextEvent,
    ThoughtEvent,
    ToolEvent,
    WaitingEvent,
)
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


def artifact_label(artifact: ArtifactLabel) -> Event:
    """Return the names of an artifact, as in all that clients get."""
    public_id, version, kind, title = artifact
    return {"artifactId": public_id, "kind": kind, "title": title, "version": version}


def _client_tools(row: Response) -> frozenset[str]:
    """Return the names of the client's tools whose results the response waits for."""
    options = options_of(row.options)
    return frozenset(tool["function"]["name"] for tool in options.tools if options.awaits_results)


class MarkedEncoder:
    """Encoder of one response's events for a reader that has had all up to the mark `after`.

    It is fed by a structured reading of the log from its beginning. `text_number` and `thought_number` count the stretches of
    text and of thought: a stretch ends where the other kind, a tool call or the end begins. `ended`: the last event is out.
    `answered`: the requests to a person whose answers the reader brings; it has had all before them. `open_requests`: those
    that the response waits for. `denied`: the calls that a person did not allow. `variant`: the reader's own options on which
    the pieces of text and thought depend.
    """

    heartbeat: ClassVar[bytes] = b": \n\n"
    variant: object = None

    def __init__(self, row: Response, after: int = NOTHING_READ, answered: Collection[str] = ()) -> None:
        self.mark = NOTHING_READ
        self.text_number = self.thought_number = -1
        self.ended = False
        self.open_requests: dict[str, RequestEvent] = {}
        self.denied: set[str] = set()
        self.continues = bool(answered)
        self._client_tools = _client_tools(row)
        self._client_calls: set[str] = set()  # those that the client was asked to make
        self._unseen = set(answered)
        self._after = sys.maxsize if answered else after
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

    def end_client_call(self, call: ToolEvent) -> Iterable[Event]:
        """Return the events of the end of a client's call, whose result came from a client."""
        return () if self.continues else self.end_call(call)

    def end_round(self) -> Iterable[Event]:
        return ()

    def request(self, request: RequestEvent) -> Iterable[Event]:
        return ()

    def go_on(self) -> Iterable[Event]:
        """Return the events that begin a body behind the answers that its reader has brought."""
        return ()

    def go_on_marks(self) -> int:
        """Return the number of marks that the events of `go_on` take, which all other readers count, too."""
        return 0

    def wait(self) -> Iterable[Event]:
        """Return the events that end the body of a response that waits for `open_requests`, one at least."""
        raise NotImplementedError

    def end(self, event: EndEvent) -> Iterable[Event]:
        """Return the events of the end, one at least."""
        raise NotImplementedError

    def frame(self, event: Event) -> bytes:
        """Return the bytes of an event whose mark is `self.mark`."""
        raise NotImplementedError

    # The order of the log.

    def __call__(self, event: LogEvent) -> bytes:
        # Ahead of the pattern matching, which takes as long as the rest of a delta's encoding.
        if isinstance(event, TextEvent):
            opened = b"" if self._open is TextEvent else self._opened(TextEvent)
            return opened + self._piece(event, self._text_frame)
        if isinstance(event, ThoughtEvent):
            return self._on_thought(event)
        match event:
            case ToolEvent():
                return self._on_call(event)
            case StartEvent():
                return self._events(self.begin(event))
            case RequestEvent():
                return self._on_request(event)
            case AnswerEvent():
                return self._on_answer(event)
            case WaitingEvent():
                self.ended = True
                return b"".join(map(self.frame, self.wait())) + self.closing()
            case EndEvent():
                return self._on_end(event)
            case Heartbeat() | ProgressEvent():
                return self.heartbeat

    def _on_call(self, call: ToolEvent) -> bytes:
        if call.state == ToolState.STARTED:
            self._running += 1
            # A call of the client's comes with its request, which has the arguments.
            started = () if call.name in self._client_tools else self.start_call(call)
            return self._closed() + self._events(started)
        self._running -= 1
        # A call may have written text.
        ended = self._closed() + self._events(self._end_of(call))
        return ended if self._running else ended + self._events(self.end_round())

    def _on_end(self, event: EndEvent) -> bytes:
        self.ended = True
        begun = self._begun_behind_answers() if self._unseen else b""
        return begun + self._closed() + self._last_events(event) + self.closing()

    def _end_of(self, call: ToolEvent) -> Iterable[Event]:
        if call.name not in self._client_tools:
            return self.end_call(call)
        return self.end_client_call(call) if call.call_id in self._client_calls else ()

    def _on_request(self, event: RequestEvent) -> bytes:
        if event.kind == RequestKind.CLIENT:
            self._client_calls.add(event.call_id)
        encoded = self._closed()
        if not event.by_staff:  # its reader cannot answer
            self.open_requests[event.request_id] = event
            encoded += self._events(self.request(event))
        self.mark += 1
        return encoded

    def _on_answer(self, event: AnswerEvent) -> bytes:
        request = self.open_requests.pop(event.request_id, None)
        if request is not None and event.outcome in (RequestOutcome.REJECTED, RequestOutcome.EXPIRED):
            self.denied.add(request.call_id)
        self.mark += 1
        if self._unseen == {event.request_id}:
            return self._begun_behind_answers()
        self._unseen.discard(event.request_id)
        self.mark += self.go_on_marks()
        return b""

    def _begun_behind_answers(self) -> bytes:
        self._unseen.clear()
        self._after = self.mark
        return self._events(self.go_on())

    def _on_thought(self, event: ThoughtEvent) -> bytes:
        opened = b"" if self._open is ThoughtEvent else self._opened(ThoughtEvent)
        return opened + self._piece(event, self._thought_frame)

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

    def _piece(self, event: TextEvent | ThoughtEvent, encode: Callable[[str], bytes]) -> bytes:
        """Return the event of a piece of text or thought, without the bytes that the reader has had. Raise BadOffset."""
        before, self.mark = self.mark, self.mark + len(event.data)
        if self.mark <= self._after:
            return b""
        if before >= self._after:
            if event.encodings is None:
                return encode(event.data.decode())
            # All else that a piece depends on follows from its place in the log.
            key = (self.__class__, self.variant, self.mark, self.text_number, self.thought_number)
            return shared(event, key, encode)
        if not is_boundary(event.data, self._after - before):
            raise BadOffset
        return encode(event.data[self._after - before :].decode())

    def _text_frame(self, piece: str) -> bytes:
        return self.frame(self.text(piece))

    def _thought_frame(self, piece: str) -> bytes:
        event = self.thought(piece)
        return b"" if event is None else self.frame(event)


class MarkedTextEncoder(MarkedEncoder):
    """Encoder of a protocol that has no place for thought: it has neither events nor marks, and no text ends at it."""

    def __init__(self, row: Response, after: int = NOTHING_READ, answered: Collection[str] = ()) -> None:
        super().__init__(row, after, answered)
        self._last_sign = time.monotonic()

    def _on_thought(self, event: ThoughtEvent) -> bytes:
        """Return a heartbeat from time to time: while thought comes, the log sends none."""
        now = time.monotonic()
        if now - self._last_sign < SIGN_SECONDS:
            return b""
        self._last_sign = now
        return self.heartbeat
