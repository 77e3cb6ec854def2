"""The plain page from the server's side: who gets it, and that nothing in it needs a foreign or an inline source."""

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

ROOM = Path(chat.__file__).parent
STATIC = ROOM / "static" / "chat"
TEMPLATES = sorted((ROOM / "templates").rglob("*.html"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
ASSETS = [*SCRIPTS, *sorted((STATIC / "css").glob("*.css"))]

pytestmark = pytest.mark.urls("chat.web.urls")


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
def test_a_stranger_is_led_to_the_login_page_and_back_where_guests_are_off(path: str, guests: Any) -> None:
    guests(False)
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.django_db
def test_a_stranger_becomes_one_guest_where_guests_are_on(guests: Any) -> None:
    guests(True)
    client = Client()
    assert [client.get("/").status_code, client.get("/").status_code] == [200, 200]
    assert User.objects.filter(is_guest=True).count() == 1


@pytest.mark.django_db
def test_a_guest_is_a_stranger_again_where_guests_are_turned_off(guests: Any) -> None:
    guests(True)
    client = Client()
    client.get("/")
    guests(False)
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_who_logs_in_gets_the_page_with_their_name_escaped(guests: Any) -> None:
    guests(False)
    User.objects.create_user("ada<i>", password="a long password")
    client = Client()
    answer = client.post("/login/?next=/", {"username": "ada<i>", "password": "a long password", "next": "/"})
    assert answer["Location"] == "/"
    assert "ada&lt;i&gt;" in client.get("/").text


@pytest.mark.django_db
def test_a_wrong_password_is_told_on_the_login_page() -> None:
    answer = Client().post("/login/", {"username": "ada", "password": "wrong"})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


@pytest.mark.django_db
def test_the_login_page_leads_to_no_foreign_place() -> None:
    User.objects.create_user("ada", password="a long password")
    posted = {"username": "ada", "password": "a long password", "next": "https://example.org/"}
    assert Client().post("/login/", posted)["Location"] == "/"


@pytest.mark.parametrize(
    "name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "503.html"]
)
def test_an_error_page_needs_no_request_and_says_the_way_back(name: str) -> None:
    assert 'href="/"' in render_to_string(name)


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (OperationalError("canary"), 503),
        (ProgrammingError("no table yet"), 503),
        (ProgrammingError("a mistake of ours"), 500),
        (ValueError("canary"), 500),
    ],
)
def test_while_the_database_is_away_or_has_no_tables_a_page_comes_back_by_itself(
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
def test_a_browser_that_looks_for_an_icon_finds_one() -> None:
    assert Client().get("/favicon.ico")["Location"] == "/static/chat/icon.svg"


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_a_template_holds_no_inline_script_style_or_handler(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|\|safe|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("path", [*TEMPLATES, *ASSETS], ids=_name)
def test_nothing_is_asked_of_a_foreign_host(path: Path) -> None:
    assert not re.search(r"""(src|href|url|import|from|fetch)\s*[=(]?\s*["'](https?:)?//""", path.read_text())


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_a_script_never_makes_markup_of_text(path: Path) -> None:
    markup = (
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|eval)\b|new Function"
    )
    assert not re.search(markup, path.read_text())


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_a_script_imports_only_what_its_neighbours_export(path: Path) -> None:
    for names, module in re.findall(r'import \{([^}]*)\} from "\./([a-z]+\.js)"', path.read_text()):
        exported = re.findall(
            r"export (?:async )?(?:function\*?|const|class) (\w+)", (STATIC / "js" / module).read_text()
        )
        assert {name.strip() for name in names.split(",") if name.strip()} <= set(exported)


@pytest.mark.parametrize("path", ASSETS, ids=_name)
def test_an_asset_is_a_short_file(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_every_element_that_a_script_looks_up_is_in_the_page() -> None:
    page = (ROOM / "templates" / "chat" / "chat.html").read_text()
    sought = {name for path in SCRIPTS for name in re.findall(r'byId\("([\w-]+)"\)', path.read_text())}
    assert sought <= set(re.findall(r'\sid="([\w-]+)"', page))
