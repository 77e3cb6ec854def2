"""Bad input in other clients' protocols: an error in the client's own form, nothing stored in part, and no 5xx."""

from __future__ import annotations

import base64
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import httpx
import pytest

from chat.api.base import View, route_of
from chat.api.operations import operation_of
from chat.models import Attachment, Message, Response, Thread
from chat.schemas.prompts import MAX_TURNS
from chat.testing import Gate, ScriptedModel, answer
from chat.urls import urlpatterns
from tests.contract.expect import assert_problem
from tests.dialects.bodies import BODIES, SENDING, BodyRoute, SendingRoute
from tests.dialects.body_forms import DEEP, UNSTORABLE, BodyForm, BodyPlace, wrong
from tests.live.client import Client, Json, new_id
from tests.live.pictures import PNG, upload
from tests.live.transports import SSE

MIB = 1024 * 1024
# Bytes of a picture by default.
PICTURE_BYTES = 5 * MIB
# Of the paths of other clients.
PREFIXES = ("/api/ai-sdk/", "/api/ag-ui", "/api/openui/", "/v1/")
# Errors of large values: too large, or no value of the right form.
REFUSED = {"bad_request", "too_large", "not_found", "model_not_found", "previous_response_not_found"}

# One row for each form: two routes check the same one alike.
FORMS = list({one.form: one for one in reversed(BODIES)}.values())

forms = pytest.mark.parametrize("route", FORMS, ids=[one.name or one.path for one in FORMS])
sending = pytest.mark.parametrize("route", SENDING, ids=[one.name for one in SENDING])
# OpenUI's storage takes the text of the first message alone, and `/api/response` pictures by their path.
SHOWING = [one for one in SENDING if one.name != "openui"]
showing = pytest.mark.parametrize("route", SHOWING, ids=[one.name for one in SHOWING])
WITH_DATA = [one for one in SHOWING if one.name != "text"]
with_data = pytest.mark.parametrize("route", WITH_DATA, ids=[one.name for one in WITH_DATA])


def error_of(answer: httpx.Response) -> tuple[str, str]:
    """Return the code and the words of an error, which has the form of its protocol."""
    path = answer.request.url.path
    if not path.startswith("/v1/") or path.startswith("/v1/streams/"):
        problem = answer.json()
        assert_problem(answer, problem["code"], answer.status_code)
        return problem["code"], problem["detail"]
    error = answer.json()["error"]
    assert error.keys() >= {"message", "type", "param", "code"}
    assert (error["type"], answer.status_code < 500) == ("invalid_request_error", True)
    return error["code"], error["message"]


def rows_of(client: Client) -> Counter[str]:
    """Count what is stored for a user."""
    kinds = (Thread, Message, Response, Attachment)
    return Counter(
        {kind.__name__: kind.objects.filter(owner__username=client.username).count() for kind in kinds}
    )


def send(client: Client, route: BodyRoute, body: Json) -> httpx.Response:
    return client.http.request(route.method, route.path, json=body)


def test_every_route_that_takes_a_body_has_a_row() -> None:
    rows = {(one.path, one.form) for one in BODIES}
    for pattern in urlpatterns:
        path = f"/{pattern.pattern}"
        taken = re.compile(re.sub("<[^>]*>", "[^/]+", path) + r"\Z")
        if path.startswith(PREFIXES) and (route := route_of(pattern.callback)):
            forms = {form for view in route.methods.values() for form in forms_of(view)}
            assert forms == {form for known, form in rows if taken.match(known)}, path


def forms_of(view: View) -> tuple[type, ...]:
    """Return the structs of which the JSON body of a view is one."""
    operation = operation_of(view)
    return operation.body if operation and operation.body_type == "application/json" else ()


# Every field


