"""A bound on how often a server causes something."""

from __future__ import annotations

import time

import pytest

from chat.tools.mcp.pace import Pace


def test_so_many_events_happen_at_once_and_further_ones_when_the_first_is_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    bound = Pace(2, 10.0)
    assert [bound.pause() for _ in range(5)] == [0, 0, 10, 10, 20]
    now = 200.0
    assert bound.pause() == 0
