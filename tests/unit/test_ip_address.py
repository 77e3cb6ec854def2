"""Attempts are counted by an address that the client cannot choose."""

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


def test_without_a_proxy_the_forwarded_header_is_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9"}
    assert seen(monkeypatch, trusted=False, **forged) == "192.0.2.1"


def test_behind_a_trusted_proxy_the_last_forwarded_address_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    assert seen(monkeypatch, trusted=True, **headers) == "203.0.113.9"


def test_the_address_of_a_silent_proxy_is_never_taken_for_the_clients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert seen(monkeypatch, trusted=True) is None
