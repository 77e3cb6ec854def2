"""Thought in tags at the start of a text, as models write it whose server has no parser for it."""

from __future__ import annotations

import re

# Opening tags in small letters: those of most models, MiniMax's, Magistral's, Kimi-VL's, OpenThinker's, Gemma's.
_TAGS = (
    *(
        f"<{name}>"
        for name in ("think", "thinking", "thought", "reason", "reasoning", "seed:think", "mm:think")
    ),
    "[think]",
    "◁think▷",
    "<|begin_of_thought|>",
    "<|channel>thought\n",
)
# Granite 3.2's tags are words (ibm-granite/granite-3.2-8b-instruct, its template).
_GRANITE = ("here is my thought process:", "here's my thought process:")
# The opening tags by form: `open` is that of models whose template opens the thought, so that the text only closes it;
# `harmony` is OpenAI's where the server leaves out its tokens (Augustas11/macprovider#743).
_OPENINGS = {"tags": _TAGS, "open": _TAGS, "granite": (*_TAGS, *_GRANITE), "harmony": ("analysis",)}
# The closing tags of those openings that do not tell them.
_CLOSINGS = {
    "": ("</think>", "</thought>"),
    "analysis": ("assistantfinal",),
    "<|channel>thought\n": ("<channel|>",),
    **dict.fromkeys(_GRANITE, ("Here is my response:", "Here's my response:")),
}
# Openings that may as well begin an answer: none, and a word. Where no closing tag follows, it was one.
_DOUBTFUL = ("", "analysis")
# Characters of such an answer: as many as an answer has bytes by default (CHAT_TEXT_BYTES).
_MAX_DOUBTFUL = 1024 * 1024

# White space ahead of a tag, and its number of characters; models write one or two.
_SPACE = " \t\r\n\u200b\ufeff"
_MAX_HELD = 100


def _closings_of(tag: str) -> tuple[str, ...]:
    """Return the tags that close an opening one."""
    if found := _CLOSINGS.get(tag.lower()):
        return found
    return (tag.replace("begin", "end") if "begin" in tag else f"{tag[0]}/{tag[1:]}",)


_ALL = (*_TAGS, *_GRANITE)
_OPENING, _CLOSING = (
    re.compile("|".join(map(re.escape, tags)), re.IGNORECASE)
    for tags in (
        (*_ALL, "<|channel|>analysis<|message|>"),
        (*(closing for tag in _ALL for closing in _closings_of(tag)), "<|channel|>final<|message|>"),
    )
)


def without_thought(text: str) -> str:
    """Return what follows the thoughts in a whole text; some servers leave out an opening tag, and a cut one has no end."""
    return _OPENING.split(_CLOSING.split(text)[-1])[0]


class ThinkTags:
    """A splitter of text whose start may be thoughts in tags, cut anywhere. `passed`: the rest is text."""

    def __init__(self, form: str = "tags") -> None:
        self.passed = False
        self._openings = _OPENINGS[form]
        self._implied = form == "open"
        self._closings: tuple[str, ...] = ()
        self._inside = self._begun = False
        self._held = ""
        # The thought so far where it may be the answer.
        self._doubtful: list[str] | None = None
        self._doubtful_characters = 0

    def feed(self, text: str, *, last: bool = False) -> list[tuple[bool, str]]:
        """Return the pieces of the text; true: it is thought. An end that may be part of a tag is held until the `last`."""
        text, self._held = self._held + text, ""
        pieces: list[tuple[bool, str]] = []
        while text and not self.passed:
            if self._inside:
                thought, text = self._inner(text, last)
                pieces.append((True, thought))
            else:
                text = self._outer(text, last)
        if text:
            pieces.append((False, text))
        return pieces

    def unclosed(self) -> str:
        """Return the thought that was the answer, since nothing has closed it."""
        return "".join(self._doubtful or ())

    def expect_text(self) -> None:
        """Take text without a tag for the answer: the server has separated the thought."""
        self._implied = False

    def after_marked(self) -> None:
        """Expect text after a thought that is marked otherwise; a closing tag ahead of it is dropped."""
        self._closings = ("</thought>",)

    def _inner(self, text: str, last: bool) -> tuple[str, str]:
        """Return the thought, and the text behind its closing tag."""
        closing = min((tag for tag in self._closings if tag in text), key=text.index, default="")
        thought, _, rest = text.partition(closing) if closing else (text, "", "")
        if not closing and not last:
            thought = self._without_held(thought)
        self._inside = not closing
        self._doubt(thought)
        # White space around a thought is the template's, and often all of it.
        thought = thought if self._begun else thought.lstrip()
        self._begun = self._inside and (self._begun or bool(thought))
        return thought, rest

    def _doubt(self, thought: str) -> None:
        if self._doubtful is not None:
            self._doubtful.append(thought)
            self._doubtful_characters += len(thought)
            if not self._inside or self._doubtful_characters > _MAX_DOUBTFUL:
                self._doubtful = None

    def _outer(self, text: str, last: bool) -> str:
        """Return the text behind an opening tag, or from where it is no thought; nothing of what is held."""
        start = text.lstrip(_SPACE)
        if self._closings:
            # Behind a thought; some models close it twice.
            again = next(filter(start.startswith, self._closings), "")
            text = start = start.removeprefix(again).lstrip(_SPACE)
        tag = next((tag for tag in self._openings if start[: len(tag)].lower() == tag), None)
        if tag:
            return self._open(start, len(tag))
        if not last and len(text) <= _MAX_HELD and self._may_open(start):
            self._held = text
            return ""
        if start and self._implied:
            return self._open(start, 0)
        self.passed = bool(text)
        return text

    def _open(self, start: str, length: int) -> str:
        """Return the text behind the opening tag of this length at its start."""
        tag = start[:length]
        self._closings, self._inside, self._implied = _closings_of(tag), True, False
        if tag in _DOUBTFUL:
            self._doubtful = [tag]
        return start[length:]

    def _may_open(self, start: str) -> bool:
        return any(tag.startswith(start.lower()) for tag in self._openings) or any(
            tag.startswith(start) for tag in self._closings
        )

    def _without_held(self, thought: str) -> str:
        """Hold back an end that may begin a closing tag."""
        longest = max(map(len, self._closings))
        sizes = range(min(longest - 1, len(thought)), 0, -1)
        ends = (size for size in sizes if any(tag.startswith(thought[-size:]) for tag in self._closings))
        size = next(ends, 0)
        self._held = thought[len(thought) - size :]
        return thought[: len(thought) - size]
