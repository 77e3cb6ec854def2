"""The language of docstrings, and one meaning for each public class name."""

from __future__ import annotations

from chatproject.dev.bootstrap import ROOT
from tests.unit import language

# Percent of first sentences, from what admired code bases have: 0 to 2, 34 to 54, 0 to 1.
MOST_RELATIVE, LEAST_IMPERATIVE, MOST_VAGUE = 2.0, 35.0, 1.0


def test_docstrings_open_in_plain_english() -> None:
    figures = language.measure(ROOT)
    assert figures.relative <= MOST_RELATIVE
    assert figures.imperative >= LEAST_IMPERATIVE
    assert figures.vague <= MOST_VAGUE


def test_no_two_public_classes_share_a_name() -> None:
    assert language.homonyms(ROOT) == {}
