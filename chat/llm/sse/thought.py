"""Thought in the forms in which servers send it apart from the text: under several names, and among its parts.

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
