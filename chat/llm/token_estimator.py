"""How many characters a model takes for a token: guessed at first, then learned from what its provider counts."""

from __future__ import annotations

INITIAL_CHARACTERS_PER_TOKEN = 4.0  # characters a token, of English prose
LEAST, MOST = (
    1.0,
    8.0,
)  # Chinese has hardly more than one, white space hardly more than eight: beyond, a count is wrong
WEIGHT = 0.2  # of a new count: five answers outweigh the guess, one odd prompt does not
MIN_CHARACTERS = 400  # below, the tokens that frame each message distort the count


class TokenEstimator:
    """What this process has learned, by the model's configured name."""

    def __init__(self) -> None:
        self._ratios: dict[str, float] = {}

    def characters_per_token(self, model: str) -> float:
        return self._ratios.get(model, INITIAL_CHARACTERS_PER_TOKEN)

    def characters(self, model: str, tokens: int) -> int:
        """How long a history of so many tokens is."""
        return int(tokens * self.characters_per_token(model))

    def tokens(self, model: str, characters: int) -> int:
        """How many tokens a text is, by our estimate; rounded up."""
        return int(-(-characters // self.characters_per_token(model)))

    def observe(self, model: str, characters: int, tokens: int) -> None:
        """Take in that the provider counted so many tokens in a prompt of so many characters."""
        if characters < MIN_CHARACTERS or tokens <= 0:
            return
        counted = min(MOST, max(LEAST, characters / tokens))
        known = self.characters_per_token(model)
        self._ratios[model] = known + WEIGHT * (counted - known)


token_estimator = TokenEstimator()
