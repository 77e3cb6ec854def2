"""The tail of a response under CHAT_DURABLE: its readers see nothing that `kill -9` could lose."""

from __future__ import annotations

from chat.models import Response
from chat.streams.tail import Tail, ThoughtTail


class DurableTail(Tail):
    """A tail that holds text and thought back until the table has them, which its writer says by `forget`.

    Think items and tool calls are known at once: they stand at offsets that readers have yet to reach.
    """

    __slots__ = ("_held", "_held_thoughts")

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()
        # Thought with the offset of the text at which it stands.
        self._held_thoughts: list[tuple[bytes, int]] = []

    @property
    def written(self) -> int:
        return self.end + len(self._held)

    def grow(self, data: bytes) -> None:
        self._held += data

    def grow_ephemeral(self, data: bytes) -> None:
        self.ephemeral = [*self.ephemeral, (self.written, self.written + len(data))]
        self._held += data

    def think(self, data: bytes, text_offset: int) -> None:
        self._held_thoughts.append((data, text_offset))

    def forget(self, before: int) -> None:
        """Show the text before an offset; drop what was shown earlier, which readers have or take from the table."""
        super().forget(self.end)
        size = before - self.end
        if size > 0:
            self._buffer += self._held[:size]
            self.end = self.base + len(self._buffer)
            del self._held[:size]
            self.wake()

    def forget_thought(self, before: int) -> None:
        """Do the same for thought. No reader runs between the two, so that each finds both where they stand."""
        super().forget_thought(self.thinking_end)
        while self._held_thoughts and self.thinking_end < before:
            data, text_offset = self._held_thoughts.pop(0)
            room = before - self.thinking_end
            if len(data) > room:
                self._held_thoughts.insert(0, (data[room:], text_offset))
            self.thought = self.thought or ThoughtTail(0)
            self.thought.grow(data[:room], text_offset)
            self.wake()

    def finish(self, final: Response | None) -> None:
        """Show the rest, which was stored with the end; nothing more of a log that another process has ended."""
        if final is not None:
            self.forget(final.log_length)
            self.forget_thought(final.thinking_length)
        super().finish(final)
