"""The end of single sign-on: checks of sessions at the provider, and its back-channel logout."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.utils import timezone

from chat.accounts import sign_ins
from chat.accounts.single_sign_on import sessions
from chat.models import SignInRecord
from tests.fixtures.openid_provider import LOGOUT_EVENT, OpenIdProvider
from tests.integration.sso_browser import sign_in

pytestmark = pytest.mark.django_db

LOGOUT = "/login/sso/logout/"


@pytest.fixture
def browser(provider: OpenIdProvider) -> Client:
    """Provide a browser that has signed in at the provider."""
    made = Client()
    assert sign_in(made, provider).status_code == 302
    return made


def is_in(browser: Client) -> bool:
    return browser.get("/password/").status_code == 302 and browser.get("/settings/").status_code == 200


def check_all(monkeypatch: pytest.MonkeyPatch) -> int:
    """Make every session due, and check it in the test's own transaction."""

    async def run_here(function: Any, *args: Any) -> Any:
        return await sync_to_async(function)(*args)

    monkeypatch.setattr("chat.accounts.single_sign_on.sessions.db.atomic_async", run_here)
    SignInRecord.objects.exclude(refresh_at=None).update(refresh_at=timezone.now() - timedelta(1))
    return async_to_sync(sessions.check_due)()


def test_a_user_who_is_removed_is_out_at_the_next_check(
    provider: OpenIdProvider, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_all(monkeypatch) == 1
    assert is_in(browser)
    provider.refresh_tokens.clear()
    assert check_all(monkeypatch) == 1
    assert not is_in(browser)
    assert check_all(monkeypatch) == 0
    assert SignInRecord.objects.get().refresh_token == ""


def test_each_check_uses_the_newest_token_and_none_is_stored_in_clear(
    provider: OpenIdProvider, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        check_all(monkeypatch)
        [token] = provider.refresh_tokens
        assert token not in SignInRecord.objects.get().refresh_token
    assert len({form["refresh_token"] for form in provider.forms[1:]}) == 3
    assert is_in(browser)


@pytest.mark.parametrize(
    "fault", [(500, b""), (429, b"{}"), (200, b"[]"), (400, b'{"error": "invalid_client"}')], ids=str
)
def test_a_provider_in_trouble_ends_no_session(
    provider: OpenIdProvider, browser: Client, monkeypatch: pytest.MonkeyPatch, fault: tuple[int, bytes]
) -> None:
    provider.answers["/token"] = fault
    assert check_all(monkeypatch) == 1
    assert is_in(browser)
    del provider.answers["/token"]
    assert check_all(monkeypatch) == 1
    assert is_in(browser)


def test_a_session_under_check_is_not_taken_twice(browser: Client) -> None:
    SignInRecord.objects.update(refresh_at=timezone.now() - timedelta(1))
    assert len(sessions._take()) == 1
    assert sessions._take() == []


@pytest.mark.parametrize("claims", [{}, {"sid": "s1"}, {"sid": "s1", "sub": None}], ids=str)
def test_a_back_channel_logout_ends_the_session(
    provider: OpenIdProvider, browser: Client, claims: Any
) -> None:
    other = Client()
    provider.user |= {"sub": "u2", "sid": "s2", "preferred_username": "bob"}
    sign_in(other, provider)
    provider.user["sub"] = "u1"
    answer = Client().post(LOGOUT, {"logout_token": provider.logout_token(**claims)})
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
    assert not is_in(browser)
    assert is_in(other)


def test_a_logout_of_one_session_leaves_the_others_of_its_user(
    provider: OpenIdProvider, browser: Client
) -> None:
    second = Client()
    provider.user["sid"] = "s2"
    sign_in(second, provider)
    assert Client().post(LOGOUT, {"logout_token": provider.logout_token(sid="s2")}).status_code == 200
    assert (is_in(browser), is_in(second)) == (True, False)


BAD: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another program"},
    "passed": {"exp": 1},
    "no end": {"exp": None},
    "a year": {"exp": int(time.time()) + 366 * 86_400},
    "no id": {"jti": None},
    "no event": {"events": None},
    "another event": {"events": {"x": {}}},
    "an event that is none": {"events": {LOGOUT_EVENT: True}},
    "a nonce": {"nonce": "n"},
    "nobody": {"sub": None},
}


@pytest.mark.parametrize("case", BAD)
def test_a_logout_token_that_is_none_ends_nothing(
    provider: OpenIdProvider, browser: Client, case: str
) -> None:
    answer = Client().post(LOGOUT, {"logout_token": provider.logout_token(**BAD[case])})
    assert answer.status_code == 400
    assert is_in(browser)


def test_an_id_token_or_a_forged_token_ends_nothing(provider: OpenIdProvider, browser: Client) -> None:
    forged = provider.token(
        {"sub": "u1", "jti": "j", "events": {LOGOUT_EVENT: {}}}, ec.generate_private_key(ec.SECP256R1())
    )
    for token in (provider.token({"sub": "u1"}), forged, "", "x.y.z", "\0"):
        assert Client().post(LOGOUT, {"logout_token": token}).status_code == 400
    assert Client().get(LOGOUT).status_code == 405
    assert is_in(browser)


def test_a_logout_token_counts_once(provider: OpenIdProvider, browser: Client) -> None:
    token = provider.logout_token()
    assert Client().post(LOGOUT, {"logout_token": token}).status_code == 200
    sign_in(browser, provider)
    assert Client().post(LOGOUT, {"logout_token": token}).status_code == 400
    assert is_in(browser)


def test_old_sign_ins_are_forgotten_once_their_session_has_ended(browser: Client) -> None:
    SignInRecord.objects.update(at=timezone.now() - sign_ins.KEPT - timedelta(1))
    assert sign_ins.delete_expired() == 0
    browser.logout()
    assert sign_ins.delete_expired() == 1
