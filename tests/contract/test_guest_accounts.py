"""Guests who sign up or log in keep everything, and their running responses continue."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.contrib.sessions.models import Session
from websockets.exceptions import ConnectionClosed

from chat.models import ApiToken, QuotaReservation, User
from chat.testing import Gate, ScriptedModel, answer
from tests.contract.expect import assert_problem
from tests.live.client import body_of, connect_socket, new_id
from tests.live.page_client import (
    PASSWORD,
    alerts,
    csrf,
    send,
    session_key,
    sign_in,
    sign_up,
    submit,
    thread_ids,
)
from tests.live.pictures import PNG, part, upload


def test_a_guest_who_signs_up_keeps_everything(model: ScriptedModel, visit: Any) -> None:
    guest = visit()
    thread, key = send(guest, "Before"), session_key(guest)
    row = User.objects.get(username=guest.get("/api/session").json()["user"]["username"])
    name = sign_up(guest)
    body = guest.get("/api/session").json()
    assert (body["user"]["username"], body["guest"]) == (name, False)
    assert thread_ids(guest) == {thread}
    assert User.objects.get(username=name).pk == row.pk
    assert session_key(guest) != key
    assert not Session.objects.filter(pk=key).exists()


def test_a_response_continues_while_its_guest_signs_up(model: ScriptedModel, visit: Any) -> None:
    guest, gate, response = visit(), Gate(), new_id("r")
    model.script(answer("one", gate, " two"))
    with guest.http.stream("POST", "/api/chat", json=body_of("Go", response=response)) as stream:
        gate.wait_until_reached()
        sign_up(guest)
        gate.open()
        assert stream.read() == b"one two"
    assert guest.wait_until(response, "done")["offset"] == 7


def account_with(visit: Any, words: str, **ids: str) -> tuple[str, str]:
    """Create an account with one thread; return its name and the thread's id."""
    person = visit()
    name = sign_up(person)
    return name, send(person, words, **ids)


def test_a_guest_who_logs_in_keeps_everything(model: ScriptedModel, visit: Any) -> None:
    name, old = account_with(visit, "Long ago")
    guest = visit()
    token = csrf(guest)
    picture = upload(guest, token=token)
    new = send(guest, [part(picture)])
    link = guest.http.post(f"/api/threads/{new}/shares", headers=token).json()
    key = session_key(guest)
    assert sign_in(guest, name).headers["location"] == "/"
    assert thread_ids(guest) == {old, new}
    assert guest.get(picture["url"]).content == PNG
    assert guest.get(f"/api/threads/{new}/shares").json()["shares"] == [link]
    assert httpx.get(guest.server.url + link["url"]).status_code == 200
    assert session_key(guest) != key
    assert not Session.objects.filter(pk=key).exists()
    spent = (
        QuotaReservation.objects.filter(owner__username=name).order_by("pk").values_list("guest", flat=True)
    )
    assert list(spent) == [False, True]  # the guests' shared quota gets nothing back


def test_ids_used_by_both_get_a_suffix_and_nothing_is_mixed_up(model: ScriptedModel, visit: Any) -> None:
    ids = {"thread": new_id("t"), "response": new_id("r"), "prompt": new_id("p")}
    name, _ = account_with(visit, "The account's", **ids)
    guest = visit()
    send(guest, "The guest's", **ids)
    sign_in(guest, name)
    (moved,) = thread_ids(guest) - {ids["thread"]}
    assert moved.startswith(f"{ids['thread']}-")
    assert next(one["content"] for one in guest.messages(ids["thread"])) == "The account's"
    prompt, reply = guest.messages(moved)
    assert (prompt["content"], prompt["id"].startswith(ids["prompt"])) == ("The guest's", True)
    assert guest.response(reply["id"])["threadId"] == moved
    again = guest.http.post(f"/api/responses/{reply['id']}/regenerate", headers=csrf(guest))
    assert again.status_code == 200


def test_a_response_continues_while_its_guest_logs_in(model: ScriptedModel, visit: Any) -> None:
    name, _ = account_with(visit, "Long ago")
    guest, gate, response = visit(), Gate(), new_id("r")
    model.script(answer("one", gate, " two"))
    with guest.http.stream("POST", "/api/chat", json=body_of("Go", response=response)) as stream:
        gate.wait_until_reached()
        sign_in(guest, name)
        assert guest.response(response)["status"] == "streaming"
        gate.open()
        assert stream.read() == b"one two"
    body = guest.wait_until(response, "done")
    assert guest.messages(body["threadId"])[-1]["content"] == "one two"


