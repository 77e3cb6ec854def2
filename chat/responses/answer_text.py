"""The visible text of a response that runs here: written by the model and by its tools, up to the largest size."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from chat import text
from chat.conf import settings
from chat.llm.clients.base import ModelClient
from chat.llm.sse import StreamUpdate
from chat.responses.model_answer import ModelAnswer
from chat.streams import Writer
from chat.tools import AnswerFull, ToolContext

# The think item of ours that C1's readers see while a model thinks.
THINKING = text.think_item("Thinking", "The model is thinking.").encode()

# Of a character in UTF-8, at most.
CHARACTER_BYTES = 4


class AnswerText:
    """The end of a response's text.

    `full`: some text had no room. `shows_items`: whether the answer's readers understand think items.
    """

    __slots__ = ("_by_tools", "_kept", "_writer", "full", "shows_items")

    def __init__(self, writer: Writer, shows_items: Callable[[], bool]) -> None:
        self.full = False
        self.shows_items = shows_items
        self._writer = writer
        # `_kept`: the pieces among them that the model has in its messages already.
        self._by_tools: list[str] = []
        self._kept = 0

    def has_room_for(self, words: str) -> bool:
        """Return whether words have room whatever characters they hold."""
        return self._writer.length + CHARACTER_BYTES * len(words) <= settings.text_bytes

    def append(self, words: str) -> str:
        """Append the words, or their beginning that has room. Return it."""
        room = settings.text_bytes - self._writer.length
        # Cut ahead of the work on each character, for a character is a byte at least.
        data = words[: room + 1].encode()
        if len(data) > room:
            data, self.full = data[: text.utf8_floor(data, room)], True
        if data:
            self._writer.append(data)
        return data.decode() if self.full else words

    def append_think_item(self, item: bytes) -> None:
        """Append an ephemeral think item where readers understand it and it has room."""
        if self.shows_items() and self._writer.length + len(item) <= settings.text_bytes:
            self._writer.append_ephemeral(item)

    def append_kept_item(self, item: str) -> None:
        """Append a think item that stays in the message, where it has room."""
        if self._writer.length + len(item.encode()) <= settings.text_bytes:
            self._by_tools.append(self.append(item))

    async def write(self, words: str) -> None:
        """Append words of a tool, at the speed at which they are stored. Raise AnswerFull or Unavailable."""
        words = words[: settings.text_bytes + 1]  # as in `append`
        if written := self.append(text.storable(words)):
            self._by_tools.append(written)
        if self.full:
            raise AnswerFull("The answer has reached its largest size.")
        await self._writer.give_way()

    def keep_written(self, words: str) -> None:
        """Take over what tools wrote before the response waited, maybe in another process."""
        self._by_tools.append(words)

    def take_written(self) -> str:
        """Return what tools wrote since it was last taken: for the model it begins its own next message."""
        written, self._kept = "".join(self._by_tools[self._kept :]), len(self._by_tools)
        return written

    def written(self) -> str:
        """Return all that tools have written into the answer since it runs here."""
        return "".join(self._by_tools)

    def bind(self, context: ToolContext, alone: bool) -> ToolContext:
        """Return the context of a call with its output; one that runs beside others may not write text."""
        output = _CallOutput(self, context, alone)
        return replace(context, write=output.write, think=output.think)


@dataclass(frozen=True, slots=True)
class _CallOutput:
    """The visible output of one call until its end."""

    answer: AnswerText
    context: ToolContext
    alone: bool

    async def write(self, words: str) -> None:
        """Append text to the answer. Raise AnswerFull, or RuntimeError where this call may not."""
        self._check_running()
        if not self.alone:
            raise RuntimeError("only a tool that is registered with alone=True may write")
        await self.answer.write(words)

    def think(self, title: str, description: str, ephemeral: bool = True) -> None:
        """Show a step as a think item, or to readers without them as progress of the call."""
        self._check_running()
        title, description = text.storable(title), text.storable(description)
        if not self.answer.shows_items():
            self.context.report_progress(None, f"{title}: {description}" if description else title)
        elif ephemeral:
            self.answer.append_think_item(text.think_item(title, description).encode())
        else:
            self.answer.append_kept_item(text.think_item(title, description, ephemeral=False))

    def _check_running(self) -> None:
        if self.context.cancelled.is_set():
            raise RuntimeError("the call is over")


class LoggedAnswer(ModelAnswer):
    """The answer of a call whose updates go into the response's text and thought.

    `fallbacks`: emptied by the first text or call. `may_call`: the model has tools, so that parts and fields of its answer may
    be wanted for the next round.
    """

    __slots__ = ("_fallbacks", "_may_call", "_text", "_writer")

    def __init__(
        self, answer_text: AnswerText, writer: Writer, fallbacks: list[ModelClient], *, may_call: bool
    ) -> None:
        super().__init__()
        self._text, self._writer, self._fallbacks, self._may_call = answer_text, writer, fallbacks, may_call

    def take(self, update: StreamUpdate) -> Awaitable[None] | None:
        """Take an update; return what to wait for before the next one, if the log has no room."""
        self.process(update)
        full = self.full = self._text.full
        return self._writer.wait_for_room() if self._writer.full and not (full or update.done) else None

    def take_at_once(self, update: StreamUpdate) -> bool:
        """Take an update in the turn that brings it, unless it may fill the answer, or has to wait for room."""
        if self._writer.full or not self._text.has_room_for(update.text):
            return False
        self.process(update)
        return True

    def process(self, update: StreamUpdate) -> None:
        """Add an update to the logs, its thoughts where they stand in its text. Raise CallTooLarge."""
        begin = 0
        for place, thought in update.thinking:
            if place > begin:
                self._say(update.text[begin:place])
            self._think(thought)
            begin = place
        if words := update.text[begin:] if begin else update.text:
            self._say(words)
        if update.calls:
            self._note_visible()
        # Without tools no fields are wanted back.
        if update.calls or (update.fields and self._may_call):
            self.calls.feed(update.calls, update.fields)
        self.finish_reason = update.finish_reason or self.finish_reason
        if update.usage is not None:
            self.token_counts = update.usage

    def _say(self, words: str) -> None:
        if self.first_token is None or self._writer.thinking:
            self._note_visible()
        self.characters += len(words)
        if self._may_call:
            self.parts.append(words)
        self._text.append(words)

    def _note_visible(self) -> None:
        """Note that text or a call has come: it ends a stretch of thought, and no other model is asked any more."""
        if self._fallbacks:
            self._fallbacks.clear()
        if self.first_token is None:
            self.first_token = time.monotonic()
        self._writer.end_thought()

    def _think(self, words: str) -> None:
        """Append thought up to the largest stored size, and for C1's readers a think item ahead of each stretch."""
        self.characters += len(words)
        writer = self._writer
        if not writer.thinking:
            self._text.append_think_item(THINKING)
            writer.begin_thought()
        room = settings.thinking_bytes - writer.thinking_length
        data = words[: room + 1].encode()  # a character is a byte at least
        if len(data) > room:
            data = data[: text.utf8_floor(data, room)]
        if data:
            writer.append_thought(data)
