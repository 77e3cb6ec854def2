"""AG-UI's events (docs.ag-ui.com), with their marks as ids: `dialects.md` in the reference has the table.

Thought is AG-UI's reasoning; a tool's arguments and result stay hidden, so both are empty, but for the arguments of calls that
the client makes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from chat.api.encoders.ag_ui_interrupts import interrupts_of
from chat.api.encoders.ag_ui_messages import Message, thought_id
from chat.api.encoders.marked import NOTHING_READ, Event, MarkedEncoder, artifact_label, error_text
from chat.models import RequestKind, Response, Status
from chat.models.responses import ERROR_STATUSES
from chat.streams import EndEvent, RequestEvent, StartEvent, ToolEvent

# The version of the protocol whose events these are.
PROTOCOL_VERSION = "1.0"

# The name of the custom event of an artifact.
ARTIFACT_EVENT = "artifact"

SUCCESS: Event = {"type": "success"}
CANCELLED: Event = {"type": "cancelled"}


class AgUiEncoder(MarkedEncoder):
    """Encoder of one run for a client that sent this version of the protocol (None: a client older than versions).

    `run_id` is the client's name of the run where it differs from the response's id. `numbered`: events have ids.
    """

    def __init__(
        self,
        row: Response,
        protocol: str | None = None,
        after: int = NOTHING_READ,
        *,
        run_id: str | None = None,
        numbered: bool = True,
        answered: Collection[str] = (),
    ) -> None:
        super().__init__(row, after, answered)
        self._reply, self._protocol = row.public_id, protocol
        self.variant = self._numbered = numbered
        self._names = {"threadId": row.thread.public_id, "runId": run_id or row.public_id}

    def begin(self, event: StartEvent | None = None) -> Iterable[Event]:
        yield run_started(self._names, self._protocol)

    def snapshot(self, messages: list[Message]) -> bytes:
        """Return the beginning of a body that cannot be resumed by a mark: the messages so far take its events' place."""
        events = [*self.begin(), {"type": "MESSAGES_SNAPSHOT", "messages": messages}]
        return b"".join(map(self.frame, events))

    def open_text(self) -> Iterable[Event]:
        yield {"type": "TEXT_MESSAGE_START", "messageId": self._reply, "role": "assistant"}

    def text(self, piece: str) -> Event:
        return {"type": "TEXT_MESSAGE_CONTENT", "messageId": self._reply, "delta": piece}

    def close_text(self) -> Iterable[Event]:
        yield {"type": "TEXT_MESSAGE_END", "messageId": self._reply}

    def open_thought(self) -> Iterable[Event]:
        self._thought = thought_id(self._reply, self.thought_number)
        yield {"type": "REASONING_START", "messageId": self._thought}
        yield {"type": "REASONING_MESSAGE_START", "messageId": self._thought, "role": "reasoning"}

    def thought(self, piece: str) -> Event:
        return {"type": "REASONING_MESSAGE_CONTENT", "messageId": self._thought, "delta": piece}

    def close_thought(self) -> Iterable[Event]:
        yield {"type": "REASONING_MESSAGE_END", "messageId": self._thought}
        yield {"type": "REASONING_END", "messageId": self._thought}

    def start_call(self, call: ToolEvent) -> Iterable[Event]:
        return self._call(call.call_id, call.name, "{}")

    def _call(self, name: str, tool: str, arguments: str) -> Iterable[Event]:
        named = {"toolCallId": name, "toolCallName": tool, "parentMessageId": self._reply}
        yield {"type": "TOOL_CALL_START", **named}
        yield {"type": "TOOL_CALL_ARGS", "toolCallId": name, "delta": arguments}
        yield {"type": "TOOL_CALL_END", "toolCallId": name}

    def end_call(self, call: ToolEvent) -> Iterable[Event]:
        message = f"{self._reply}:{call.call_id}"
        result = {"toolCallId": call.call_id, "content": "", "role": "tool"}
        yield {"type": "TOOL_CALL_RESULT", "messageId": message, **result}

    def request(self, request: RequestEvent) -> Iterable[Event]:
        if request.kind == RequestKind.CLIENT:
            yield from self._call(request.call_id, request.tool, request.arguments or "{}")

    def go_on(self) -> Iterable[Event]:
        return self.begin()

    def wait(self) -> Iterable[Event]:
        waits = self.open_requests.values()
        pending = [one.call_id for one in waits if one.kind == RequestKind.CLIENT]
        outcome: Event = {"type": "success", "pendingToolCallIds": pending}
        if interrupts := interrupts_of(waits):
            outcome = {"type": "interrupt", "interrupts": interrupts}
        yield run_finished(self._names, self._protocol, outcome)

    def end(self, event: EndEvent) -> Iterable[Event]:
        row = event.response
        for artifact in event.artifacts:
            value = {**artifact_label(artifact), "messageId": self._reply}
            yield {"type": "CUSTOM", "name": ARTIFACT_EVENT, "value": value}
        if row is not None and row.status in ERROR_STATUSES:
            yield {"type": "RUN_ERROR", "message": error_text(row), "code": row.error_code or row.status}
            return
        outcome = CANCELLED if row is None or row.status == Status.STOPPED else SUCCESS
        yield {**run_finished(self._names, self._protocol, outcome), **_usage(row)}

    def frame(self, event: Event) -> bytes:
        data = msgspec.json.encode(event)
        return b"id: %d\ndata: %b\n\n" % (self.mark, data) if self._numbered else b"data: %b\n\n" % data


def empty_run(names: Event, protocol: str | None) -> bytes:
    """Return the body of a run in which nothing happens."""
    events = (run_started(names, protocol), run_finished(names, protocol, SUCCESS))
    return b"".join(b"data: %b\n\n" % msgspec.json.encode(event) for event in events)


def run_started(names: Event, protocol: str | None) -> Event:
    version = {} if protocol is None else {"protocolVersion": PROTOCOL_VERSION}
    return {"type": "RUN_STARTED", **names, **version}


def run_finished(names: Event, protocol: str | None, outcome: Event) -> Event:
    """Return the end of a run that did not fail. Clients older than 1.0 refuse the outcome of a stop, so they get none."""
    knows = protocol is not None and protocol.startswith("1.")
    return {"type": "RUN_FINISHED", **names, **({"outcome": outcome} if knows else {})}


def _usage(row: Response | None) -> Event:
    if row is None or row.prompt_tokens is None or row.completion_tokens is None:
        return {}
    used = {"inputTokens": row.prompt_tokens, "outputTokens": row.completion_tokens}
    parts = {"reasoningTokens": row.reasoning_tokens, "cachedInputTokens": row.cached_tokens}
    known = {name: count for name, count in parts.items() if count is not None}
    total = row.prompt_tokens + row.completion_tokens
    return {"usage": [{"model": row.model, **used, "totalTokens": total, **known}]}
