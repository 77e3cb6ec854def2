"""The plain page on the server: access to it, and no third-party or inline sources in it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError
from django.template.loader import render_to_string
from django.test import Client

import chat
from chat.conf import settings
from chat.models import User

PACKAGE = Path(chat.__file__).parent
STATIC = PACKAGE / "static" / "chat"
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))
# The client library, served beside the page's own scripts.
CLIENT = PACKAGE / "clients" / "typescript" / "src"
SCRIPTS = [*sorted((STATIC / "js").glob("*.js")), *sorted(CLIENT.glob("*.js"))]
ASSETS = [*SCRIPTS, *sorted((STATIC / "css").glob("*.css"))]

pytestmark = pytest.mark.urls("chatproject.urls")


def _name(path: Path) -> str:
    return path.name


@pytest.fixture
def guests(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    def switch(on: bool) -> None:
        changed = dataclasses.replace(settings, guests=on)
        monkeypatch.setattr("chat.accounts.identity.settings", changed)

    return switch


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/c/a.thread-1"])
def test_a_visitor_is_redirected_to_the_login_page_and_back_if_guests_are_off(path: str, guests: Any) -> None:
    guests(False)
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.django_db
def test_a_visitor_becomes_one_guest_if_guests_are_on(guests: Any) -> None:
    guests(True)
    client = Client()
    assert [client.get("/").status_code, client.get("/").status_code] == [200, 200]
    assert User.objects.filter(is_guest=True).count() == 1


@pytest.mark.django_db
def test_a_guest_must_log_in_once_guests_are_turned_off(guests: Any) -> None:
    guests(True)
    client = Client()
    client.get("/")
    guests(False)
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_the_page_shows_the_user_s_name_escaped(guests: Any) -> None:
    guests(False)
    User.objects.create_user("ada<i>", password="a long password")
    client = Client()
    answer = client.post("/login/?next=/", {"login": "ada<i>", "password": "a long password", "next": "/"})
    assert answer["Location"] == "/"
    assert "ada&lt;i&gt;" in client.get("/").text


@pytest.mark.django_db
def test_the_login_page_reports_a_wrong_password() -> None:
    answer = Client().post("/login/", {"login": "ada", "password": "wrong"})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


@pytest.mark.django_db
def test_the_login_page_redirects_to_no_other_host() -> None:
    User.objects.create_user("ada", password="a long password")
    posted = {"login": "ada", "password": "a long password", "next": "https://example.org/"}
    assert Client().post("/login/", posted)["Location"] == "/"


@pytest.mark.parametrize(
    "name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "503.html"]
)
def test_an_error_page_needs_no_request_and_links_to_the_start(name: str) -> None:
    assert 'href="/"' in render_to_string(name)


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (OperationalError("canary"), 503),
        (ProgrammingError("no table yet"), 503),
        (ProgrammingError("a programming error"), 500),
        (ValueError("canary"), 500),
    ],
)
def test_a_page_reloads_itself_while_the_database_is_unavailable_or_not_migrated(
    problem: Exception, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if "table" in str(problem):
        problem.__cause__ = psycopg.errors.UndefinedTable()
    monkeypatch.setattr("chat.web.chat_page.ensure_guest", Mock(side_effect=problem))
    answer = Client(raise_request_exception=False).get("/")
    assert answer.status_code == status
    assert ('http-equiv="refresh"' in answer.text, "Retry-After" in answer) == (status == 503, status == 503)
    assert "canary" not in caplog.text


@pytest.mark.urls("chatproject.urls")
def test_favicon_ico_redirects_to_the_icon() -> None:
    assert Client().get("/favicon.ico")["Location"] == "/static/chat/icon.svg"


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_a_template_holds_no_inline_script_style_or_handler(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|\|safe", text)
    # A block of data is not run.
    assert not re.search(r"""<script(?![^>]*\s(src=|type="application/json"))""", text)


@pytest.mark.parametrize("path", [*TEMPLATES, *ASSETS], ids=_name)
def test_an_asset_names_no_other_host(path: Path) -> None:
    assert not re.search(r"""(src|href|url|import|from|fetch)\s*[=(]?\s*["'](https?:)?//""", path.read_text())


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_a_script_never_parses_text_as_markup(path: Path) -> None:
    markup = (
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|eval)\b|new Function"
    )
    assert not re.search(markup, path.read_text())


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_a_script_imports_only_existing_exports(path: Path) -> None:
    for names, folder, module in re.findall(
        r'(?:im|ex)port \{([^}]*)\} from "(\.|\.\./client)/([a-z]+\.js)"', path.read_text()
    ):
        source = ((CLIENT if "client" in folder else path.parent) / module).read_text()
        exported = re.findall(r"export (?:async )?(?:function\*?|const|class) (\w+)", source)
        passed_on = ",".join(re.findall(r"export \{([^}]*)\}", source)).split(",")
        assert {name.strip() for name in names.split(",") if name.strip()} <= {
            *exported,
            *map(str.strip, passed_on),
        }


@pytest.mark.parametrize("path", ASSETS, ids=_name)
def test_an_asset_is_a_short_file(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_every_element_that_a_script_looks_up_is_in_the_page() -> None:
    page = (PACKAGE / "templates" / "chat" / "chat.html").read_text()
    looked_up = {name for path in SCRIPTS for name in re.findall(r'byId\("([\w-]+)"\)', path.read_text())}
    assert looked_up <= set(re.findall(r'\sid="([\w-]+)"', page))
