"""The pages and mails for signing in, in each language: no text of another one is left."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import allauth
import pytest
from allauth.account.adapter import get_adapter
from django.core import mail
from django.test import Client, RequestFactory
from django.utils import translation

from chat.models import User
from tests.fixtures.page_texts import texts_of
from tests.integration.test_second_factor import PASSWORD, code_of
from tests.unit.allauth_texts import SHOWN
from tests.unit.test_translations import FAMILIAR

pytestmark = pytest.mark.django_db

# Names, and words that are alike.
ALIKE = {
    "de": {
        "ada",
        "ada@example.org",
        "Passkey",
        "Name",
        "Chats",
        "Code",
        "Export",
        "delete",
        "Token",
        "testserver",
        "Authenticator-App",
    },
    "ar": {"ada", "ada@example.org", "delete", "testserver"},
}
OPEN = [
    "/login/",
    "/signup/",
    "/password/reset/",
    "/password/reset/sent/",
    "/password/reset/done/",
    "/inactive/",
]
OPEN += [
    "/password/reset/1-x-y/",
    "/login/cancelled/",
    "/email/none/",
    "/login/sso/callback/?error=x",
    "/email/sent/",
]
OWN = [
    "/settings/",
    "/password/",
    "/sessions/",
    "/2fa/",
    "/2fa/codes/",
    "/2fa/codes/new/",
    "/2fa/keys/",
    "/2fa/keys/new/",
]
OWN += ["/2fa/app/remove/", "/reauthenticate/", "/2fa/reauthenticate/", "/email/", "/logout/"]
# Forms that are sent with mistakes.
WRONG: list[tuple[str, dict[str, str]]] = [
    ("/login/", {"login": "ada", "password": "wrong"}),
    ("/signup/", {"username": "guest-x", "email": "x", "password1": "short", "password2": "other"}),
    (
        "/signup/",
        {"username": "ada", "email": "ada@example.org", "password1": PASSWORD, "password2": PASSWORD},
    ),
    ("/password/", {"oldpassword": "wrong", "password1": "1", "password2": "2"}),
    ("/reauthenticate/", {"password": "wrong"}),
    ("/email/", {"email": "ada@example.org", "action_add": ""}),
]


@pytest.fixture
def mails(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.CHAT_PUBLIC_URL = "chat@example.org", "https://chat.example.org/"
    settings.CHAT_SIGNUP = True


@pytest.fixture
def ada(mails: None) -> Client:
    """Return the browser of an account with an app and recovery codes, that has just entered its password."""
    User.objects.create_user("ada", "ada@example.org", PASSWORD)
    browser = Client()
    browser.post("/login/", {"login": "ada", "password": PASSWORD})
    browser.post("/reauthenticate/?next=/2fa/", {"password": PASSWORD})
    found = re.search(r'value="([A-Z2-7]{32})"', browser.get("/2fa/app/").text)
    assert found
    browser.post("/2fa/app/", {"code": code_of(found[1])})
    return browser


def in_language(tag: str, browser: Client, path: str, form: dict[str, str] | None = None) -> set[str]:
    """Return the texts of a page, or of the answer to a form."""
    send = browser.get if form is None else browser.post
    return texts_of(send(path, form, follow=True, headers={"accept-language": tag}).text)


@pytest.mark.parametrize("tag", ALIKE)
@pytest.mark.parametrize("path", OPEN)
def test_a_visitors_page_is_whole_in_its_language(mails: None, provider: Any, tag: str, path: str) -> None:
    both = in_language("en", Client(), path) & in_language(tag, Client(), path)
    assert both - ALIKE[tag] - {"Example Ltd"} == set()


@pytest.mark.parametrize("tag", ALIKE)
def test_a_users_pages_are_whole_in_their_language(ada: Client, tag: str) -> None:
    left = {path: in_language("en", ada, path) & in_language(tag, ada, path) - ALIKE[tag] for path in OWN}
    assert {path: texts for path, texts in left.items() if texts} == {}


@pytest.mark.parametrize("tag", ALIKE)
def test_what_is_said_about_mistakes_is_whole_in_its_language(ada: Client, tag: str) -> None:
    left = {}
    for path, form in WRONG:
        browsers = [Client() if path in OPEN else ada for _ in range(2)]
        shown = [
            in_language(one, browser, path, form) for one, browser in zip(("en", tag), browsers, strict=True)
        ]
        left[path, str(form)] = (shown[0] & shown[1]) - ALIKE[tag]
    assert {form: texts for form, texts in left.items() if texts} == {}


MAILS = sorted(
    {
        f"{path.parent.parent.name}/email/{path.name.removesuffix('_message.txt')}"
        for path in (Path(allauth.__file__).parent / "templates").glob("*/email/*_message.txt")
        if SHOWN.fullmatch(f"templates/{path.parent.parent.name}/email/{path.name}")
        and "base_" not in path.name
    }
)
CONTEXT: dict[str, Any] = {
    "user": User(username="ada"),
    "email": "a@example.org",
    "from_email": "a@example.org",
    "to_email": "b@example.org",
}
CONTEXT |= {
    "deleted_email": "c@example.org",
    "ip": "::1",
    "user_agent": "Lynx",
    "timestamp": "12:00",
    "username": "ada",
}
CONTEXT |= {
    "activate_url": "https://a/1",
    "password_reset_url": "https://a/2",
    "code": "1",
    "provider": "Example Ltd",
}


def lines_of(prefix: str, tag: str) -> list[str]:
    with translation.override(tag):
        made = get_adapter(RequestFactory().get("/")).render_mail(prefix, "ada@example.org", dict(CONTEXT))
    return [line for line in [made.subject, *str(made.body).splitlines()] if re.search(r"[^\W\d]{2} ", line)]


@pytest.mark.parametrize("prefix", MAILS)
@pytest.mark.parametrize("tag", ALIKE)
def test_a_mail_is_whole_in_its_language(prefix: str, tag: str) -> None:
    english, other = lines_of(prefix, "en"), lines_of(prefix, tag)
    assert english
    assert not set(english) & set(other)
    assert not FAMILIAR.search("\n".join(other))


def test_a_mail_is_in_the_language_of_the_page_that_asked_for_it(ada: Client) -> None:
    Client().post("/password/reset/", {"email": "ada@example.org"}, headers={"accept-language": "de"})
    sent = mail.outbox[-1]
    assert sent.subject == "Link für ein neues Passwort"
    assert "Wenn Sie das nicht waren" in str(sent.body)