def test_a_guests_socket_is_closed_at_login_and_reconnects_as_the_account(
    model: ScriptedModel, visit: Any
) -> None:
    name, old = account_with(visit, "Long ago")
    guest = visit()

    def socket() -> Any:
        cookies = "; ".join(f"{name}={value}" for name, value in guest.http.cookies.items())
        return connect_socket(guest.server, {"Cookie": cookies, "Origin": guest.server.url})

    with socket() as before:
        before.send('{"type": "ping"}')
        assert before.recv(10)
        sign_in(guest, name)
        with pytest.raises(ConnectionClosed):
            before.recv(10)
    response = guest.messages(old)[-1]["id"]
    with socket() as after:
        after.send(json.dumps({"type": "follow", "responseId": response}))
        assert json.loads(after.recv(10))["type"] == "start"


def test_a_queued_response_runs_after_its_guest_has_logged_in(model: ScriptedModel, visit: Any) -> None:
    name, _ = account_with(visit, "Long ago")
    guest, gate = visit(), Gate()
    thread, first, second = new_id("t"), new_id("r"), new_id("r")
    model.script(answer("one", gate), answer("two"))
    ask = {"thread": thread}
    with (
        guest.http.stream("POST", "/api/chat", json=body_of("Go", response=first, **ask)),
        guest.http.stream(
            "POST", "/api/chat?format=sse", json=body_of("On", response=second, busy="queue", **ask)
        ) as queued,
    ):
        gate.wait_until_reached()
        guest.wait_until(second, "queued")
        sign_in(guest, name)
        gate.open()
        queued.read()
    guest.wait_until(second, "done")
    assert [one["content"] for one in guest.messages(thread)][1::2] == ["one", "two"]


def test_a_guest_who_logs_in_to_the_admin_keeps_everything(model: ScriptedModel, visit: Any) -> None:
    name, old = account_with(visit, "Long ago")
    User.objects.filter(username=name).update(is_staff=True)
    guest = visit()
    new = send(guest, "Hello")
    form = guest.get("/admin/login/").headers["location"]
    assert submit(guest, form, login=name, password=PASSWORD, next="/admin/").headers["location"] == "/admin/"
    assert thread_ids(guest) == {old, new}


def test_the_admin_refuses_an_account_that_is_no_staff(visit: Any) -> None:
    person = visit()
    sign_up(person)
    login = person.get("/admin/").headers["location"]
    assert (login.partition("?")[0], person.get(login).status_code) == ("/admin/login/", 403)


def test_logging_in_while_responses_end_loses_none(model: ScriptedModel, visit: Any) -> None:
    name, _ = account_with(visit, "Long ago")
    guest, gates = visit(), [Gate() for _ in range(6)]
    model.script(*(answer("one", gate, " two") for gate in gates))
    names = [new_id("r") for _ in gates]
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(guest.http.post, "/api/chat", json=body_of("Go", response=one)) for one in names]
        for gate in gates:
            gate.wait_until_reached()
        moving = pool.submit(sign_in, guest, name)
        for gate in gates:
            gate.open()
        assert {one.result().text for one in asked} == {"one two"}
        assert moving.result().status_code == 302
    for one in names:
        body = guest.wait_until(one, "done")
        assert guest.messages(body["threadId"])[-1]["content"] == "one two"


def test_the_credentials_of_a_merged_guest_are_refused(model: ScriptedModel, visit: Any) -> None:
    name, _ = account_with(visit, "Long ago")
    guest = visit()
    row = User.objects.get(username=guest.get("/api/session").json()["user"]["username"])
    token = {"Authorization": f"Bearer {ApiToken.issue(row)}"}
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in guest.http.cookies.items())}
    sign_in(guest, name)
    for old in (token, cookies):
        answered = httpx.get(f"{guest.server.url}/api/threads", headers=old)
        assert_problem(answered, "unauthenticated", 401)


def test_switching_between_accounts_moves_nothing(model: ScriptedModel, visit: Any) -> None:
    one, other = visit(), visit()
    first, second = sign_up(one), sign_up(other)
    send(one, "Of the first")
    sign_in(one, second)
    assert thread_ids(one) == set()
    assert User.objects.filter(username=first).exists()


def test_a_wrong_password_moves_nothing(model: ScriptedModel, visit: Any) -> None:
    name, _ = account_with(visit, "Long ago")
    guest = visit()
    thread = send(guest, "Hello")
    assert alerts(sign_in(guest, name, "wrong"))
    assert thread_ids(guest) == {thread}
    assert guest.get("/api/session").json()["guest"] is True