@forms
@pytest.mark.parametrize("number", [1, pytest.param(None, marks=pytest.mark.long)], ids=["one", "all"])
def test_a_wrong_value_in_any_field_is_named_and_stores_nothing(
    model: ScriptedModel, alice: Client, route: BodyRoute, number: int | None
) -> None:
    form = BodyForm(route.form)
    for at, place in enumerate(form.places()):
        values = list(wrong(place))
        # Another type at each field.
        first = at % max(1, len(values))
        for value in [*values[first:], *values[:first]][:number]:
            code, detail = error_of(send(alice, route, form.changed(route.body, place, value)))
            assert code in ("bad_request", "too_large"), (place.path, value)
            assert any(name in detail for name in place.names), (place.path, value, detail)
    assert (model.requests, rows_of(alice).total()) == ([], 0)


@forms
def test_a_value_in_any_field_that_is_nested_too_deep_or_cannot_be_stored_is_refused(
    model: ScriptedModel, alice: Client, route: BodyRoute
) -> None:
    form = BodyForm(route.form)
    for place, (value, word) in zip(
        form.places(), cycle([(DEEP, "nested"), (UNSTORABLE, "NUL")]), strict=False
    ):
        code, detail = error_of(send(alice, route, form.changed(route.body, place, value)))
        assert (code, word in detail) == ("bad_request", True), (place.path, detail)
    assert (model.requests, rows_of(alice).total()) == ([], 0)


@forms
def test_a_very_large_value_in_any_field_is_taken_whole_or_refused_whole(
    model: ScriptedModel, alice: Client, route: BodyRoute
) -> None:
    stored = rows_of(alice)
    for place, body in large_bodies(route):
        answered, before = send(alice, route, body), stored
        stored = rows_of(alice)
        if not answered.is_success:
            assert (error_of(answered)[0] in REFUSED, answered.status_code < 500) == (True, True), place.path
            assert stored == before, place.path


def large_bodies(route: BodyRoute) -> Iterator[tuple[BodyPlace, Json]]:
    form = BodyForm(route.form)
    for place in form.places():
        for value in form.large(place):
            yield place, form.changed(route.body, place, value)


# Long conversations


@sending
def test_a_thousand_messages_are_taken_and_one_more_is_too_large(
    model: ScriptedModel, alice: Client, route: SendingRoute
) -> None:
    refused = alice.http.post(route.path, json=route.conversation(MAX_TURNS + 1))
    if route.name == "openui":  # takes the first message alone
        assert refused.is_success
        return
    assert (refused.status_code, error_of(refused)[0]) == (413, "too_large")
    assert (model.requests, rows_of(alice).total()) == ([], 0)
    taken = alice.http.post(route.path, json=route.conversation(MAX_TURNS))
    assert taken.is_success
    assert rows_of(alice)["Message"] == MAX_TURNS + len(model.requests)


# Pictures


def png_of(size: int) -> bytes:
    """Return a PNG of so many bytes."""
    head, end = PNG[:33], PNG[-12:]
    pixels = b"IDAT" + bytes(size - len(head) - len(end) - 12)
    return b"%b%b%b%b%b" % (
        head,
        (len(pixels) - 4).to_bytes(4, "big"),
        pixels,
        zlib.crc32(pixels).to_bytes(4, "big"),
        end,
    )


