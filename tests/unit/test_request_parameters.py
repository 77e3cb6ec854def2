"""The parameters of one prompt beside those that the owner set for its model."""

from __future__ import annotations

from typing import Any

import pytest

from chat.llm.clients.base import ModelProfile, ModelRequest


@pytest.mark.parametrize(
    ("own", "asked", "sent"),
    [
        ({"temperature": 1}, {"temperature": 0.5}, {"temperature": 0.5}),
        ({"top_k": 5}, {"seed": 3}, {"top_k": 5, "seed": 3}),
        ({}, {"max_tokens": 50}, {"max_tokens": 50}),
        ({"max_tokens": 40}, {"max_tokens": 50}, {"max_tokens": 40}),
        ({"max_tokens": 60}, {"max_tokens": 50}, {"max_tokens": 50}),
        ({"max_completion_tokens": 60}, {"max_tokens": 50}, {"max_completion_tokens": 50}),
        ({"max_completion_tokens": 40}, {}, {"max_completion_tokens": 40}),
    ],
)
def test_a_prompt_goes_before_the_owner_within_the_owners_limit(
    own: dict[str, Any], asked: dict[str, Any], sent: dict[str, Any]
) -> None:
    profile = ModelProfile("m", "m", own)
    assert profile.fields_for(ModelRequest([], [], parameters=asked)) == sent
