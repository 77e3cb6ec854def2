"""Sessions and devices, the record of sign-ins, and the way back for who forgot the password."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from chat.models import SignInRecord, User

pytestmark = pytest.mark.django_db

PASSWORD, NEW = "of ada alone", "another good one"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", "ada@example.org", PASSWORD)


def signed_in(agent: str, password: str = PASSWORD) -> Client:
    browser = Client(headers={"user-agent": agent})
    browser.post("/login/", {"login": "ada", "password": password})
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/sessions/").status_code == 200


def test_sessions_are_listed_with_their_device_and_ended_one_by_one(ada: User) -> None:
    here, there = signed_in("Firefox"), signed_in("Lynx <b>")
    page = here.get("/sessions/").text
    assert "Lynx &lt;b&gt;" in page
    assert str(there.session.session_key) not in page
    assert page.count("This browser") == 1
    key = SignInRecord.objects.get(session_key=there.session.session_key).pk
    here.post("/sessions/", {"session": key})
    assert (is_in(here), is_in(there)) == (True, False)
    assert "Lynx" not in here.get("/sessions/").text.partition("Latest sign-ins")[0]


LIKE_ALL = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0 Safari/537.36"
AGENTS = [
    (LIKE_ALL.format("X11; Linux x86_64"), "Chrome · Linux"),
    (LIKE_ALL.format("Windows NT 10.0; Win64; x64") + " Edg/147.0", "Edge · Windows"),
    ("Mozilla/5.0 (Linux; Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox · Android"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari · iPhone"),
    ("curl/8.0", "curl/8.0"),
]


@pytest.mark.parametrize(("agent", "device"), AGENTS)
def test_a_device_is_named_by_its_browser_and_system(agent: str, device: str) -> None:
    assert SignInRecord(agent=agent).device == device


@pytest.mark.parametrize("session", ["", "x", "0", "9" * 30, "\0"])
def test_a_session_that_is_none_ends_nothing(ada: User, session: str) -> None:
    browser = signed_in("Firefox")
    assert browser.post("/sessions/", {"session": session}).status_code == 302
    assert is_in(browser)


def test_nobody_ends_the_session_of_another_user(ada: User) -> None:
    hers = signed_in("Firefox")
    User.objects.create_user("eve", password=PASSWORD)
    eve = Client()
    eve.post("/login/", {"login": "eve", "password": PASSWORD})
    eve.post("/sessions/", {"session": SignInRecord.objects.get(user=ada).pk})
    assert is_in(hers)


def test_a_user_logs_out_everywhere(ada: User) -> None:
    here, there = signed_in("Firefox"), signed_in("Lynx")
    here.post("/sessions/", {"do": "end-all"})
    assert (is_in(here), is_in(there)) == (False, False)


def test_a_changed_password_keeps_this_session_in_the_list_alone(ada: User) -> None:
    here, there = signed_in("Firefox"), signed_in("Lynx")
    here.post("/password/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    listed = here.get("/sessions/").text.partition("Latest sign-ins")[0]
    assert ("Firefox" in listed, "Lynx" in listed, is_in(there)) == (True, False, False)


def test_failed_attempts_are_recorded_for_users_and_staff(ada: User, admin: Client) -> None:
    Client(headers={"user-agent": "Lynx"}).post("/login/", {"login": "ada", "password": "wrong"})
    Client().post("/login/", {"login": "nobody", "password": "wrong"})
    record = SignInRecord.objects.get()
    assert (record.user, record.succeeded, record.agent) == (ada, False, "Lynx")
    assert "A failed attempt" in signed_in("Firefox").get("/sessions/").text
    listed = admin.get("/admin/chat/signinrecord/", {"q": "ada"}).text
    assert "failed" in listed
    assert admin.get(f"/admin/chat/signinrecord/{record.pk}/change/").status_code == 200
    link = f"/admin/chat/signinrecord/?user__id__exact={ada.pk}"
    assert link in admin.get(f"/admin/chat/user/{ada.pk}/change/").text
    assert admin.get(link).status_code == 200
    session = SignInRecord.objects.exclude(session_key="").latest("pk")
    assert session.session_key not in admin.get(f"/admin/chat/signinrecord/{session.pk}/change/").text


@pytest.fixture
def mails(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.CHAT_PUBLIC_URL = "chat@example.org", "https://chat.example.org/"


def test_who_forgot_the_password_gets_a_link_that_works_once(ada: User, mails: None) -> None:
    old, browser = signed_in("Firefox"), Client()
    assert "/password/reset/" in browser.get("/login/").text
    assert (
        browser.post("/password/reset/", {"email": "Ada@example.org"})["Location"] == "/password/reset/sent/"
    )
    [sent] = mail.outbox
    assert (sent.to, sent.from_email) == (["ada@example.org"], "chat@example.org")
    found = re.search(r"https://chat\.example\.org(/password/reset/\S+)", str(sent.body))
    assert found
    form = browser.get(found[1])["Location"]
    assert browser.post(form, {"password1": NEW, "password2": NEW}).status_code == 302
    assert not is_in(old)
    assert is_in(signed_in("Firefox", NEW))
    assert Client().get(found[1]).status_code == 200
    assert "password1" not in Client().get(found[1], follow=True).text


def test_no_mail_goes_to_unknown_addresses_nor_to_accounts_of_the_provider(mails: None) -> None:
    User.objects.create(username="bob", email="bob@example.org", password="!unusable")
    for address in ("bob@example.org", "nobody@example.org"):
        answer = Client().post("/password/reset/", {"email": address})
        assert answer["Location"] == "/password/reset/sent/"
    assert mail.outbox == []


def test_without_a_mail_server_there_is_no_way_back_by_mail(ada: User) -> None:
    browser = signed_in("Firefox")
    for path in ("/password/reset/", "/email/", "/email/sent/", "/email/x/", "/password/reset/1-x-y/"):
        assert browser.get(path).status_code == 404
    assert "/password/reset/" not in Client().get("/login/").text
