"""Cookies beside those of other programs on the same host, and those of older versions."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chat.testing import ScriptedModel
from tests.live.client import Client, connect_socket
from tests.live.page_client import csrf, send, session_key, sign_up, thread_ids

# Cookies that another Django program on another port of this host may set.
FOREIGN = {"sessionid": "z" * 32, "csrftoken": "y" * 32, "messages": "x"}


def test_the_cookies_of_another_django_program_do_no_harm(model: ScriptedModel, visit: Any) -> None:
    guest = visit()
    thread = send(guest, "Hello")
    for name, value in FOREIGN.items():
        guest.http.cookies.set(name, value)
    assert thread_ids(guest) == {thread}
    send(guest, "And on", thread=thread)
    assert (
        guest.http.patch(f"/api/threads/{thread}", json={"title": "x"}, headers=csrf(guest)).status_code
        == 200
    )
    cookies = "; ".join(f"{name}={value}" for name, value in guest.http.cookies.items())
    with connect_socket(guest.server, {"Cookie": cookies, "Origin": guest.server.url}) as socket:
        socket.send('{"type": "ping"}')
        assert socket.recv(10)


def test_no_cookie_has_a_name_that_django_gives(visit: Any) -> None:
    guest = visit()
    guest.get("/login/")
    names = set(guest.http.cookies)
    assert len(names) == 2
    assert not names & set(FOREIGN)


def test_two_installations_on_one_host_have_cookies_of_their_own(
    make_client: Any, server: Any, servers: Any
) -> None:
    names = []
    for one in (server, servers.keep(SECRET_KEY="of another installation")):
        client: Client = make_client(one, token=False)
        client.get("/api/session")
        names.append(set(client.http.cookies))
    assert not names[0] & names[1]


def old_cookie(client: Client) -> dict[str, str]:
    """Return the cookie header of a browser whose session an older version made."""
    return {"Cookie": f"sessionid={session_key(client)}"}


@pytest.mark.parametrize("path", ["/", "/settings/"])
def test_a_session_of_an_older_version_survives(visit: Any, path: str) -> None:
    person = visit()
    name = sign_up(person)
    headers = old_cookie(person)
    with httpx.Client(base_url=person.server.url) as browser:
        assert browser.get("/api/session", headers=headers).json()["user"]["username"] == name
        assert browser.get(path, headers=headers).status_code == 200
        assert session_key(person) in browser.cookies.values()
        assert browser.get("/api/session").json()["user"]["username"] == name
