"""By which address tries are counted: one that a client cannot choose."""

from __future__ import annotations

import dataclasses

import pytest
from django.test import RequestFactory

from chat.accounts.identity import address_of
from chat.conf import settings


def seen(monkeypatch: pytest.MonkeyPatch, *, trusted: bool, **headers: str) -> str | None:
    monkeypatch.setattr(
        "chat.accounts.identity.settings", dataclasses.replace(settings, trusted_proxy=trusted)
    )
    return address_of(RequestFactory(headers=headers).get("/login/", REMOTE_ADDR="192.0.2.1"))


def test_without_a_proxy_it_is_the_connections_whatever_a_header_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9"}
    assert seen(monkeypatch, trusted=False, **forged) == "192.0.2.1"


def test_behind_a_trusted_proxy_it_is_what_that_one_added_last(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    assert seen(monkeypatch, trusted=True, **told) == "203.0.113.9"


def test_a_proxy_that_tells_nothing_is_not_taken_for_the_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(monkeypatch, trusted=True) is None
