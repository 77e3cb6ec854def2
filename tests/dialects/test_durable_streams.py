"""The read side of Durable Streams: catch-up and long poll on the text of a response, and bad input of all reads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.db import transaction

from chat.governance import redaction
from chat.models import ApiToken, Response
from chat.testing import Gate, ScriptedModel, answer, refusal
from tests.contract.expect import APPLE, assert_problem
from tests.live.client import Client, Json, new_id
from tests.live.harness import LiveServer, eventually
from tests.live.transports import C1, SSE

TEXT = f"Größe ☕ {APPLE}"
DATA = TEXT.encode()
BOUNDARIES = [len(TEXT[:count].encode()) for count in range(len(TEXT) + 1)]


def token(offset: int) -> str:
    return f"{offset:016}"


def read(client: Client, response: str, **query: Any) -> httpx.Response:
    return client.get(f"/v1/streams/{response}", **query)


def finished(model: ScriptedModel, client: Client, text: str = TEXT) -> str:
    model.script(answer(*text))
    client.chat(response=(response := new_id("r")))
    return response


def running(model: ScriptedModel, client: Client, gate: Gate, rest: str = "ße") -> str:
    model.script(answer("Grö", gate, *rest))
    C1.send(client, response=(response := new_id("r"))).until("Grö").close()
    return response


# Catch-up


def test_a_closed_stream_is_read_from_every_offset_in_both_forms(model: ScriptedModel, alice: Client) -> None:
    response = finished(model, alice)
    for offset in BOUNDARIES:
        for form in (str(offset), token(offset)):
            got = read(alice, response, offset=form)
            assert (got.status_code, got.content) == (200, DATA[offset:])
            assert got.headers["stream-next-offset"] == token(len(DATA))
            assert got.headers["stream-closed"] == got.headers["stream-up-to-date"] == "true"


def test_the_beginning_is_minus_one_or_no_offset(model: ScriptedModel, alice: Client) -> None:
    response = finished(model, alice)
    assert read(alice, response).content == read(alice, response, offset=-1).content == DATA


def test_a_running_stream_is_up_to_date_and_open(model: ScriptedModel, alice: Client) -> None:
    response = running(model, alice, gate := Gate())
    got = read(alice, response, unknown="x")
    assert (got.content, got.headers["stream-next-offset"]) == ("Grö".encode(), token(4))
    assert (got.headers["stream-up-to-date"], got.headers.get("stream-closed")) == ("true", None)
    assert got.headers["cache-control"] == "private, no-cache"
    empty = read(alice, response, offset=token(4))
    assert (empty.status_code, empty.content, empty.headers["stream-next-offset"]) == (200, b"", token(4))
    gate.open()
    alice.wait_until(response, "done")


def test_another_process_reads_what_is_stored(
    model: ScriptedModel, alice: Client, second: LiveServer
) -> None:
    response = running(model, alice, gate := Gate())
    there = alice.at(second)
    eventually(lambda: read(there, response).content == "Grö".encode())
    gate.open()
    alice.wait_until(response, "done")
    assert read(there, response, offset=4).content == "ße".encode()


def test_a_long_text_comes_in_portions_of_whole_characters(model: ScriptedModel, alice: Client) -> None:
    text = "€" * 50_000
    response = finished(model, alice, text)
    got, portions = read(alice, response), list[httpx.Response]()
    portions.append(got)
    while "stream-closed" not in got.headers:
        assert "stream-up-to-date" not in got.headers
        assert got.headers["cache-control"] == "private, max-age=60"
        portions.append(got := read(alice, response, offset=got.headers["stream-next-offset"]))
    assert [len(one.content) for one in portions] == [65_535, 65_535, 18_930]
    assert "".join(one.text for one in portions) == text


def test_now_skips_what_is_there(model: ScriptedModel, alice: Client) -> None:
    response = running(model, alice, gate := Gate())
    here = read(alice, response, offset="now")
    assert (here.content, here.headers["stream-next-offset"]) == (b"", token(4))
    assert (here.headers["stream-up-to-date"], here.headers["cache-control"]) == ("true", "no-store")
    gate.open()
    alice.wait_until(response, "done")
    ended = read(alice, response, offset="now")
    assert (ended.content, ended.headers["stream-closed"]) == (b"", "true")
    assert "etag" not in ended.headers


def test_head_tells_the_end_and_nothing_else(model: ScriptedModel, alice: Client) -> None:
    response = running(model, alice, gate := Gate())
    head = alice.http.head(f"/v1/streams/{response}")
    assert (head.status_code, head.headers["stream-next-offset"]) == (200, token(4))
    assert (head.headers["content-type"], head.headers["cache-control"]) == (
        "text/plain; charset=utf-8",
        "no-store",
    )
    assert "stream-closed" not in head.headers
    gate.open()
    alice.wait_until(response, "done")
    assert alice.http.head(f"/v1/streams/{response}").headers["stream-closed"] == "true"


def test_the_status_of_the_response_stands_beside_the_closure(model: ScriptedModel, alice: Client) -> None:
    model.script(refusal(403))
    alice.chat(response=(response := new_id("r")))
    got = read(alice, response)
    assert (got.content, got.headers["stream-closed"], got.headers["x-response-status"]) == (
        b"",
        "true",
        "failed",
    )


# Caching


def test_a_known_etag_gets_no_body(model: ScriptedModel, alice: Client) -> None:
    response = finished(model, alice)
    first = read(alice, response)
    assert first.headers["cache-control"] == "private, max-age=60"
    assert {"Authorization", "Cookie"} <= set(first.headers["vary"].split(", "))
    for tag in (first.headers["etag"], f"W/{first.headers['etag']}", f'"x", {first.headers["etag"]}'):
        again = alice.http.get(f"/v1/streams/{response}", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert again.headers["stream-next-offset"] == token(len(DATA))
        assert "content-length" not in again.headers


def test_the_etag_changes_with_text_offset_and_closure(model: ScriptedModel, alice: Client) -> None:
    response = running(model, alice, gate := Gate(), rest="")
    open_tags = [read(alice, response, offset=offset).headers["etag"] for offset in (0, 1, 4)]
    gate.open()
    alice.wait_until(response, "done")
    closed = [read(alice, response, offset=offset).headers["etag"] for offset in (0, 1, 4)]
    assert len({*open_tags, *closed}) == 6


def test_a_known_etag_keeps_no_redacted_or_deleted_text(model: ScriptedModel, alice: Client) -> None:
    text = "x" * len(redaction.TOMBSTONE)
    redacted, deleted = finished(model, alice, text), finished(model, alice, text)
    known = {"If-None-Match": read(alice, redacted).headers["etag"]}
    with transaction.atomic():
        redaction.redact_response(Response.objects.get(public_id=redacted), "staff")
    again = alice.http.get(f"/v1/streams/{redacted}", headers=known)
    assert (again.status_code, again.text) == (200, redaction.TOMBSTONE)
    alice.http.delete(f"/v1/responses/{deleted}").raise_for_status()
    assert_problem(alice.http.get(f"/v1/streams/{deleted}", headers=known), "not_found", 404)


# Long poll


def test_a_long_poll_returns_at_once_what_is_there(model: ScriptedModel, alice: Client) -> None:
    response = running(model, alice, gate := Gate())
    got = read(alice, response, offset=1, live="long-poll")
    assert (got.status_code, got.text, got.headers["stream-next-offset"]) == (200, "rö", token(4))
    assert got.headers["stream-up-to-date"] == "true"
    assert int(got.headers["stream-cursor"]) > 0
    gate.open()
    alice.wait_until(response, "done")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
@pytest.mark.parametrize("offset", ["4", "now"])
def test_a_long_poll_waits_for_text_and_then_for_the_end(
    model: ScriptedModel, alice: Client, second: LiveServer, elsewhere: bool, offset: str
) -> None:
    response = running(model, alice, gate := Gate())
    reader = alice.at(second) if elsewhere else alice
    eventually(lambda: read(reader, response).headers["stream-next-offset"] == token(4))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(read, reader, response, offset=offset, live="long-poll")
        eventually(waiting.running)
        gate.open()
        got = waiting.result()
    text = b""
    while got.status_code == 200:
        text += got.content
        got = read(reader, response, offset=got.headers["stream-next-offset"], live="long-poll")
    assert (got.status_code, got.headers["stream-next-offset"]) == (204, token(len("Größe".encode())))
    assert got.headers["stream-closed"] == got.headers["stream-up-to-date"] == "true"
    assert offset == "now" or text == "ße".encode()


def test_a_cursor_always_rises(model: ScriptedModel, alice: Client) -> None:
    response, cursor = finished(model, alice), "0"
    for _ in range(5):
        got = read(alice, response, offset=-1, live="long-poll", cursor=cursor)
        assert int(got.headers["stream-cursor"]) > int(cursor)
        cursor = got.headers["stream-cursor"]


def test_a_long_poll_gives_nothing_after_the_access_has_ended(model: ScriptedModel, alice: Client) -> None:
    response = running(model, alice, gate := Gate())
    witness = SSE.follow(alice, response, 4).until("")
    name = alice.headers["Authorization"].removeprefix("Bearer ")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(read, alice, response, offset=4, live="long-poll")
        eventually(waiting.running)
        ApiToken.objects.get(digest=ApiToken.digest_of(name)).delete()
        witness.rest()  # ends once the server knows
        gate.open()
        assert_problem(waiting.result(), "unauthenticated", 401)
    eventually(lambda: Response.objects.filter(public_id=response, status="done").exists())


# Bad input

INSIDE = [offset for offset in range(len(DATA)) if offset not in BOUNDARIES]
BAD = [*INSIDE[:3], -2, len(DATA) + 1, "9" * 16, "9" * 17, "", "x", "1.5", "1,2", " 1", "٣", "NOW", "+1"]


@pytest.mark.parametrize("mode", [{}, {"live": "long-poll"}, {"live": "sse"}], ids=str)
def test_an_offset_that_is_none_is_refused(model: ScriptedModel, alice: Client, mode: Json) -> None:
    response = finished(model, alice)
    for offset in [*BAD, [0, 1]]:
        assert_problem(read(alice, response, offset=offset, **mode), "bad_offset", 400)


@pytest.mark.parametrize("live_mode", ["long-poll", "sse"])
def test_a_live_read_names_its_offset(model: ScriptedModel, alice: Client, live_mode: str) -> None:
    assert_problem(read(alice, finished(model, alice), live=live_mode), "bad_offset", 400)


def test_an_unknown_live_mode_is_refused(model: ScriptedModel, alice: Client) -> None:
    response = finished(model, alice)
    for live in ("", "websocket", "SSE"):
        assert_problem(read(alice, response, offset=0, live=live), "bad_request", 400)


def test_another_users_stream_is_an_unknown_one(model: ScriptedModel, alice: Client, bob: Client) -> None:
    response = finished(model, alice)
    for query in ({}, {"offset": "now"}, {"offset": 0, "live": "sse"}, {"offset": 0, "live": "long-poll"}):
        foreign, unknown = read(bob, response, **query), read(bob, new_id("r"), **query)
        assert_problem(foreign, "not_found", 404)
        assert foreign.content == unknown.content
    assert bob.http.head(f"/v1/streams/{response}").status_code == 404
    assert_problem(httpx.get(f"{alice.server.url}/v1/streams/{response}"), "unauthenticated", 401)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_stream_is_for_reading_alone(model: ScriptedModel, alice: Client, method: str) -> None:
    response = finished(model, alice)
    refused = alice.http.request(method, f"/v1/streams/{response}", content=b"x")
    assert_problem(refused, "method_not_allowed", 405)
    assert read(alice, response).content == DATA
