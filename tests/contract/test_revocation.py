"""Every way in x every way in which access ends x everything that is open: request, stream, socket, share link."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import override_settings
from websockets.exceptions import ConnectionClosed

from chat.accounts import erasure, suspension
from chat.accounts.single_sign_on import removal
from chat.api.consumer import ACCESS_REVOKED_CLOSE_CODE
from chat.models import ApiToken, SignInRecord, User
from chat.testing import Gate, ScriptedModel, answer
from tests.live.client import Client, WebSocketClient, body_of, connect_socket, new_id
from tests.live.harness import SECRET_KEY
from tests.live.page_client import PASSWORD, csrf, session_key, sign_in, sign_up, submit

NEW_PASSWORD = "another good one"


@dataclass
class Access:
    """A user's browser, a second one, and the headers with which a program or page of theirs connects."""

    user: User
    browser: Client
    elsewhere: Client
    headers: dict[str, str]

    @property
    def token(self) -> ApiToken:
        return ApiToken.objects.get(user=self.user)

    def request(self) -> int:
        return httpx.get(f"{self.browser.server.url}/api/threads", headers=self.headers).status_code

    def socket(self) -> AbstractContextManager[Any]:
        return connect_socket(self.browser.server, {"Origin": self.browser.server.url, **self.headers})

    def stream(self, response: str) -> AbstractContextManager[httpx.Response]:
        url = f"{self.browser.server.url}/api/chat?format=sse"
        return httpx.stream("POST", url, json=body_of(response=response), headers=self.headers)


def with_token(user: User, browser: Client, elsewhere: Client) -> Access:
    return Access(user, browser, elsewhere, {"Authorization": f"Bearer {ApiToken.issue(user)}"})


def with_session(user: User, browser: Client, elsewhere: Client) -> Access:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
    ApiToken.issue(user)
    return Access(user, browser, elsewhere, {"Cookie": cookies})


def revoke_token_in_settings(access: Access) -> None:
    submit(access.browser, "/settings/", do="revoke-token", token=access.token.public_id)


def delete_token(access: Access) -> None:
    access.token.delete()


def delete_tokens_in_bulk(access: Access) -> None:
    ApiToken.objects.filter(user=access.user).delete()


def change_password_elsewhere(access: Access) -> None:
    fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert submit(access.elsewhere, "/password/", **fields).status_code == 302


def set_password(access: Access) -> None:
    user = User.objects.get(pk=access.user.pk)
    user.password = make_password(NEW_PASSWORD)
    user.save()


def log_out(access: Access) -> None:
    assert access.browser.http.post("/logout/", headers=csrf(access.browser)).status_code == 302


def delete_session(access: Access) -> None:
    with override_settings(
        SECRET_KEY=SECRET_KEY
    ):  # which signs the session's data, and is not this process's
        Session.objects.filter(pk=session_key(access.browser)).delete()


def end_sessions(access: Access) -> None:
    with transaction.atomic():
        suspension.end_sessions(access.user.pk)


def suspend(access: Access) -> None:
    with transaction.atomic():
        suspension.suspend(access.user.pk)


def deactivate(access: Access) -> None:
    user = User.objects.get(pk=access.user.pk)
    user.is_active = False
    user.save(update_fields=["is_active"])


def delete_account(access: Access) -> None:
    fields = {"confirmation": "delete", "password": PASSWORD}
    assert submit(access.elsewhere, "/settings/", do="delete-account", **fields).status_code == 200


def begin_erasure(access: Access) -> None:
    with transaction.atomic():
        erasure.begin(access.user.pk)


def log_out_at_the_provider(access: Access) -> None:
    SignInRecord.objects.filter(user=access.user).update(subject=access.user.username)
    with override_settings(CHAT_SSO_ONLY=True):
        removal.log_out(access.user.username, "")


