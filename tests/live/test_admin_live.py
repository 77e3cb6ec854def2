"""The admin and a response that runs: who reads it, what it has said so far, and its stop, in whichever process."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chat.models import Response
from chat.testing import Gate, ScriptedModel, answer
from tests.live.client import Client, new_id
from tests.live.doors import SOCKET, SSE
from tests.live.harness import Server, eventually
from tests.live.staff import staff_cookies

pytestmark = pytest.mark.live


def looks(server: Server, response: Response) -> Any:
    """A function that looks at the response's log from the start."""
    address, cookies = f"{server.url}/admin/chat/response/{response.pk}/log/", staff_cookies(server)
    return lambda: httpx.get(address, cookies=cookies).json()


def test_readers_are_counted_as_they_come_and_go(model: ScriptedModel, alice: Client, server: Server) -> None:
    gate, name = Gate(), new_id("r")
    model.script(answer("Hello", gate, " there"))
    first = SSE.send(alice, response=name).until("Hello")
    look = looks(server, Response.objects.get(owner__username=alice.username, public_id=name))
    assert look()["readers"] == 1
    second = SOCKET.follow(alice, name).until("Hello")
    assert look()["readers"] == 2
    second.close()
    eventually(lambda: look()["readers"] == 1, says="a reader that left is still counted")
    gate.open()
    first.rest()
    eventually(lambda: look()["readers"] == 0, says="readers of what has ended are still counted")
    assert "".join(text for _, text, _ in look()["arrivals"]) == "Hello there"


def test_a_stop_reaches_a_response_in_another_process(
    model: ScriptedModel, alice: Client, server: Server, second: Server
) -> None:
    gate, name = Gate(), new_id("r")
    model.script(answer("Hello", gate))
    reader = SSE.send(alice, response=name).until("Hello")
    row = Response.objects.get(owner__username=alice.username, public_id=name)
    look = looks(second, row)
    eventually(lambda: [text for _, text, _ in look()["arrivals"]] == ["Hello"], says="it was not followed")
    with httpx.Client(base_url=second.url, cookies=staff_cookies(second)) as http:
        page = http.get(f"/admin/chat/response/{row.pk}/change/")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        stopped = http.post(f"/admin/chat/response/{row.pk}/stop/", data={"csrfmiddlewaretoken": token})
    assert stopped.status_code == 302
    assert reader.rest().end["status"] == "stopped"
    assert (look()["ended"], look()["status"]) == (True, "stopped")
