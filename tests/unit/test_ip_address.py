"""Attempts are counted by an address that the client cannot choose."""

from __future__ import annotations

import dataclasses

import pytest
from django.test import RequestFactory

from chat.accounts.addresses import address_of, normalize
from chat.conf import settings


def seen(monkeypatch: pytest.MonkeyPatch, *, trusted: bool, **headers: str) -> str | None:
    monkeypatch.setattr(
        "chat.accounts.addresses.settings", dataclasses.replace(settings, trusted_proxy=trusted)
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


FORMS = [
    ("192.0.2.1", "192.0.2.1"),
    (" 192.0.2.1 ", "192.0.2.1"),
    ("192.0.2.1:51812", "192.0.2.1"),
    ("::ffff:192.0.2.1", "192.0.2.1"),
    ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
    ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
    ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
    ("[2001:db8:1:2::7]:443", "2001:db8:1:2::/64"),
    ("[2001:db8:1:2::7]", "2001:db8:1:2::/64"),
    ("2001:DB8:1:2::1%eth0", "2001:db8:1:2::/64"),
    ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
    ("::1", "::/64"),
    ("unknown", None),
    ("_hidden", None),
    ("192.0.2.1, 192.0.2.2", None),
    ("192.0.2.256", None),
    ("\0", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "counted"), FORMS)
def test_an_address_counts_without_port_and_as_a_network_of_ipv6(text: str, counted: str | None) -> None:
    assert normalize(text) == counted


def test_the_port_that_a_proxy_adds_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"X-Forwarded-For": "198.51.100.7, [2001:db8:1:2::7]:443"}
    assert seen(monkeypatch, trusted=True, **headers) == "2001:db8:1:2::/64"
