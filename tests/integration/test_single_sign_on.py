"""Single sign-on with a provider that can lie: accounts, groups, guests, and every refusal."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth.models import Group
from django.test import Client

from chat.accounts import suspension
from chat.models import SignInRecord, Thread, User
from chat.process import process
from chat.sign_in.visitors import WAITING_FOR_PROVIDER, ProviderRoom
from tests.fixtures.openid_provider import CLIENT_ID, OpenIdProvider
from tests.integration.sso_browser import CALLBACK, begin, sign_in

pytestmark = pytest.mark.django_db

NAMES = {"sub": "u1", "preferred_username": "ada"}


def user_of(browser: Client) -> User | None:
    key = browser.session.get("_auth_user_id")
    return User.objects.get(pk=key) if key else None


def groups_of(browser: Client) -> set[str]:
    user = user_of(browser)
    assert user is not None
    return set(user.groups.values_list("name", flat=True))


def test_the_page_for_signing_in_names_the_provider(provider: OpenIdProvider) -> None:
    assert "Log in with Example Ltd" in Client().get("/login/").text


def test_a_new_user_gets_an_account_without_a_password(provider: OpenIdProvider) -> None:
    browser = Client(headers={"user-agent": "Lynx"})
    answer = sign_in(browser, provider, next="/c/t1")
    assert (answer.status_code, answer["Location"]) == (302, "/c/t1")
    user = user_of(browser)
    assert user is not None
    assert (user.username, user.has_usable_password(), user.is_staff) == ("ada", False, False)
    record = SignInRecord.objects.get(user=user)
    assert (record.method, record.subject, record.provider_session) == ("socialaccount", "u1", "s1")
    assert (record.agent, record.session_key) == ("Lynx", browser.session.session_key)
    assert provider.refresh_tokens.isdisjoint({record.refresh_token})
    assert provider.forms[0]["code_verifier"]


def test_a_name_that_cannot_be_stored_keeps_nobody_out(provider: OpenIdProvider) -> None:
    browser = Client()
    provider.user |= {"given_name": "A\0da", "family_name": "\ud800"}
    assert sign_in(browser, provider).status_code == 302
    user = user_of(browser)
    assert user is not None
    assert (user.first_name, user.last_name) == ("A\ufffdda", "\ufffd")


def test_the_next_sign_in_finds_the_same_account(provider: OpenIdProvider) -> None:
    first, second = Client(), Client()
    sign_in(first, provider)
    provider.user["preferred_username"] = "renamed"
    sign_in(second, provider)
    assert user_of(first) == user_of(second)
    assert User.objects.count() == 1


def test_a_name_that_is_taken_is_replaced(provider: OpenIdProvider) -> None:
    taken = User.objects.create_user("ada", password="of ada alone")
    browser = Client()
    sign_in(browser, provider)
    assert user_of(browser) not in (None, taken)


def test_groups_follow_the_claim_at_each_sign_in(provider: OpenIdProvider) -> None:
    browser = Client()
    provider.user["groups"] = ["research", "unknown"]
    sign_in(browser, provider)
    user = user_of(browser)
    assert user is not None
    user.groups.add(Group.objects.create(name="by staff"))
    assert groups_of(browser) == {"research", "by staff"}
    provider.user["groups"] = "support"
    sign_in(browser, provider)
    assert groups_of(browser) == {"support", "by staff"}
    del provider.user["groups"]
    sign_in(browser, provider)
    assert groups_of(browser) == {"by staff"}


@pytest.mark.parametrize(
    "claim", [{"research": 1}, [["research"], 1, None], 7, ["Research", " research"]], ids=repr
)
def test_a_claim_of_groups_that_is_none_gives_none(provider: OpenIdProvider, claim: Any) -> None:
    browser = Client()
    provider.user["groups"] = claim
    sign_in(browser, provider)
    assert groups_of(browser) == set()


def test_ten_thousand_claimed_groups_give_those_that_the_settings_name(provider: OpenIdProvider) -> None:
    browser = Client()
    provider.user["groups"] = [f"g{number}" for number in range(10_000)] + ["support"]
    sign_in(browser, provider)
    assert groups_of(browser) == {"support"}
    assert Group.objects.count() == 1


OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another program"},
    "several audiences": {"aud": [CLIENT_ID, "another program"]},
    "an end that has passed": {"exp": 1},
    "no end": {"exp": None},
    "no subject": {"sub": None},
    "a subject that cannot be stored": {"sub": "u1\0"},
    "a long subject": {"sub": "u" * 256},
}


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_lies_opens_nothing(provider: OpenIdProvider, lie: str) -> None:
    provider.id_token = LIES[lie]
    assert_refused(provider)


def assert_refused(provider: OpenIdProvider) -> None:
    browser = Client()
    answer = sign_in(browser, provider)
    assert answer.status_code == 401
    assert "The sign-in did not work" in answer.text
    assert user_of(browser) is None
    assert not User.objects.exists()


TOKENS: dict[str, Any] = {
    "none": {"id_token": None},
    "no token": {"id_token": "x.y.z"},
    "unsigned": {"id_token": "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.eyJzdWIiOiJ1MSJ9."},
    "no access token": {"access_token": None},
    "a list": {"id_token": ["x"]},
}


@pytest.mark.parametrize("case", TOKENS)
def test_an_answer_without_a_usable_id_token_opens_nothing(provider: OpenIdProvider, case: str) -> None:
    provider.lying_tokens = TOKENS[case]
    assert_refused(provider)


def test_a_token_signed_by_another_key_opens_nothing(provider: OpenIdProvider) -> None:
    provider.lying_tokens = {"id_token": provider.token({**NAMES}, OTHER_KEY)}
    assert_refused(provider)


def test_data_of_another_user_open_nothing(provider: OpenIdProvider) -> None:
    provider.user_info = {"sub": "u2"}
    assert_refused(provider)


STEPS = ["/token", "/jwks", "/userinfo"]
FAULTS: dict[str, tuple[int, bytes] | None] = {
    "down": (503, b"away"),
    "no JSON": (200, b"<html>"),
    "another shape": (200, b"[1]"),
    "a redirect": (302, b""),
    "endless": (200, b" " * 1_000_000),
    "silent": None,
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_provider_that_fails_in_the_middle_opens_nothing(
    provider: OpenIdProvider, step: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if FAULTS[fault] is None:
        monkeypatch.setattr("chat.tools.mcp.oauth.http.REQUEST_SECONDS", 0.3)
    provider.answers[step] = FAULTS[fault]
    assert_refused(provider)


CONFIGURED: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://evil.example"},
    "a script": {"authorization_endpoint": "javascript:alert(1)"},
    "no https": {"authorization_endpoint": "http://evil.example/"},
    "no address": {"authorization_endpoint": None},
}


@pytest.mark.parametrize("case", CONFIGURED)
def test_a_configuration_that_lies_sends_nobody_away(provider: OpenIdProvider, case: str) -> None:
    provider.configured = CONFIGURED[case]
    answer = Client().post("/login/sso/")
    assert answer.status_code == 401
    assert "evil" not in answer.text
    assert "javascript" not in answer.text


def test_a_provider_that_is_down_leaves_the_password(provider: OpenIdProvider) -> None:
    provider.answers["/.well-known/openid-configuration"] = (500, b"")
    User.objects.create_user("bob", password="of bob alone")
    browser = Client()
    assert browser.post("/login/sso/").status_code == 401
    assert browser.post("/login/", {"login": "bob", "password": "of bob alone"}).status_code == 302


def test_an_answer_is_taken_once(provider: OpenIdProvider) -> None:
    browser = Client()
    answer = {"state": begin(browser), "code": provider.code()}
    assert browser.get(CALLBACK, answer).status_code == 302
    browser.logout()
    assert browser.get(CALLBACK, answer).status_code == 401
    again = {"state": begin(browser), "code": answer["code"]}
    assert browser.get(CALLBACK, again).status_code == 401
    assert user_of(browser) is None


def test_an_answer_to_another_browser_is_refused(provider: OpenIdProvider) -> None:
    victim = Client()
    answer = {"state": begin(Client()), "code": provider.code()}
    assert victim.get(CALLBACK, answer).status_code == 401
    assert user_of(victim) is None


@pytest.mark.parametrize(
    "query", [{}, {"error": "server_error"}, {"code": "x"}, {"state": "x", "code": "x"}], ids=str
)
def test_a_callback_that_nobody_waits_for_is_refused(provider: OpenIdProvider, query: dict[str, str]) -> None:
    assert Client().get(CALLBACK, query).status_code == 401


def test_an_unverified_address_takes_over_no_account(provider: OpenIdProvider) -> None:
    owner = User.objects.create_user("owner", "owner@example.org", "of the owner alone")
    provider.user |= {"email": "Owner@example.org", "email_verified": False}
    browser = Client()
    sign_in(browser, provider)
    made = user_of(browser)
    assert made not in (None, owner)
    assert made is not None
    assert made.email == ""


def test_a_verified_address_of_another_account_is_refused(provider: OpenIdProvider) -> None:
    User.objects.create_user("owner", "owner@example.org", "of the owner alone")
    provider.user |= {"email": "owner@example.org", "email_verified": True}
    browser = Client()
    answer = sign_in(browser, provider)
    assert answer.status_code == 409
    assert user_of(browser) is None
    assert User.objects.count() == 1


def test_an_address_that_somebody_named_and_never_confirmed_keeps_no_owner_out(
    provider: OpenIdProvider,
) -> None:
    stranger = User.objects.create_user("stranger", "ada@example.org", "of the stranger alone")
    EmailAddress.objects.create(user=stranger, email="ada@example.org", primary=True)
    provider.user |= {"email": "ada@example.org", "email_verified": True}
    browser = Client()
    sign_in(browser, provider)
    made = user_of(browser)
    assert made not in (None, stranger)
    assert made is not None
    assert made.email == EmailAddress.objects.get(user=made, verified=True).email == "ada@example.org"
    assert User.objects.get(pk=stranger.pk).email == ""


def test_a_verified_address_becomes_that_of_the_account(provider: OpenIdProvider) -> None:
    provider.user |= {"email": "ada@example.org", "email_verified": True}
    browser = Client()
    sign_in(browser, provider)
    assert User.objects.get().email == "ada@example.org"


def test_a_guest_s_chats_come_along(provider: OpenIdProvider, settings: Any) -> None:
    settings.CHAT_GUESTS = True
    for known in (False, True):
        browser = Client()
        browser.get("/")
        guest = user_of(browser)
        assert guest is not None
        assert guest.is_guest
        Thread.objects.create(owner=guest, public_id=f"t{known}")
        sign_in(browser, provider)
    account = user_of(browser)
    assert account is not None
    assert set(account.threads.values_list("public_id", flat=True)) == {"tFalse", "tTrue"}


def test_a_guest_whose_sign_in_fails_stays(provider: OpenIdProvider, settings: Any) -> None:
    settings.CHAT_GUESTS = True
    browser = Client()
    browser.get("/")
    guest = user_of(browser)
    provider.id_token = {"aud": "another program"}
    assert sign_in(browser, provider).status_code == 401
    assert user_of(browser) == guest


def test_a_suspended_user_stays_out(provider: OpenIdProvider) -> None:
    browser = Client()
    sign_in(browser, provider)
    suspension.suspend(User.objects.get().pk)
    again = Client()
    assert sign_in(again, provider)["Location"] == "/inactive/"
    assert user_of(again) is None


def test_single_sign_on_alone_takes_no_password(provider: OpenIdProvider, settings: Any) -> None:
    settings.CHAT_SSO_ONLY = settings.CHAT_SIGNUP = True
    User.objects.create_user("bob", password="of bob alone")
    browser = Client()
    page = browser.get("/login/").text
    assert 'type="password"' not in page
    assert "/signup/" not in page
    assert browser.get("/signup/").status_code == 404
    assert browser.post("/login/", {"login": "bob", "password": "of bob alone"}).status_code == 200
    assert user_of(browser) is None
    assert sign_in(browser, provider).status_code == 302


def test_without_a_provider_its_addresses_do_not_exist() -> None:
    assert Client().get("/login/sso/").status_code == 404
    assert Client().get(CALLBACK).status_code == 404
    assert "sso" not in Client().get("/login/").text


PASSWORD = "of bob alone"


def connect(browser: Client, provider: OpenIdProvider) -> Any:
    """Connect the account with the provider: the password is asked for first."""
    asked = sign_in(browser, provider, process="connect")
    assert asked["Location"] == "/reauthenticate/"
    return browser.post("/reauthenticate/", {"password": PASSWORD}, follow=True)


def test_an_account_is_connected_with_the_provider_and_opened_there(provider: OpenIdProvider) -> None:
    bob = User.objects.create_user("bob", "bob@example.org", PASSWORD)
    provider.user |= {"email": "bob@example.org", "email_verified": True}
    browser, elsewhere = Client(), Client()
    browser.post("/login/", {"login": "bob", "password": PASSWORD})
    assert "Connect with Example Ltd" in browser.get("/settings/").text
    connect(browser, provider)
    assert sign_in(elsewhere, provider).status_code == 302
    assert user_of(elsewhere) == bob


def test_an_identity_of_one_account_is_not_connected_with_another(provider: OpenIdProvider) -> None:
    sign_in(Client(), provider)
    User.objects.create_user("bob", password=PASSWORD)
    browser, elsewhere = Client(), Client()
    browser.post("/login/", {"login": "bob", "password": PASSWORD})
    assert 'role="alert"' in connect(browser, provider).text
    sign_in(elsewhere, provider)
    assert user_of(elsewhere) == User.objects.get(username="ada")


def test_a_link_connects_nothing(provider: OpenIdProvider) -> None:
    User.objects.create_user("bob", password=PASSWORD)
    browser = Client()
    browser.post("/login/", {"login": "bob", "password": PASSWORD})
    assert "0;url=" not in browser.get("/login/sso/", {"process": "connect"}).text


def test_pages_that_wait_for_the_provider_leave_room_for_others(provider: OpenIdProvider) -> None:
    room = process.part(ProviderRoom).free
    taken = [room.acquire(blocking=False) for _ in range(WAITING_FOR_PROVIDER)]
    try:
        assert all(taken)
        answer = Client().post("/login/sso/")
        assert (answer.status_code, "Retry-After" in answer) == (503, True)
        assert Client().post("/login/sso/logout/").status_code == 503
        assert Client().get("/login/").status_code == 200
    finally:
        for _ in taken:
            room.release()
    assert sign_in(Client(), provider).status_code == 302
