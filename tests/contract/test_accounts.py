"""Accounts: login, sign-up, settings, and deletion without remains."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.contrib.sessions.models import Session
from django.db import transaction

from chat.governance import holds
from chat.models import ApiToken, Attachment, Chunk, Message, QuotaReservation, Response, Share, Thread, User
from chat.testing import Gate, ScriptedModel, answer
from tests.live.client import body_of, new_id
from tests.live.page_client import PASSWORD, alerts, csrf, send, session_key, sign_in, sign_up, submit
from tests.live.pictures import part, upload

NAMES = {"taken": "taken", "guest-1": "guest", "": "required", "a b": "letters", "x" * 151: "150"}


@pytest.mark.parametrize("name", NAMES)
def test_an_invalid_name_is_refused_with_an_explanation(visit: Any, name: str) -> None:
    User.objects.get_or_create(username="Taken")
    answered = submit(visit(), "/signup/", username=name, password1=PASSWORD, password2=PASSWORD)
    assert answered.status_code == 200
    assert alerts(answered)


@pytest.mark.parametrize("pair", [("short", "short"), ("password123", "password123"), (PASSWORD, "other")])
def test_a_weak_or_unconfirmed_password_is_refused(visit: Any, pair: tuple[str, str]) -> None:
    fields = {"username": new_id("u"), "password1": pair[0], "password2": pair[1]}
    assert alerts(submit(visit(), "/signup/", **fields))


def test_sign_up_is_closed_unless_turned_on(make_client: Any, strict: Any) -> None:
    visitor = make_client(strict, token=False)
    login = visitor.get("/login/").text
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', login)[0]
    fields = {"username": (name := new_id("u")), "password1": PASSWORD, "password2": PASSWORD}
    assert visitor.get("/signup/").status_code == 404
    assert visitor.http.post("/signup/", data={"csrfmiddlewaretoken": token, **fields}).status_code == 404
    assert not User.objects.filter(username=name).exists()
    assert "/signup/" not in login


def test_password_guessing_is_throttled_on_every_form(visit: Any) -> None:
    guest = visit()
    name = sign_up(visit())
    for _ in range(10):
        assert "too many" not in " ".join(alerts(sign_in(guest, name, "wrong"))).lower()
    assert guest.get("/admin/login/").headers["location"] == "/login/?next=/admin/"  # no form of its own
    assert "Too many tries" in alerts(sign_in(guest, name))[0]
    assert sign_in(guest, sign_up(visit())).status_code == 302  # others may


def test_guessing_the_own_password_is_throttled(visit: Any) -> None:
    person = visit()
    User.objects.filter(username=sign_up(person)).update(is_staff=True)
    path = person.get("/admin/password_change/").headers["location"]
    new = {"password1": "another good one", "password2": "another good one"}
    for _ in range(10):
        answered = submit(person, path, oldpassword="wrong", **new)
        assert (answered.status_code, "Too many tries" in answered.text) == (200, False)
    answered = submit(person, path, oldpassword=PASSWORD, **new)
    assert (answered.status_code, "Too many tries" in answered.text) == (200, True)


def test_simultaneous_guesses_are_all_counted(visit: Any) -> None:
    guest, name = visit(), sign_up(visit())
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', guest.get("/login/").text)[0]
    fields = {"csrfmiddlewaretoken": token, "login": name, "password": "wrong"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: alerts(guest.http.post("/login/", data=fields))[0], range(14)))
    refused = [words for words in answers if "Too many tries" in words]
    assert 4 <= len(refused) < 14


def test_a_login_resets_the_count_of_failed_attempts(visit: Any) -> None:
    guest, name = visit(), sign_up(visit())
    for _ in range(2):
        for _ in range(9):
            sign_in(guest, name, "wrong")
        assert sign_in(guest, name).status_code == 302
        guest = visit()


def test_sign_ups_from_one_address_are_bounded(visit: Any, servers: Any) -> None:
    from chat.accounts import login_attempts

    for _ in range(20):
        with_key_of_the_server(lambda: login_attempts.record_attempt({"sign-up from 127.0.0.1": 20}))
    fields = {"username": new_id("u"), "password1": PASSWORD, "password2": PASSWORD}
    assert "Too many tries" in alerts(submit(visit(), "/signup/", **fields))[0]


def with_key_of_the_server(call: Any) -> Any:
    from django.test import override_settings

    from tests.live.harness import SECRET_KEY

    with override_settings(SECRET_KEY=SECRET_KEY):
        return call()


def test_a_new_password_ends_all_other_sessions(visit: Any) -> None:
    here, elsewhere = visit(), visit()
    sign_in(elsewhere, sign_up(here))
    fields = {
        "oldpassword": PASSWORD,
        "password1": "another good one",
        "password2": "another good one",
    }
    assert submit(here, "/password/", **fields).headers["location"] == "/settings/"
    assert here.get("/settings/").status_code == 200
    assert elsewhere.get("/api/session").json()["guest"] is True


def test_a_token_is_shown_once_works_and_can_be_revoked(visit: Any, make_client: Any) -> None:
    person = visit()
    sign_up(person)
    made = submit(person, "/settings/", do="make-token", name="my <b>script</b>", scopes="read", days="30")
    (token,) = re.findall(r"<code>(chat_[\w-]+)</code>", made.text)
    assert "my &lt;b&gt;script" in made.text
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(person.server.url + "/api/threads", headers=bearer).status_code == 200
    refused = httpx.post(person.server.url + "/api/threads", headers=bearer, json={})
    assert refused.json()["code"] == "insufficient_scope"
    listed = person.get("/settings/").text
    assert (token in listed, "Read: chats" in listed, "Expires" in listed) == (False, True, True)
    (named,) = re.findall(r'name="token" value="([0-9a-f]{16})"', listed)
    submit(visit(), "/settings/", do="revoke-token", token=named)  # another user's attempt
    assert httpx.get(person.server.url + "/api/threads", headers=bearer).status_code == 200
    submit(person, "/settings/", do="revoke-token", token=named)
    assert httpx.get(person.server.url + "/api/threads", headers=bearer).status_code == 401


def test_a_guest_cannot_make_a_token(visit: Any) -> None:
    assert submit(visit(), "/settings/", do="make-token", name="x").status_code == 400


def test_links_are_listed_and_revoked_in_the_settings(model: ScriptedModel, visit: Any) -> None:
    person = visit()
    sign_up(person)
    link = person.http.post(f"/api/threads/{send(person, 'Hello')}/shares", headers=csrf(person)).json()
    assert link["url"] in person.get("/settings/").text
    submit(visit(), "/settings/", do="revoke-link", link=link["shareId"])  # another user's attempt
    assert httpx.get(person.server.url + link["url"]).status_code == 200
    submit(person, "/settings/", do="revoke-link", link=link["shareId"])
    assert httpx.get(person.server.url + link["url"]).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"confirmation": "delete", "password": "wrong"},
        {"confirmation": "yes", "password": PASSWORD},
        {"confirmation": "delete"},
        {},
    ],
)
def test_deleting_an_account_needs_the_word_and_the_password(visit: Any, fields: dict[str, str]) -> None:
    person = visit()
    name = sign_up(person)
    answered = submit(person, "/settings/", do="delete-account", **fields)
    assert alerts(answered)
    assert User.objects.filter(username=name).exists()


def rows_of(user: int) -> dict[str, int]:
    models: tuple[Any, ...] = (Thread, Message, Response, Share, Attachment)
    counts = {model.__name__: model.objects.filter(owner=user).count() for model in models}
    chunks = Chunk.objects.filter(response__owner=user).count()
    return {**counts, "Chunk": chunks, "ApiToken": ApiToken.objects.filter(user=user).count()}


def test_deleting_an_account_removes_all_rows_and_stops_its_responses(
    model: ScriptedModel, visit: Any
) -> None:
    person, elsewhere, gate = visit(), visit(), Gate()
    name = sign_up(person)
    sign_in(elsewhere, name)
    user = User.objects.get(username=name).pk
    token = csrf(person)
    thread = send(person, [part(upload(person, token=token))])
    link = person.http.post(f"/api/threads/{thread}/shares", headers=token).json()
    submit(person, "/settings/", do="make-token", name="x", scopes="read", days="0")
    keys = [session_key(client) for client in (person, elsewhere)]
    spent = list(QuotaReservation.objects.filter(owner=user).values_list("pk", flat=True))
    assert set(rows_of(user).values()) != {0}
    model.script(answer("one", gate))
    with person.http.stream("POST", "/api/chat?format=sse", json=body_of("Go", thread=thread)) as stream:
        gate.wait_until_reached()
        answered = submit(person, "/settings/", do="delete-account", confirmation="delete", password=PASSWORD)
        assert answered.status_code == 200, alerts(answered)
        assert '"status":"stopped"' in stream.read().decode()
    model.requests[-1].wait_until_left()
    assert set(rows_of(user).values()) == {0}
    assert not User.objects.filter(pk=user).exists()
    assert not Session.objects.filter(pk__in=keys).exists()
    assert set(QuotaReservation.objects.filter(pk__in=spent).values_list("owner", flat=True)) == {None}
    assert httpx.get(person.server.url + link["url"]).status_code == 404
    assert elsewhere.get("/api/session").json()["guest"] is True


def test_an_account_under_a_legal_hold_is_not_deleted(model: ScriptedModel, visit: Any) -> None:
    person = visit()
    name = sign_up(person)
    with transaction.atomic():
        holds.place_hold(User.objects.get(username=name), "staff", "a case")
    answered = submit(person, "/settings/", do="delete-account", confirmation="delete", password=PASSWORD)
    assert "cannot be deleted" in alerts(answered)[0]
    assert person.get("/api/session").json()["user"]["username"] == name


def test_a_thread_deleted_under_a_hold_is_neither_shared_nor_exported(
    model: ScriptedModel, visit: Any
) -> None:
    person = visit()
    thread = send(person, "About whales")
    link = person.http.post(f"/api/threads/{thread}/shares", headers=csrf(person)).json()
    with transaction.atomic():
        holds.place_hold(Thread.objects.get(public_id=thread), "staff", "a case")
    assert person.http.delete(f"/api/threads/{thread}", headers=csrf(person)).status_code == 204
    assert httpx.get(person.server.url + link["url"]).status_code == 404
    assert "whales" not in person.get("/api/export").text
    assert link["url"] not in person.get("/settings/").text


def test_a_guest_deletes_everything_without_a_password(model: ScriptedModel, visit: Any) -> None:
    guest = visit()
    name = guest.get("/api/session").json()["user"]["username"]
    send(guest, "Hello")
    assert submit(guest, "/settings/", do="delete-account", confirmation="delete").status_code == 200
    assert not User.objects.filter(username=name).exists()


@pytest.mark.parametrize("path", ["/settings/", "/password/"])
def test_visitors_are_redirected_to_the_login(make_client: Any, strict: Any, path: str) -> None:
    answered = make_client(strict, token=False).get(path)
    assert (answered.status_code, answered.headers["location"].split("?")[0]) == (302, "/login/")


FORMS = ["/login/", "/signup/", "/settings/"]


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_csrf_token_changes_nothing(visit: Any, path: str) -> None:
    assert visit().http.post(path, data={"do": "delete-account", "confirmation": "delete"}).status_code == 403


def test_account_pages_are_never_cached(visit: Any) -> None:
    guest = visit()
    for path in FORMS:
        assert "no-store" in guest.get(path).headers["cache-control"]
