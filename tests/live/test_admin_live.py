"""The admin and a running response: its readers, its text so far, and its stop, in any process."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chat.models import Response
from chat.testing import Gate, ScriptedModel, answer
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, eventually
from tests.live.staff import staff_cookies
from tests.live.transports import SOCKET, SSE

pytestmark = pytest.mark.live


def poll_log(server: LiveServer, response: Response) -> Any:
    """Return a function that fetches the response's log from the start."""
    address, cookies = f"{server.url}/admin/chat/response/{response.pk}/log/", staff_cookies(server)
    return lambda: httpx.get(address, cookies=cookies).json()


@pytest.mark.long
def test_readers_are_counted_as_they_connect_and_leave(
    model: ScriptedModel, alice: Client, server: LiveServer
) -> None:
    gate, name = Gate(), new_id("r")
    model.script(answer("Hello", gate, " there"))
    first = SSE.send(alice, response=name).until("Hello")
    poll = poll_log(server, Response.objects.get(owner__username=alice.username, public_id=name))
    assert poll()["readers"] == 1
    second = SOCKET.follow(alice, name).until("Hello")
    assert poll()["readers"] == 2
    second.close()
    eventually(lambda: poll()["readers"] == 1, says="a reader that left is still counted")
    gate.open()
    first.rest()
    eventually(lambda: poll()["readers"] == 0, says="readers of what has ended are still counted")
    assert "".join(text for _, text, _ in poll()["arrivals"]) == "Hello there"


def test_a_stop_reaches_a_response_in_another_process(
    model: ScriptedModel, alice: Client, server: LiveServer, second: LiveServer
) -> None:
    gate, name = Gate(), new_id("r")
    model.script(answer("Hello", gate))
    reader = SSE.send(alice, response=name).until("Hello")
    row = Response.objects.get(owner__username=alice.username, public_id=name)
    poll = poll_log(second, row)
    eventually(lambda: [text for _, text, _ in poll()["arrivals"]] == ["Hello"], says="it was not followed")
    with httpx.Client(base_url=second.url, cookies=staff_cookies(second)) as http:
        page = http.get(f"/admin/chat/response/{row.pk}/change/")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        stopped = http.post(f"/admin/chat/response/{row.pk}/stop/", data={"csrfmiddlewaretoken": token})
    assert stopped.status_code == 302
    assert reader.rest().end["status"] == "stopped"
    assert (poll()["ended"], poll()["status"]) == (True, "stopped")
