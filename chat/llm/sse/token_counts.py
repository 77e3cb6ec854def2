"""Token counts of a provider, under all names in use."""

from __future__ import annotations

from typing import Any

from chat.llm.sse.updates import TokenCounts

# The largest value of the database's integer column.
MAX_USAGE_TOKENS = 2**31 - 1
# Digits of a count in text; more are beyond that.
MAX_DIGITS = 10

# The names are compared without their underscores and capitals.
# OpenAI's names, those of its Responses and of Anthropic (mlx-vlm has them, too), Amazon's, the AI SDK's, Google's, Ollama's.
# Together's and others' with `num`, and the bare words.
PROMPT_NAMES = (
    "prompttokens",
    "inputtokens",
    "prompttokencount",
    "inputtokencount",
    "promptevalcount",
    "numprompttokens",
    "numinputtokens",
    "prompt",
    "input",
)
COMPLETION_NAMES = (
    "completiontokens",
    "outputtokens",
    "candidatestokencount",
    "outputtokencount",
    "generatedtokencount",
    "evalcount",
    "numcompletiontokens",
    "numoutputtokens",
    "completion",
    "output",
)
# Those of OpenAI, of its Responses, Google and xAI; DeepSeek, Moonshot, Anthropic, Google and the AI SDK.
REASONING_NAMES = ("reasoningtokens", "thoughtstokencount", "thinkingtokens")
CACHED_NAMES = (
    "cachedtokens",
    "promptcachehittokens",
    "cachereadinputtokens",
    "cachedinputtokens",
    "cachedcontenttokencount",
)
# The objects that hold those two beside the totals.
COMPLETION_DETAILS = ("completiontokensdetails", "outputtokensdetails")
PROMPT_DETAILS = ("prompttokensdetails", "inputtokensdetails")
# Anthropic's and Amazon's; their input leaves these out.
UNCOUNTED_CACHE_NAMES = (
    ("cachereadinputtokens",),
    ("cachecreationinputtokens", "cachewriteinputtokens"),
)
TOTAL_NAMES = ("totaltokens", "totaltokencount")


def counts_of(usage: Any) -> TokenCounts | None:
    """Return the counts of a usage object; None where one of them is unknown, or the prompt has none."""
    if not isinstance(usage, dict):
        return None
    # Cohere's stand in objects of their own, by tokens and by units billed.
    places = (usage, *(value for value in usage.values() if isinstance(value, dict)))
    return next(filter(None, map(_counts, map(_folded, places))), None)


def _counts(usage: dict[str, Any]) -> TokenCounts | None:
    prompt, completion = _count(usage, PROMPT_NAMES), _count(usage, COMPLETION_NAMES)
    total = _count(usage, TOTAL_NAMES)
    if total is not None:
        prompt = max(0, total - completion) if prompt is None and completion is not None else prompt
        completion = max(0, total - prompt) if completion is None and prompt is not None else completion
    if prompt is None or completion is None:
        return None
    prompt += _uncounted_cache(usage)
    if prompt == 0:
        return None  # no prompt is empty: such a server does not count it
    reasoning = _part(usage, COMPLETION_DETAILS, REASONING_NAMES)
    if _is_apart(reasoning or 0, prompt, completion, total):
        completion += reasoning or 0
    cached = _part(usage, PROMPT_DETAILS, CACHED_NAMES)
    prompt, completion = min(prompt, MAX_USAGE_TOKENS), min(completion, MAX_USAGE_TOKENS)
    return TokenCounts(prompt, completion, _within(reasoning, completion), _within(cached, prompt))


def _folded(usage: dict[str, Any]) -> dict[str, Any]:
    """Return the counts by their names without underscores and capitals."""
    return {name.replace("_", "").lower(): value for name, value in usage.items()}


def _is_apart(reasoning: int, prompt: int, completion: int, total: int | None) -> bool:
    """Return whether the completion leaves the reasoning out, as xAI's and Google's do."""
    return reasoning > completion or (
        reasoning > 0 and total is not None and total >= prompt + completion + reasoning
    )


def _uncounted_cache(usage: dict[str, Any]) -> int:
    """Return the tokens that Anthropic and Amazon count beside those of the input: read from the cache, and written to it."""
    if "prompttokens" in usage:
        return 0  # in OpenAI's form the prompt holds them
    return sum(_count(usage, names) or 0 for names in UNCOUNTED_CACHE_NAMES)


def _part(usage: dict[str, Any], details: tuple[str, ...], names: tuple[str, ...]) -> int | None:
    """Return a count that is part of another, from the details or beside it."""
    places = (*(usage.get(name) for name in details), usage)
    counts = (_count(_folded(place), names) for place in places if isinstance(place, dict))
    return next((count for count in counts if count is not None), None)


def _within(part: int | None, whole: int) -> int | None:
    return None if part is None else min(part, whole)


def _count(usage: dict[str, Any], names: tuple[str, ...]) -> int | None:
    """Return the first whole number under one of these names, within the bounds of the database."""
    counts = (_whole(usage.get(name)) for name in names)
    first = next((count for count in counts if count is not None), None)
    return None if first is None else max(0, min(first, MAX_USAGE_TOKENS))


def _whole(count: object) -> int | None:
    """Return a whole number, which may be written as a float or in text."""
    if isinstance(count, float):
        return int(count) if count.is_integer() else None
    if isinstance(count, str):
        return int(count) if count.isdecimal() and len(count) <= MAX_DIGITS else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None