OF_TOKENS = (revoke_token_in_settings, delete_token, delete_tokens_in_bulk)
OF_SESSIONS = (change_password_elsewhere, set_password, log_out, delete_session, end_sessions)
OF_USERS = (suspend, deactivate, delete_account, begin_erasure)
ENDS = [
    *((with_token, end) for end in (*OF_TOKENS, *OF_USERS, log_out_at_the_provider)),
    *((with_session, end) for end in (*OF_SESSIONS, *OF_USERS, log_out_at_the_provider)),
]
OTHERS = [
    *((with_token, end) for end in OF_SESSIONS if end is not end_sessions),  # closes all sockets of the user
    *((with_session, end) for end in OF_TOKENS),
]

Enter = Callable[[User, Client, Client], Access]
End = Callable[[Access], None]


def case_name(value: Any) -> str:
    return str(value.__name__)


@pytest.fixture
def enter(visit: Any) -> Callable[[Enter], Access]:
    def make(how: Enter) -> Access:
        browser, elsewhere = visit(), visit()
        name = sign_up(browser)
        sign_in(elsewhere, name)
        return how(User.objects.get(username=name), browser, elsewhere)

    return make


def share_of(access: Access) -> str:
    thread = access.browser.http.post("/api/chat", json=body_of()).headers["x-thread-id"]
    link = access.browser.http.post(f"/api/threads/{thread}/shares", headers=csrf(access.browser))
    return f"{access.browser.server.url}{link.json()['url']}"


@pytest.mark.parametrize(("how", "end"), ENDS, ids=case_name)
def test_everything_open_ends_with_the_access(model: ScriptedModel, enter: Any, how: Enter, end: End) -> None:
    access, gate = enter(how), Gate()
    link = share_of(access)
    model.script(answer("before", gate, "after"))
    with ExitStack() as stack:
        stream = stack.enter_context(access.stream(new_id("r"))).iter_text()
        socket = stack.enter_context(access.socket())
        assert (access.request(), httpx.get(link).status_code) == (200, 200)
        gate.wait_until_reached()
        end(access)
        with pytest.raises(ConnectionClosed) as closed:
            WebSocketClient(socket).receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == ACCESS_REVOKED_CLOSE_CODE
        gate.open()
        assert "after" not in "".join(stream)
    assert access.request() == 401
    assert httpx.get(link).status_code == (404 if end in OF_USERS else 200)


@pytest.mark.parametrize(("how", "end"), OTHERS, ids=case_name)
def test_nothing_ends_with_the_access_of_others(
    model: ScriptedModel, enter: Any, how: Enter, end: End
) -> None:
    access, gate = enter(how), Gate()
    model.script(answer("before", gate, "after"))
    with ExitStack() as stack:
        stream = stack.enter_context(access.stream(new_id("r"))).iter_text()
        socket = WebSocketClient(stack.enter_context(access.socket()))
        gate.wait_until_reached()
        end(access)
        assert socket.ask("ping") == {"type": "pong"}
        gate.open()
        assert "after" in "".join(stream)
    assert access.request() == 200


def test_a_frame_is_refused_even_if_no_process_was_notified(model: ScriptedModel, enter: Any) -> None:
    access = enter(with_session)
    with access.socket() as connection:
        socket = WebSocketClient(connection)
        assert socket.ask("ping") == {"type": "pong"}
        User.objects.filter(pk=access.user.pk).update(password=make_password(NEW_PASSWORD))
        socket.say("send", **body_of())
        with pytest.raises(ConnectionClosed):
            socket.receive()
    assert model.requests == []


def test_a_password_changed_in_the_same_browser_keeps_its_stream(model: ScriptedModel, enter: Any) -> None:
    access, gate = enter(with_session), Gate()
    model.script(answer("before", gate, "after"))
    with access.stream(new_id("r")) as stream:
        gate.wait_until_reached()
        fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        assert submit(access.browser, "/password/", **fields).status_code == 302
        gate.open()
        assert "after" in "".join(stream.iter_text())
