"""A body beyond the limit, in other clients' protocols: an error in the client's own form, and nothing is stored."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Attachment, Message, Thread
from chat.testing import ScriptedModel
from tests.live.client import Client, Json, new_id
from tests.live.pictures import PNG

MIB = 1024 * 1024
BIG = "data:image/png;base64," + base64.b64encode(PNG + b"\0" * 8 * MIB).decode()

Body = Callable[[str], Json]


def ag_ui(picture: str) -> Json:
    part = {"type": "image", "source": {"type": "url", "value": picture}}
    message = {"id": new_id("m"), "role": "user", "content": [part]}
    return {"threadId": new_id("t"), "runId": new_id("r"), "messages": [message]}


def ai_sdk(picture: str) -> Json:
    part = {"type": "file", "mediaType": "image/png", "url": picture}
    message = {"id": new_id("m"), "role": "user", "parts": [part]}
    return {"id": new_id("t"), "messages": [message], "trigger": "submit-message"}


def completions(picture: str) -> Json:
    part = {"type": "image_url", "image_url": {"url": picture}}
    return {"messages": [{"role": "user", "content": [part]}]}


def responses(picture: str) -> Json:
    part = {"type": "input_image", "image_url": picture}
    return {"input": [{"role": "user", "content": [part]}]}


ROUTES: dict[str, Body] = {
    "/api/ag-ui": ag_ui,
    "/api/ai-sdk/chat": ai_sdk,
    "/v1/chat/completions": completions,
    "/v1/responses": responses,
}


def error_of(answer: Any) -> str:
    found = answer.json()
    return str(found["error"]["code"] if "error" in found else found["code"])


@pytest.mark.parametrize("path", ROUTES)
def test_a_picture_of_eight_megabytes_is_too_large_and_stores_nothing(
    model: ScriptedModel, alice: Client, path: str
) -> None:
    before = Thread.objects.count(), Message.objects.count(), Attachment.objects.count()
    refused = alice.http.post(path, json=ROUTES[path](BIG))
    assert (refused.status_code, error_of(refused)) == (413, "too_large")
    assert model.requests == []
    assert (Thread.objects.count(), Message.objects.count(), Attachment.objects.count()) == before
