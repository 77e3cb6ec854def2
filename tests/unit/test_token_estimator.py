"""Tokens are estimated from characters, and the estimate follows what providers count."""

from __future__ import annotations

from chat.llm.token_estimator import INITIAL_CHARACTERS_PER_TOKEN, LEAST, MOST, TokenEstimator


def test_an_unknown_model_has_four_characters_a_token() -> None:
    assert TokenEstimator().characters("c1", 1_000) == 4_000
    assert TokenEstimator().tokens("c1", 4_001) == 1_001


def test_counts_of_a_provider_move_the_estimate_of_that_model_alone() -> None:
    learned = TokenEstimator()
    for _ in range(30):
        learned.observe("c1", characters=20_000, tokens=10_000)
    assert 2.0 <= learned.characters_per_token("c1") < 2.1
    assert learned.characters_per_token("openassistant") == INITIAL_CHARACTERS_PER_TOKEN


def test_a_count_that_cannot_be_true_moves_it_no_further_than_the_bounds() -> None:
    learned = TokenEstimator()
    for tokens in (1, 10**9):
        for _ in range(50):
            learned.observe("c1", characters=10_000, tokens=tokens)
        assert LEAST <= learned.characters_per_token("c1") <= MOST


def test_short_prompts_and_missing_counts_change_nothing() -> None:
    learned = TokenEstimator()
    learned.observe("c1", characters=100, tokens=90)
    learned.observe("c1", characters=10_000, tokens=0)
    assert learned.characters_per_token("c1") == INITIAL_CHARACTERS_PER_TOKEN
