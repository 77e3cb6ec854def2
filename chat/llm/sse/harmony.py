"""OpenAI's harmony format in a text, as gpt-oss writes it where its server has no parser for it.

<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>
"""

from __future__ import annotations

import re

from chat.llm.sse.think_tags import ThinkTags

_NAMES = ("start", "channel", "constrain", "message", "end", "return", "call")
_TOKENS = tuple(f"<|{name}|>" for name in _NAMES)
_TOKEN = re.compile("|".join(map(re.escape, _TOKENS)))
# Tokens between which a message's header stands.
_OF_HEADER = ("<|start|>", "<|channel|>", "<|constrain|>")
# Thought, and calls that the server has not read: shown with the thought, they are at least no answer.
_UNSEEN = re.compile("analysis|to=")
# Characters of a header that are kept; one with a tool's name has about a hundred.
_MAX_HEADER = 500


class HarmonyChannels:
    """A splitter of text into the messages of its channels, cut anywhere. `passed`: it has none, the rest is text."""

    def __init__(self) -> None:
        self._header: str | None = None
        self._is_thought = False
        self._held = ""
        # Text ahead of the first token, where there may be none at all.
        self._bare = ThinkTags("harmony")
        self._has_tokens = False

    @property
    def passed(self) -> bool:
        return self._bare.passed and not (self._has_tokens or self._held)

    def feed(self, text: str, *, last: bool = False) -> list[tuple[bool, str]]:
        """Return the pieces of the text; true: it is thought. An end that may be part of a token is held until the `last`."""
        text = self._held + text
        pieces: list[tuple[bool, str]] = []
        place = 0
        for found in _TOKEN.finditer(text):
            pieces += self._piece(text[place : found.start()])
            self._turn(found[0])
            place = found.end()
        end = len(text) if last else _end_without_token(text, place)
        self._held = text[end:]
        return pieces + self._piece(text[place:end], last=last)

    def unclosed(self) -> str:
        """Return the thought that was the answer, since nothing has closed it."""
        return self._bare.unclosed()

    def expect_text(self) -> None:
        """Do nothing: a thought has its channel's name."""

    def _piece(self, text: str, *, last: bool = False) -> list[tuple[bool, str]]:
        if self._header is not None:
            self._header = (self._header + text)[:_MAX_HEADER]
            return []
        if self._has_tokens:
            return [(self._is_thought, text)] if text else []
        return self._bare.feed(text, last=last)

    def _turn(self, token: str) -> None:
        """Begin a header or a message's text at its token."""
        if token in _OF_HEADER:
            self._header = (self._header or "") + " "
        elif token == "<|message|>":
            self._is_thought = _UNSEEN.search(self._header or "") is not None
            self._header = None
        else:
            self._is_thought, self._header = False, None
        self._has_tokens = True


def _end_without_token(text: str, place: int) -> int:
    """Return where an end begins that may be part of a token; the text's length where none is."""
    start = text.rfind("<", place)
    return start if start >= 0 and any(token.startswith(text[start:]) for token in _TOKENS) else len(text)
