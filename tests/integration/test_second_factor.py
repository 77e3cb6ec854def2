"""Second factors: an authenticator app, recovery codes, and what a password alone no longer opens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import reverse

from chat.models import SignInRecord, Thread, User

pytestmark = pytest.mark.django_db

PASSWORD = "of ada alone"
STEP = 30


def code_of(secret: str, later: int = 0) -> str:
    """Return the code of an app (RFC 6238), of a step that is `later`: one step is tolerated, and no code is taken twice."""
    counter = int(time.time()) // STEP + later
    digest = hmac.new(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def log_in(browser: Client) -> Any:
    return browser.post("/login/", {"login": "ada", "password": PASSWORD})


def is_in(browser: Client) -> bool:
    user = browser.session.get("_auth_user_id")
    return user is not None and not User.objects.get(pk=user).is_guest


def texts(page: str) -> list[str]:
    return re.findall(r"\b\d{8}\b", page)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD)


@pytest.fixture
def secret(ada: User) -> str:
    """Return the secret of an app that the user has set up on the pages."""
    browser = Client()
    log_in(browser)
    asked = browser.get("/2fa/app/")["Location"]
    assert asked.startswith("/reauthenticate/")
    assert browser.post(asked, {"password": PASSWORD})["Location"] == "/2fa/app/"
    found = re.search(r'value="([A-Z2-7]{32})"', browser.get("/2fa/app/").text)
    assert found
    assert browser.post("/2fa/app/", {"code": code_of(found[1])})["Location"] == "/2fa/codes/"
    return found[1]


def test_a_password_alone_opens_nothing_with_a_second_factor(secret: str) -> None:
    browser = Client()
    assert log_in(browser)["Location"] == "/2fa/authenticate/"
    assert not is_in(browser)
    assert browser.post("/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert not is_in(browser)
    assert browser.post("/2fa/authenticate/", {"code": code_of(secret, 1)}).status_code == 302
    assert is_in(browser)
    assert SignInRecord.objects.latest("pk").method == "password + totp"


ANSWERS = [
    '{"id": 1}',
    "[" * 100_000,
    '{"id": "a", "rawId": "a", "type": "public-key", "response": {}}',
    json.dumps(
        {
            "id": "YQ",
            "rawId": "YQ",
            "type": "public-key",
            "response": {
                "clientDataJSON": base64.urlsafe_b64encode(b"[" * 100_000).decode(),
                "userHandle": "MQ",
            },
        }
    ),
]


@pytest.mark.parametrize("answer", range(len(ANSWERS)))
def test_an_answer_that_no_key_gives_is_a_wrong_one(ada: User, answer: int) -> None:
    stranger, browser = Client(), Client()
    log_in(browser)
    for visitor, path in (
        (stranger, "/2fa/keys/login/"),
        (browser, "/2fa/keys/reauthenticate/"),
        (browser, "/2fa/keys/new/"),
    ):
        visitor.get(path)
        assert visitor.post(path, {"credential": ANSWERS[answer]}).status_code < 400
    assert not is_in(stranger)


def test_a_code_is_taken_once(secret: str) -> None:
    code = code_of(secret, 1)
    for expected in (302, 200):
        browser = Client()
        log_in(browser)
        assert browser.post("/2fa/authenticate/", {"code": code}).status_code == expected


def test_guesses_at_the_second_factor_are_bounded(secret: str) -> None:
    for _ in range(10):
        browser = Client()
        log_in(browser)
        browser.post("/2fa/authenticate/", {"code": "000000"})
    log_in(browser := Client())
    browser.post("/2fa/authenticate/", {"code": code_of(secret, 1)})
    assert not is_in(browser)


def test_a_recovery_code_opens_once(secret: str, ada: User) -> None:
    browser = Client()
    log_in(browser)
    browser.post("/2fa/authenticate/", {"code": code_of(secret, 1)})
    browser.post("/reauthenticate/?next=/2fa/codes/", {"password": PASSWORD})
    codes = texts(browser.get("/2fa/codes/").text)
    assert len(codes) == 10
    for expected in (True, False):
        lost = Client()
        log_in(lost)
        lost.post("/2fa/authenticate/", {"code": codes[0]})
        assert is_in(lost) is expected


def test_secrets_are_stored_encrypted_and_useless_under_another_key(secret: str, settings: Any) -> None:
    app = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in str(app.data)
    settings.SECRET_KEY = "another"
    browser = Client()
    log_in(browser)
    assert browser.post("/2fa/authenticate/", {"code": code_of(secret, 1)}).status_code == 200
    assert not is_in(browser)


def test_a_guest_s_chats_move_after_the_second_factor_alone(secret: str, ada: User, settings: Any) -> None:
    settings.CHAT_GUESTS = True
    browser = Client()
    browser.get("/")
    Thread.objects.create(owner_id=browser.session["_auth_user_id"], public_id="t")
    log_in(browser)
    assert not ada.threads.exists()
    browser.post("/2fa/authenticate/", {"code": code_of(secret, 1)})
    assert is_in(browser)
    assert ada.threads.get().public_id == "t"
    assert SignInRecord.objects.latest("pk").method == "password + totp"


def test_a_guest_who_leaves_the_second_factor_stays_a_guest(secret: str, settings: Any) -> None:
    settings.CHAT_GUESTS = True
    browser = Client()
    browser.get("/")
    guest = browser.session["_auth_user_id"]
    log_in(browser)
    assert browser.post("/logout/", {"next": "/login/"})["Location"] == "/login/"
    assert browser.session["_auth_user_id"] == guest
    assert browser.get("/login/").status_code == 200


def test_the_app_is_removed_after_the_password_alone(secret: str) -> None:
    browser = Client()
    log_in(browser)
    browser.post("/2fa/authenticate/", {"code": code_of(secret, 1)})
    assert browser.post("/2fa/app/remove/")["Location"].startswith("/reauthenticate/")
    browser.post("/reauthenticate/?next=/2fa/", {"password": PASSWORD})
    assert browser.post("/2fa/app/remove/").status_code == 302
    assert log_in(Client())["Location"] == "/"


def remove_factors(client: Client, user: User) -> int:
    """Press the button on the user's page in the admin; return the answer's status."""
    address = reverse("admin:chat_user_remove-factors", args=[user.pk])
    return client.post(address, {"reason": "lost, seen in person"}).status_code


def test_staff_remove_lost_factors_and_the_user_is_told_by_mail_in_their_language(
    secret: str, ada: User, staff: Any, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.CHAT_PUBLIC_URL = "chat@example.org", "https://chat.example.org/"
    User.objects.filter(pk=ada.pk).update(email="ada@example.org", language="de")
    helper = staff("view_user", "remove_second_factors")
    with django_capture_on_commit_callbacks(execute=True):
        assert remove_factors(helper, ada) == 302
    [sent] = mail.outbox
    assert (sent.to, "zweiten Faktoren" in sent.subject) == (["ada@example.org"], True)
    assert "https://chat.example.org/2fa/" in str(sent.body)
    assert log_in(browser := Client())["Location"] == "/"
    assert is_in(browser)
    assert not Authenticator.objects.exists()


def test_factors_are_removed_without_mail_and_once(secret: str, ada: User, staff: Any) -> None:
    helper = staff("view_user", "remove_second_factors")
    assert [remove_factors(helper, ada) for _ in range(2)] == [302, 403]
    assert mail.outbox == []


def test_the_factors_of_staff_are_removed_by_superusers_alone(
    secret: str, ada: User, staff: Any, admin: Client
) -> None:
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    helper = staff("view_user", "remove_second_factors")
    assert [remove_factors(one, ada) for one in (helper, admin)] == [403, 302]


def test_the_admin_shows_no_table_of_factors(admin: Client) -> None:
    assert admin.get("/admin/mfa/authenticator/").status_code == 404
    assert "Authenticators" not in admin.get("/admin/chat/user/").text


PAGES = ["/2fa/", "/2fa/app/", "/2fa/codes/", "/2fa/keys/", "/2fa/keys/new/", "/sessions/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_visitor_and_a_guest_are_sent_to_the_login(path: str, settings: Any) -> None:
    settings.CHAT_GUESTS = True
    guest = Client()
    guest.get("/")
    for browser in (Client(), guest):
        assert browser.get(path)["Location"].startswith("/login/")


@pytest.mark.parametrize("path", [*PAGES, "/password/", "/reauthenticate/", "/settings/"])
@pytest.mark.parametrize("tag", ["en", "de", "ar"])
def test_each_page_is_drawn_in_the_site_s_frame(ada: User, path: str, tag: str) -> None:
    browser = Client(headers={"accept-language": tag})
    log_in(browser)
    browser.post("/reauthenticate/?next=/2fa/", {"password": PASSWORD})
    page = browser.get(path, follow=True).text
    assert f'<html lang="{tag}"' in page
    assert '<main class="card' in page
    assert "<h1>" in page
