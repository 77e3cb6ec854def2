"""Token counts of a provider, under all names in use."""

from __future__ import annotations

from typing import Any

from chat.llm.sse.updates import TokenCounts

# The largest value of the database's integer column.
MAX_USAGE_TOKENS = 2**31 - 1

# OpenAI's names, those of its Responses and of Anthropic (mlx-vlm has them, too), Amazon's, the AI SDK's, Google's, Ollama's.
PROMPT_NAMES = (
    "prompt_tokens",
    "input_tokens",
    "inputTokens",
    "promptTokens",
    "promptTokenCount",
    "prompt_eval_count",
)
COMPLETION_NAMES = (
    "completion_tokens",
    "output_tokens",
    "outputTokens",
    "completionTokens",
    "candidatesTokenCount",
    "eval_count",
)
# Those of OpenAI, of its Responses, Google and xAI; DeepSeek, Moonshot, Anthropic, Google and the AI SDK.
REASONING_NAMES = ("reasoning_tokens", "reasoningTokens", "thoughtsTokenCount", "thinking_tokens")
CACHED_NAMES = (
    "cached_tokens",
    "prompt_cache_hit_tokens",
    "cache_read_input_tokens",
    "cachedInputTokens",
    "cacheReadInputTokens",
    "cachedContentTokenCount",
)
# The objects that hold those two beside the totals.
COMPLETION_DETAILS = ("completion_tokens_details", "output_tokens_details")
PROMPT_DETAILS = ("prompt_tokens_details", "input_tokens_details")
# Anthropic's and Amazon's; their input leaves these out.
UNCOUNTED_CACHE_NAMES = (
    ("cache_read_input_tokens", "cacheReadInputTokens"),
    ("cache_creation_input_tokens", "cacheWriteInputTokens"),
)
TOTAL_NAMES = ("total_tokens", "totalTokens", "totalTokenCount")


def counts_of(usage: Any) -> TokenCounts | None:
    """Return the counts of a usage object; None where one of them is unknown, or both are 0."""
    if not isinstance(usage, dict):
        return None
    prompt, completion = _count(usage, PROMPT_NAMES), _count(usage, COMPLETION_NAMES)
    total = _count(usage, TOTAL_NAMES)
    if prompt is not None and completion is None and total is not None:
        completion = max(0, total - prompt)
    if prompt is None or completion is None or prompt + completion == 0:
        return None
    prompt += _uncounted_cache(usage)
    reasoning = _part(usage, COMPLETION_DETAILS, REASONING_NAMES)
    if _is_apart(reasoning or 0, prompt, completion, total):
        completion += reasoning or 0
    cached = _part(usage, PROMPT_DETAILS, CACHED_NAMES)
    prompt, completion = min(prompt, MAX_USAGE_TOKENS), min(completion, MAX_USAGE_TOKENS)
    return TokenCounts(prompt, completion, _within(reasoning, completion), _within(cached, prompt))


def _is_apart(reasoning: int, prompt: int, completion: int, total: int | None) -> bool:
    """Return whether the completion leaves the reasoning out, as xAI's and Google's do."""
    return reasoning > completion or (
        reasoning > 0 and total is not None and total >= prompt + completion + reasoning
    )


def _uncounted_cache(usage: dict[str, Any]) -> int:
    """Return the tokens that Anthropic and Amazon count beside those of the input: read from the cache, and written to it."""
    if "prompt_tokens" in usage:
        return 0  # in OpenAI's form the prompt holds them
    return sum(_count(usage, names) or 0 for names in UNCOUNTED_CACHE_NAMES)


def _part(usage: dict[str, Any], details: tuple[str, ...], names: tuple[str, ...]) -> int | None:
    """Return a count that is part of another, from the details or beside it."""
    places = (*(usage.get(name) for name in details), usage)
    counts = (_count(place, names) for place in places if isinstance(place, dict))
    return next((count for count in counts if count is not None), None)


def _within(part: int | None, whole: int) -> int | None:
    return None if part is None else min(part, whole)


def _count(usage: dict[str, Any], names: tuple[str, ...]) -> int | None:
    """Return the first whole number under one of these names, within the bounds of the database."""
    counts = (usage.get(name) for name in names)
    first = next((count for count in counts if _is_whole(count)), None)
    return None if first is None else int(max(0, min(first, MAX_USAGE_TOKENS)))


def _is_whole(count: object) -> bool:
    if isinstance(count, float):
        return count.is_integer()
    return isinstance(count, int) and not isinstance(count, bool)
