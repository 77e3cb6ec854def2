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

from chat.accounts import identity, sign_ins
from chat.accounts.identity import Credentials
from chat.accounts.single_sign_on import removal, sessions
from chat.exceptions import Unauthenticated
from chat.models import ApiToken, SignInRecord, User
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


async def run_here(function: Any, *args: Any) -> Any:
    return await sync_to_async(function)(*args)


def check_all(monkeypatch: pytest.MonkeyPatch) -> int:
    """Make every session due, and check it in the test's own transaction."""

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
    "a user that cannot be stored": {"sub": "u1\0"},
    "half a character": {"sub": "\ud800", "sid": "s1"},
    "a session that cannot be stored": {"sid": "s1\0"},
    "an id that cannot be stored": {"jti": "\ud800"},
    "a long id": {"jti": "x" * 256},
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


# API tokens of accounts that the provider ends


def issue(name: str = "ada") -> str:
    return ApiToken.issue(User.objects.get(username=name), "program")


def refusal_of(token: str) -> str:
    """Return why a token is refused, empty where it counts."""
    try:
        identity.identify(Credentials(token, None))
    except Unauthenticated as refusal:
        return refusal.detail
    return ""


def test_tokens_are_refused_once_the_provider_has_removed_their_user_until_the_next_sign_in(
    provider: OpenIdProvider, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issue()
    provider.refresh_tokens.clear()
    check_all(monkeypatch)
    assert "after the next sign-in" in refusal_of(token)
    sign_in(browser, provider)
    assert refusal_of(token) == ""


def test_an_account_without_an_open_session_is_checked_while_it_has_tokens(
    provider: OpenIdProvider, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issue()
    for _ in range(2):
        sign_in(browser, provider)
        browser.logout()
    assert check_all(monkeypatch) == check_all(monkeypatch) == 1
    assert refusal_of(token) == ""
    SignInRecord.objects.update(at=timezone.now() - sign_ins.KEPT - timedelta(1))
    assert sign_ins.delete_expired() == 2
    provider.refresh_tokens.clear()
    check_all(monkeypatch)
    assert refusal_of(token)


def test_without_session_and_token_nothing_is_checked_and_no_refresh_token_is_kept(
    provider: OpenIdProvider, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.logout()
    assert check_all(monkeypatch) == 0
    assert SignInRecord.objects.get().refresh_token == ""
    assert len(provider.forms) == 1


def test_a_session_that_ended_at_the_provider_leaves_tokens_that_another_one_vouches_for(
    provider: OpenIdProvider, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, second = issue(), Client()
    [first] = provider.refresh_tokens
    sign_in(second, provider)
    provider.refresh_tokens.discard(first)
    assert check_all(monkeypatch) == 2
    assert (is_in(browser), is_in(second), refusal_of(token)) == (False, True, "")


def test_a_refusal_has_the_other_sign_ins_of_the_account_checked_at_once(
    provider: OpenIdProvider, browser: Client
) -> None:
    token, second = issue(), Client()
    sign_in(second, provider)
    provider.refresh_tokens.clear()
    first, last = SignInRecord.objects.order_by("pk")
    removal.end_refused(first)
    assert refusal_of(token) == ""
    [due] = sessions._take()
    assert due == last
    removal.end_refused(due)
    assert refusal_of(token)
    assert not is_in(second)


def test_a_sign_in_under_check_is_not_taken_by_a_refusal(provider: OpenIdProvider, browser: Client) -> None:
    sign_in(Client(), provider)
    first, _last = SignInRecord.objects.order_by("pk")
    SignInRecord.objects.update(refresh_at=timezone.now() - timedelta(1))
    assert len(sessions._take()) == 2
    removal.end_refused(first)
    assert sessions._take() == []


# Claims of a log-out, whether the provider still knows the user (None: it gave no token to ask with), and the tokens' end.
LOGOUTS = [
    ({"sid": "s1"}, True, False),
    ({"sid": "s1"}, False, True),
    ({"sid": "s1"}, None, False),
    ({}, True, False),
    ({}, False, True),
    ({}, None, True),
]


@pytest.mark.parametrize(("claims", "known", "refused"), LOGOUTS)
def test_after_a_log_out_at_the_provider_tokens_count_while_it_knows_their_user(
    provider: OpenIdProvider,
    browser: Client,
    monkeypatch: pytest.MonkeyPatch,
    claims: Any,
    known: bool | None,
    refused: bool,
) -> None:
    token = issue()
    if known is None:
        SignInRecord.objects.update(refresh_token="", refresh_at=None)
    elif not known:
        provider.refresh_tokens.clear()
    Client().post(LOGOUT, {"logout_token": provider.logout_token(**claims)})
    monkeypatch.setattr("chat.accounts.single_sign_on.sessions.db.atomic_async", run_here)
    async_to_sync(sessions.check_due)()
    assert (is_in(browser), bool(refusal_of(token))) == (False, refused)


def test_an_account_with_a_password_of_its_own_keeps_its_tokens(
    provider: OpenIdProvider, browser: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    token, user = issue(), User.objects.get()
    user.set_password("of ada alone")
    user.save()
    for alone, refused in ((False, False), (True, True)):
        settings.CHAT_SSO_ONLY = alone
        sign_in(browser, provider)
        provider.refresh_tokens.clear()
        check_all(monkeypatch)
        assert bool(refusal_of(token)) is refused
