"""The events of OpenAI's Responses API, with their marks as `sequence_number`: `dialects.md` in the reference has the table.

Calls of the server's tools are `mcp_call` items: clients would try to make a `function_call` themselves, which are those of the
client's own functions. A response that waits for a person ends the body as `completed`; the client's next request brings the
answers, and gets the items behind them, under the same id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from chat.api.encoders.marked import NOTHING_READ, Event, MarkedTextEncoder
from chat.api.encoders.openai.objects import (
    Object,
    approval_item,
    call_item,
    function_item,
    message_item,
    response_object,
    status_of,
    text_part,
)
from chat.models import RequestKind, Response, Status, ToolState
from chat.streams import (
    EndEvent,
    Heartbeat,
    LogEvent,
    RequestEvent,
    StartEvent,
    TextEvent,
    ThoughtEvent,
    ToolEvent,
)

_LAST = {"completed": "response.completed", "failed": "response.failed"}


class ResponsesEncoder(MarkedTextEncoder):
    """Encoder of one response's events.

    `output`: the items so far. `last` and `ended_row`: the response once it has ended or waits, as an object and as its row
    (None: deleted).
    """

    def __init__(self, row: Response, after: int = NOTHING_READ, answered: Collection[str] = ()) -> None:
        super().__init__(row, after, answered)
        self.row, self._text = row, bytearray()
        self._made = 0  # items with names of their own
        self._calls: dict[str, int] = {}  # the places of calls in the output that have not ended
        self._approvals: dict[str, str] = {}  # the requests for the approval of calls
        # Marks follow from what is stored: a response waited if it started later than it was made.
        self._waiting = row.started_at is None or row.started_at > row.created_at
        self._piece_event: Event = {}
        self.output: list[Object] = []
        self.last: Object | None = None
        self.ended_row: Response | None = None

    def __call__(self, event: LogEvent) -> bytes:
        started = b""
        if self._waiting and not isinstance(event, StartEvent | Heartbeat | ThoughtEvent):
            self._waiting = False
            started = self._events([self._state("response.in_progress", Status.STREAMING)])
        encoded = super().__call__(event)
        if isinstance(event, TextEvent):
            self._text += event.data
        return started + encoded if started else encoded

    def begin(self, event: StartEvent) -> Iterable[Event]:
        status = Status.QUEUED if self._waiting else Status.STREAMING
        yield self._state("response.created", status)
        yield self._state("response.queued" if self._waiting else "response.in_progress", status)

    def _state(self, kind: str, status: Status) -> Event:
        return {"type": kind, "response": response_object(_as_begun(self.row, status), [])}

    def open_text(self) -> Iterable[Event]:
        self._text.clear()
        self.output.append(message_item(self._name("msg"), "in_progress", []))
        yield self._item_event("response.output_item.added", len(self.output) - 1)
        yield self._part("response.content_part.added", part=text_part(""))
        # The event of a piece is made once for a stretch: the rest of its fields do not change.
        self._piece_event = self._part("response.output_text.delta", delta="", logprobs=[])

    def text(self, piece: str) -> Event:
        self._piece_event["delta"] = piece
        return self._piece_event

    def close_text(self) -> Iterable[Event]:
        words, item = self._text.decode(), self.output[-1]
        self.output[-1] = message_item(item["id"], "completed", [text_part(words)])
        yield self._part("response.output_text.done", text=words, logprobs=[])
        yield self._part("response.content_part.done", part=text_part(words))
        yield self._item_event("response.output_item.done", len(self.output) - 1)

    def start_call(self, call: ToolEvent) -> Iterable[Event]:
        place = self._calls[call.call_id] = len(self.output)
        self.output.append(call_item(self._name("mcp"), call.name, "in_progress"))
        yield self._item_event("response.output_item.added", place)
        yield self._call_event("response.mcp_call.in_progress", place)

    def request(self, request: RequestEvent) -> Iterable[Event]:
        place = len(self.output)
        if request.kind == RequestKind.APPROVE:
            self._approvals[request.call_id] = request.request_id
            self.output.append(approval_item(request))
            yield self._item_event("response.output_item.added", place)
            yield self._item_event("response.output_item.done", place)
        elif request.kind == RequestKind.CLIENT:
            yield from self._function_call(request, place)

    def _function_call(self, request: RequestEvent, place: int) -> Iterable[Event]:
        name, arguments = self._name("fc"), request.arguments or "{}"
        self.output.append(function_item(name, request, "in_progress", ""))
        yield self._item_event("response.output_item.added", place)
        yield {**self._call_event("response.function_call_arguments.delta", place), "delta": arguments}
        named = {"name": request.tool, "arguments": arguments}
        yield {**self._call_event("response.function_call_arguments.done", place), **named}
        self.output[place] = function_item(name, request, "completed", arguments)
        yield self._item_event("response.output_item.done", place)

    def end_client_call(self, call: ToolEvent) -> Iterable[Event]:
        return ()

    def go_on(self) -> Iterable[Event]:
        yield self._state("response.created", Status.STREAMING)
        yield self._state("response.in_progress", Status.STREAMING)
        # Places count from the beginning of the body, so calls that have not ended get one in it.
        begun = [self.output[place] for place in self._calls.values()]
        self.output, self._calls = begun, dict(zip(self._calls, range(len(begun)), strict=True))
        for place in range(len(begun)):
            yield self._item_event("response.output_item.added", place)

    def go_on_marks(self) -> int:
        return 2 + len(self._calls)

    def wait(self) -> Iterable[Event]:
        for place in self._calls.values():
            self.output[place] = self.output[place] | {"status": "incomplete"}
        self.ended_row = row = _as_begun(self.row, Status.WAITING)
        self.last = response_object(row, self.output)
        yield {"type": "response.completed", "response": self.last}

    def end_call(self, call: ToolEvent) -> Iterable[Event]:
        place = self._calls.pop(call.call_id)
        state = "completed" if call.state == ToolState.DONE else "failed"
        approval = self._approvals.get(call.call_id)
        self.output[place] = call_item(self.output[place]["id"], call.name, state, approval)
        yield {**self._call_event("response.mcp_call_arguments.done", place), "arguments": "{}"}
        yield self._call_event(f"response.mcp_call.{state}", place)
        yield self._item_event("response.output_item.done", place)

    def end(self, event: EndEvent) -> Iterable[Event]:
        self.ended_row = event.response
        row = event.response or _as_begun(self.row, Status.STOPPED)
        row.thread = self.row.thread
        self.last = response_object(row, self.output)
        yield {"type": _LAST.get(status_of(row), "response.incomplete"), "response": self.last}

    def frame(self, event: Event) -> bytes:
        event["sequence_number"] = self.mark
        return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), msgspec.json.encode(event))

    def _name(self, kind: str) -> str:
        """Return the id of the next item, made of the response's and the item's place."""
        self._made += 1
        return f"{kind}_{self.row.public_id}_{self._made - 1}"

    def _item_event(self, kind: str, place: int) -> Event:
        return {"type": kind, "output_index": place, "item": self.output[place]}

    def _call_event(self, kind: str, place: int) -> Event:
        return {"type": kind, "output_index": place, "item_id": self.output[place]["id"]}

    def _part(self, kind: str, **fields: object) -> Event:
        place = len(self.output) - 1
        named = {"output_index": place, "content_index": 0, "item_id": self.output[place]["id"]}
        return {"type": kind, **named, **fields}


def _as_begun(row: Response, status: Status) -> Response:
    """Return the response as it was before its end."""
    begun = Response(
        public_id=row.public_id,
        model=row.model,
        created_at=row.created_at,
        options=row.options,
        status=status,
    )
    begun.thread = row.thread
    return begun
