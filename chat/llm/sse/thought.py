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
_TEXTS = ("text", "thinking", "summary", "reasoning", "content")
_THOUGHT_PARTS = ("thinking", "reasoning", "thought", "redacted_thinking")
# Levels of lists and objects around a text; Databricks has three.
_MAX_DEPTH = 6

_TAGS = ("<think>", "<thinking>", "<thought>")
# Characters of white space ahead of a tag; models write one or two.
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
        if isinstance(part, dict) and part.get("type") in _THOUGHT_PARTS:
            yield True, _text_in(part, _MAX_DEPTH)
            continue
        text = part.get("text") if isinstance(part, dict) else part
        if not isinstance(text, str | None):
            raise BadStream
        yield False, text or ""


class ThinkTags:
    """A splitter of text whose start may be a thought in tags, cut anywhere. `passed`: the rest is text."""

    def __init__(self) -> None:
        self.passed = False
        self._closing = ""
        self._inside = self._begun = False
        self._held = ""

    def feed(self, text: str, *, last: bool = False) -> list[tuple[bool, str]]:
        """Return the pieces of the text; true: it is thought. An end that may be part of a tag is held until the `last`."""
        text, self._held = self._held + text, ""
        if self.passed:
            return [(False, text)]
        if not self._closing:
            opened = self._opened(text, last)
            if opened is None:
                return [(False, text)] if self.passed else []
            text = opened
        return self._after_opening(text, last)

    def _opened(self, text: str, last: bool) -> str | None:
        """Return the text behind the opening tag; None without one, or before it is whole."""
        start = text.lstrip()
        tag = next((tag for tag in _TAGS if start.startswith(tag)), None)
        if tag:
            self._closing, self._inside = f"</{tag[1:]}", True
            return start[len(tag) :]
        if not last and len(text) <= _MAX_HELD and any(tag.startswith(start) for tag in _TAGS):
            self._held = text
        else:
            self.passed = True
        return None

    def _after_opening(self, text: str, last: bool) -> list[tuple[bool, str]]:
        pieces: list[tuple[bool, str]] = []
        if self._inside:
            thought, closing, text = text.partition(self._closing)
            if not closing and not last:
                thought = self._without_held(thought)
            # White space around a thought is the template's, and often all of it.
            thought = thought if self._begun else thought.lstrip()
            self._begun = self._begun or bool(thought)
            self._inside = not closing
            pieces.append((True, thought))
        text = text.lstrip().removeprefix(self._closing).lstrip()
        if text and not self._inside:
            self.passed = True
            pieces.append((False, text))
        return pieces

    def _without_held(self, thought: str) -> str:
        """Hold back an end that may begin the closing tag."""
        sizes = range(min(len(self._closing) - 1, len(thought)), 0, -1)
        size = next((size for size in sizes if self._closing.startswith(thought[-size:])), 0)
        self._held = thought[len(thought) - size :]
        return thought[: len(thought) - size]

    def after_marked(self) -> None:
        """Expect text after a thought that is marked otherwise; a closing tag ahead of it is dropped."""
        self._closing = "</thought>"
