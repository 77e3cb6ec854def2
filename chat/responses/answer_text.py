"""The visible text of a response that runs here: written by the model and by its tools, up to the largest size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chat import text
from chat.conf import settings
from chat.streams import Writer
from chat.tools import AnswerFull, ToolContext

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
