"""Streams for AG-UI's clients that come back without a mark: the thread's messages as they are now, then what follows."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Any

from chat import db, service
from chat.accounts.identity import Caller
from chat.api.encoders.ag_ui import AgUiEncoder
from chat.api.encoders.ag_ui_messages import ag_ui_messages
from chat.api.streaming import ByteStream, FastPath, stream_response
from chat.models import ACTIVE, Response
from chat.schemas.queries import MAX_MESSAGES
from chat.streams import EndEvent, LogEvent, TextEvent, ThoughtEvent, ToolEvent
from chat.threads import messages
from chat.threads.messages import MessageRange, MessageView


@dataclass(slots=True)
class Replay:
    """The part of a running reply that a snapshot shows, read from its log.

    It is complete with what the stored message `shown` has and what this process has up to `ends`, the offsets of text and
    thought.
    """

    shown: MessageView
    ends: tuple[int, int]
    offset: int = 0
    text: bytearray = field(default_factory=bytearray)
    thought: bytearray = field(default_factory=bytearray)
    tools: dict[str, ToolEvent] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        stored = self.shown.thinking["text"] if self.shown.thinking else ""
        text_end, thinking_end = self.ends
        return (
            self.offset >= text_end
            and len(self.text) >= len(self.shown.content.encode())
            and len(self.thought) >= max(thinking_end, len(stored.encode()))
        )

    def take(self, event: LogEvent) -> None:
        match event:
            case TextEvent(data, offset):
                self.text += data
                self.offset = offset
            case ThoughtEvent(data):
                self.thought += data
            case ToolEvent():
                self.tools[event.call_id] = event

    def view(self) -> MessageView:
        tools = [{"id": name, "name": one.name, "state": one.state} for name, one in self.tools.items()]
        thinking: dict[str, Any] | None = {"text": self.thought.decode()} if self.thought else None
        return replace(self.shown, content=self.text.decode(), thinking=thinking, tools=tools)


async def stream_after_snapshot(caller: Caller, row: Response, encoder: AgUiEncoder) -> ByteStream:
    """Return the stream of a response that begins with the messages of the thread's shown branch."""
    wanted = MessageRange(limit=MAX_MESSAGES)
    shown, _ = await db.atomic_async(messages.page, caller.user, row.thread.public_id, wanted)
    fast_path = FastPath()
    events = await service.follow(caller, row, 0, 0, structured=True, take=fast_path.take)
    try:
        encoder(await anext(events))
        views, end = await _caught_up(shown, row, events, encoder)
    except BaseException:
        await events.aclose()
        raise
    encoder.forget_stretch()
    first = encoder.snapshot(ag_ui_messages(views))
    first += b"" if end is None else encoder(end)
    return stream_response(caller, row, first, events, encoder, fast_path=fast_path)


async def _caught_up(
    shown: list[MessageView], row: Response, events: AsyncGenerator[LogEvent], encoder: AgUiEncoder
) -> tuple[list[MessageView], EndEvent | None]:
    """Read what the messages show already. Return them with the reply as it was read, and the end if it was reached."""
    position = next((at for at, view in enumerate(shown) if view.id == row.public_id), None)
    if position is None:
        return shown, None
    replay, runs = Replay(shown[position], await service.shown_end(row)), shown[position].status in ACTIVE
    while not (runs and replay.is_complete):
        event = await anext(events)
        if isinstance(event, EndEvent):
            # An ended reply is what the thread says now, which may differ from the log: cut, edited or removed.
            return ([*shown[:position], replay.view(), *shown[position + 1 :]] if runs else shown), event
        encoder(event)
        replay.take(event)
    return [*shown[:position], replay.view(), *shown[position + 1 :]], None
