"""Counts of thought and of cached tokens, however a provider reports them: as parts of the totals, or beside them."""

from __future__ import annotations

from typing import Any

import pytest

from chat.llm.sse import TokenCounts
from chat.llm.sse.token_counts import MAX_USAGE_TOKENS, counts_of

# Usage objects as the providers send them, and what they mean: prompt, completion, reasoning in it, cached in the prompt.
REPORTED: dict[str, tuple[dict[str, Any], tuple[int, int, int | None, int | None]]] = {
    "openai": (
        {
            "prompt_tokens": 75,
            "completion_tokens": 1186,
            "total_tokens": 1261,
            "completion_tokens_details": {"reasoning_tokens": 1024},
            "prompt_tokens_details": {"cached_tokens": 64},
        },
        (75, 1186, 1024, 64),
    ),
    "deepseek": (
        {
            "prompt_tokens": 100,
            "completion_tokens": 50,
            "prompt_cache_hit_tokens": 60,
            "prompt_cache_miss_tokens": 40,
        },
        (100, 50, None, 60),
    ),
    # vercel/ai#12425: the completion leaves the reasoning out.
    "xai": (
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94},
        },
        (32, 103, 94, None),
    ),
    # mozilla-ai/any-llm#1290: thoughts stand beside the candidates.
    "gemini": (
        {
            "promptTokenCount": 20,
            "candidatesTokenCount": 198,
            "thoughtsTokenCount": 405,
            "totalTokenCount": 623,
        },
        (20, 603, 405, None),
    ),
    # dust-tt/srchd#67: the input leaves out what came from the cache.
    "anthropic": (
        {"input_tokens": 4, "output_tokens": 10, "cache_read_input_tokens": 2000},
        (2004, 10, None, 2000),
    ),
    "bedrock": (
        {
            "inputTokens": 4,
            "outputTokens": 10,
            "cacheReadInputTokens": 2000,
            "cacheWriteInputTokens": 100,
        },
        (2104, 10, None, 2000),
    ),
    # LiteLLM gives OpenAI's total and Anthropic's part beside it.
    "litellm": (
        {"prompt_tokens": 2004, "completion_tokens": 10, "cache_read_input_tokens": 2000},
        (2004, 10, None, 2000),
    ),
    "openai responses": (
        {
            "input_tokens": 81,
            "input_tokens_details": {"cached_tokens": 7},
            "output_tokens": 1035,
            "output_tokens_details": {"reasoning_tokens": 832},
            "total_tokens": 1116,
        },
        (81, 1035, 832, 7),
    ),
}


@pytest.mark.parametrize("name", REPORTED)
def test_counts_of_every_provider_mean_the_same(name: str) -> None:
    usage, expected = REPORTED[name]
    assert counts_of(usage) == TokenCounts(*expected)


def test_parts_never_exceed_their_wholes_and_the_column() -> None:
    huge = 10**30
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 5,
        "reasoning_tokens": huge,
        "cached_tokens": huge,
    }
    assert counts_of(usage) == TokenCounts(5, MAX_USAGE_TOKENS, MAX_USAGE_TOKENS, 5)