def data_url(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode()


@sending
@pytest.mark.parametrize("size", [PICTURE_BYTES + 1, 8 * MIB])
def test_a_picture_beyond_the_limit_is_too_large_and_stores_nothing(
    model: ScriptedModel, alice: Client, route: SendingRoute, size: int
) -> None:
    body = route.body(route.said("user", route.picture(data_url(png_of(size)))))
    refused = alice.http.post(route.path, json=body)
    if route.name == "openui" and size < 6 * MIB:  # takes the text of the first message alone
        assert refused.is_success
        return
    assert (refused.status_code, error_of(refused)[0]) == (413, "too_large")
    assert (model.requests, rows_of(alice).total()) == ([], 0)


@pytest.mark.long
@with_data
def test_a_picture_of_the_limit_is_taken(model: ScriptedModel, alice: Client, route: SendingRoute) -> None:
    body = route.body(route.said("user", route.picture(data_url(png_of(PICTURE_BYTES)))))
    assert alice.http.post(route.path, json=body).is_success
    assert Attachment.objects.get(owner__username=alice.username).size == PICTURE_BYTES


@with_data
def test_a_refused_prompt_leaves_no_picture_behind(
    model: ScriptedModel, alice: Client, route: SendingRoute
) -> None:
    good, bad = (
        route.said("user", route.picture(url)) for url in (data_url(PNG), "/api/attachments/nothing")
    )
    refused = alice.http.post(route.path, json=route.body(good, bad))
    assert (refused.status_code, error_of(refused)[0]) == (400, "bad_request")
    assert (model.requests, rows_of(alice).total()) == ([], 0)


# Marks

# The place behind so much of a response, in each protocol that has one.
MARKS = {
    "ag-ui": "/api/ag-ui?runId={response}&offset={mark}",
    "responses": "/v1/responses/{response}?stream=true&starting_after={mark}",
    "durable streams": "/v1/streams/{response}?offset={mark}&live=sse",
}


def test_a_mark_of_another_response_that_a_running_one_has_not_reached_is_a_bad_offset(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(answer("A far longer answer."), answer("Short", gate := Gate()))
    alice.chat(response=(longer := new_id("r")))
    mark = alice.response(longer)["offset"] + 2  # the run and its text have begun
    reader = SSE.send(alice, response=(running := new_id("r"))).until("Short")
    paths = [path.format(response=running, mark=mark) for path in MARKS.values()]
    with ThreadPoolExecutor(len(paths)) as pool:
        refused = list(pool.map(alice.http.get, paths))
    gate.open()
    reader.rest()
    assert {(one.status_code, error_of(one)[0]) for one in refused} == {(400, "bad_offset")}


# Ids of others


@showing
def test_another_users_picture_is_an_unknown_one(
    model: ScriptedModel, alice: Client, bob: Client, route: SendingRoute
) -> None:
    said = []
    for name in (upload(bob)["attachmentId"], new_id("a")):
        body = route.body(route.said("user", route.picture(f"/api/attachments/{name}")))
        refused = alice.http.post(route.path, json=body)
        code, detail = error_of(refused)
        said.append((refused.status_code, code, detail.replace(name, "")))
    assert said[0] == said[1]
    assert (said[0][:2], model.requests, rows_of(alice).total()) == ((400, "bad_request"), [], 0)


@sending
def test_another_users_conversation_is_not_continued(
    model: ScriptedModel, alice: Client, bob: Client, route: SendingRoute
) -> None:
    """The same id is a thread of the user's own, or unknown."""
    names = {"thread": new_id("t"), "response": new_id("r"), "prompt": new_id("m")}
    bob.chat("A secret", **names)
    answers = [alice.http.post(route.path, json=named(route, ids)) for ids in (names, unknown(names))]
    statuses = [answer.status_code for answer in answers]
    assert statuses[0] == statuses[1]
    assert statuses[0] in (200, 201, 404)
    assert "A secret" not in "".join(answer.text for answer in answers)
    assert "A secret" not in str([request.json for request in model.requests[1:]])
    assert len(bob.messages(names["thread"])) == 2


def unknown(names: dict[str, str]) -> dict[str, str]:
    return {kind: new_id(kind[0]) for kind in names}


def named(route: SendingRoute, ids: dict[str, str]) -> Json:
    """Return a body that names a thread, a response or a prompt wherever the protocol can."""
    hello = route.said("user", "Hello")
    match route.name:
        case "text":
            return {**route.body(hello), "threadId": ids["thread"]}
        case "ai-sdk":
            return {**route.body({**hello, "id": ids["prompt"]}), "id": ids["thread"]}
        case "ag-ui":
            return {**route.body({**hello, "id": ids["prompt"]}), "threadId": ids["thread"]}
        case "copilotkit":
            body = {"threadId": ids["thread"], "runId": ids["response"]}
            return {"method": "agent/connect", "params": {"agentId": "default"}, "body": body}
        case "responses":
            return {**route.body(hello), "previous_response_id": ids["response"]}
    return route.body(hello)
