"""Thought in the forms in which servers send it: under several names, among the parts of a text, in tags at its start.

reasoning_content   DeepSeek, vLLM, SGLang, llama.cpp, Kimi, Qwen, GLM
reasoning           OpenRouter, Groq, Ollama, vLLM since 0.16
reasoning_text      GitHub Copilot
thinking            proxies in front of Ollama and Claude: text or an object
reasoning_details   OpenRouter, MiniMax: entries with `text`, `summary` or encrypted `data`
thinking_blocks     LiteLLM
content             Mistral and Databricks: parts of the type `thinking` or `reasoning`; Gemini: text that
                    `extra_content` marks as thought
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chat.llm.sse.updates import BadStream

# In the order of preference: a server that sends a thought under several names sends the same one.
THOUGHT_NAMES = (
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "thinking",
    "thinking_content",
    "reasoning_details",
    "thinking_blocks",
)
# The names of the text in an entry or part.
_TEXTS = ("text", "thinking", "summary", "reasoning", "reasoning_content", "content")
# In the types of parts that are thought: `thinking`, `redacted_thinking`, `reasoning_text`, `summary_text`.
_THOUGHT_PART = re.compile("think|reason|thought|summary")
# Levels of lists and objects around a text; Databricks has three.
_MAX_DEPTH = 6

# Opening tags in small letters: those of most models, Magistral's, Kimi-VL's, Seed-OSS', OpenThinker's.
_TAGS = (
    *(f"<{name}>" for name in ("think", "thinking", "thought", "reason", "reasoning", "seed:think")),
    "[think]",
    "◁think▷",
    "<|begin_of_thought|>",
)
# White space ahead of a tag, and its number of characters; models write one or two.
_SPACE = " \t\r\n\u200b\ufeff"
_MAX_HELD = 100


def thought_of(delta: dict[str, Any]) -> str:
    """Return the thought beside a delta's content; wrong types are none."""
    for name in THOUGHT_NAMES:
        value = delta.get(name)
        if value and (text := value if isinstance(value, str) else _text_in(value, _MAX_DEPTH)):
            return text
    return ""


def _text_in(value: Any, depth: int) -> str:
    if isinstance(value, str) or not depth:
        return value if isinstance(value, str) else ""
    if isinstance(value, list):
        return "".join(_text_in(entry, depth - 1) for entry in value)
    if not isinstance(value, dict):
        return ""
    return next(filter(None, (_text_in(value.get(name), depth - 1) for name in _TEXTS)), "")


def is_marked(delta: dict[str, Any]) -> bool:
    """Return whether Gemini's `extra_content` marks the content as thought."""
    extra = delta.get("extra_content")
    providers = extra.values() if isinstance(extra, dict) else ()
    return any(isinstance(fields, dict) and fields.get("thought") is True for fields in providers)


def pieces_of(content: list[Any]) -> Iterator[tuple[bool, str]]:
    """Yield the text of content parts; true: it is thought. Raise BadStream for text of another type."""
    for part in content:
        if isinstance(part, dict) and _is_thought(part):
            yield True, _text_in(part, _MAX_DEPTH)
            continue
        text = part.get("text") if isinstance(part, dict) else part
        if not isinstance(text, str | None):
            raise BadStream
        yield False, text or ""


def _is_thought(part: dict[str, Any]) -> bool:
    return part.get("thought") is True or _THOUGHT_PART.search(str(part.get("type"))) is not None


def without_thought(text: str) -> str:
    """Return what follows the thoughts in a whole text; some servers leave out an opening tag, and a cut one has no end."""
    return _OPENING.split(_CLOSING.split(text)[-1])[0]


def _closing_of(tag: str) -> str:
    """Return the tag that closes an opening one."""
    return tag.replace("begin", "end") if "begin" in tag else f"{tag[0]}/{tag[1:]}"


_OPENING, _CLOSING = (
    re.compile("|".join(map(re.escape, tags)), re.IGNORECASE) for tags in (_TAGS, map(_closing_of, _TAGS))
)


class ThinkTags:
    """A splitter of text whose start may be thoughts in tags, cut anywhere. `passed`: the rest is text."""

    def __init__(self) -> None:
        self.passed = False
        self._closing = ""
        self._inside = self._begun = False
        self._held = ""

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

    def _inner(self, text: str, last: bool) -> tuple[str, str]:
        """Return the thought, and the text behind its closing tag."""
        thought, closing, rest = text.partition(self._closing)
        if not closing and not last:
            thought = self._without_held(thought)
        # White space around a thought is the template's, and often all of it.
        thought = thought if self._begun else thought.lstrip()
        self._inside = not closing
        self._begun = self._inside and (self._begun or bool(thought))
        return thought, rest

    def _outer(self, text: str, last: bool) -> str:
        """Return the text behind an opening tag, or from where it is no thought; nothing of what is held."""
        start = text.lstrip(_SPACE)
        if self._closing:
            # Behind a thought; some models close it twice.
            text = start = start.removeprefix(self._closing).lstrip(_SPACE)
        tag = next((tag for tag in _TAGS if start[: len(tag)].lower() == tag), None)
        if tag:
            self._closing, self._inside = _closing_of(start[: len(tag)]), True
            return start[len(tag) :]
        if not last and len(text) <= _MAX_HELD and self._may_open(start):
            self._held = text
            return ""
        self.passed = bool(text)
        return text

    def _may_open(self, start: str) -> bool:
        return any(tag.startswith(start.lower()) for tag in _TAGS) or (
            bool(self._closing) and self._closing.startswith(start)
        )

    def _without_held(self, thought: str) -> str:
        """Hold back an end that may begin the closing tag."""
        sizes = range(min(len(self._closing) - 1, len(thought)), 0, -1)
        size = next((size for size in sizes if self._closing.startswith(thought[-size:])), 0)
        self._held = thought[len(thought) - size :]
        return thought[: len(thought) - size]

    def after_marked(self) -> None:
        """Expect text after a thought that is marked otherwise; a closing tag ahead of it is dropped."""
        self._closing = "</thought>"
