"""Estimates of tokens from characters: a constant at first, then learned from the counts of each model's provider."""

from __future__ import annotations

# Characters per token of English prose.
INITIAL_CHARACTERS_PER_TOKEN = 4.0
# Characters per token: Chinese has hardly more than one, white space hardly more than eight; counts beyond are wrong.
LEAST, MOST = 1.0, 8.0
# The share of a new count: five answers outweigh the initial value, one odd prompt does not.
WEIGHT = 0.2
# Characters; below, the tokens that frame each message distort the count.
MIN_CHARACTERS = 400


class TokenEstimator:
    """The ratios that this process has learned, by the model's configured name."""

    def __init__(self) -> None:
        self._ratios: dict[str, float] = {}

    def characters_per_token(self, model: str) -> float:
        return self._ratios.get(model, INITIAL_CHARACTERS_PER_TOKEN)

    def characters(self, model: str, tokens: int) -> int:
        """Return the length of a history of that many tokens."""
        return int(tokens * self.characters_per_token(model))

    def tokens(self, model: str, characters: int) -> int:
        """Return the estimated tokens of a text, rounded up."""
        return int(-(-characters // self.characters_per_token(model)))

    def observe(self, model: str, characters: int, tokens: int) -> None:
        """Learn from a prompt of that many characters in which the provider counted that many tokens."""
        if characters < MIN_CHARACTERS or tokens <= 0:
            return
        counted = min(MOST, max(LEAST, characters / tokens))
        known = self.characters_per_token(model)
        self._ratios[model] = known + WEIGHT * (counted - known)
