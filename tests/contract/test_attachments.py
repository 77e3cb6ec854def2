"""Pictures: upload, access by the owner alone, and delivery to models that take them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from chat.governance import files
from chat.models import Attachment, User
from chat.testing import ScriptedModel
from chat.threads.attachments import GUESTS_TOTAL
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.page_client import csrf
from tests.live.pictures import GIF, JPEG, PICTURES, PNG, WEBP, part, upload

SAYS = {"type": "text", "text": "What is \\u0074his?  "}


@pytest.fixture
def vision_client(live: None, servers: Any, make_client: Any) -> Client:
    """A user of a server whose C1 takes pictures, with small bounds."""
    server = servers.keep(
        CHAT_MODELS='{"c1": {"images": true}}', CHAT_ATTACHMENTS="3", CHAT_ATTACHMENT_BYTES="2000"
    )
    client: Client = make_client(server)
    return client


def test_pictures_of_each_type_are_served_unchanged(alice: Client) -> None:
    for kind, data in PICTURES.items():
        made = upload(alice, data, kind)
        assert (made["contentType"], made["size"]) == (kind, len(data))
        shown = alice.get(made["url"])
        assert (shown.status_code, shown.headers["content-type"], shown.content) == (200, kind, data)


@pytest.mark.parametrize(
    ("data", "declared", "kind"),
    [
        (JPEG, "image/jpg", "image/jpeg"),
        (JPEG, "image/pjpeg", "image/jpeg"),
        (WEBP, "image/jpeg", "image/webp"),
        (PNG, "IMAGE/X-PNG", "image/png"),
        (GIF, "application/octet-stream", "image/gif"),
        (JPEG + b"\0\0\0\x18ftypmp42" + b"film" * 250, "image/jpeg", "image/jpeg"),
        (JPEG + b"\0" * 2048, "image/jpeg", "image/jpeg"),
    ],
)
def test_a_picture_is_stored_as_its_bytes_say(alice: Client, data: bytes, declared: str, kind: str) -> None:
    made = upload(alice, data, declared)
    assert made["contentType"] == kind
    shown = alice.get(made["url"])
    assert (shown.headers["content-type"], shown.content) == (kind, PICTURES[kind])


def test_a_picture_loses_its_location(alice: Client) -> None:
    located = JPEG[:20] + b"\xff\xe1\0\x0eExif\0\0canary" + JPEG[20:]
    assert alice.get(upload(alice, located, "image/jpeg")["url"]).content == JPEG


def test_an_opened_picture_can_run_no_script(alice: Client) -> None:
    headers = alice.get(upload(alice)["url"]).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"].startswith("inline; filename=")
    assert {"default-src 'none'", "sandbox"} <= set(headers["content-security-policy"].split("; "))
    assert headers["cache-control"].startswith("private")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (GIF, "text/html"),
        (PNG, "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
        (b"<html><script>alert(1)</script>", "image/png"),
        (PNG[:20], "image/png"),
        (b"", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPnone", "image/webp"),
    ],
)
def test_a_body_that_is_no_picture_or_not_declared_as_one_is_refused(
    alice: Client, data: bytes, kind: str
) -> None:
    answered = alice.http.post("/api/attachments", content=data, headers={"Content-Type": kind})
    assert_problem(answered, "unsupported_media_type", 415)


def test_a_picture_beyond_the_bound_is_refused(vision_client: Client) -> None:
    big = PNG[:-12] + b"\0" * 2000 + PNG[-12:]
    answered = vision_client.http.post("/api/attachments", content=big, headers={"Content-Type": "image/png"})
    assert assert_problem(answered, "too_large", 413)["limit"] == 2000


def test_a_user_cannot_store_more_pictures_than_the_bound(vision_client: Client) -> None:
    for _ in range(3):
        upload(vision_client)
    answered = vision_client.http.post("/api/attachments", content=PNG, headers={"Content-Type": "image/png"})
    assert assert_problem(answered, "quota_exceeded", 429)["quota"] == "attachments"
    assert answered.headers["retry-after"]


def test_all_guests_together_have_a_bound_too(make_client: Any, server: Any, live: None) -> None:
    guest = make_client(server, token=False)
    token = csrf(guest)
    owner = User.objects.create(username=new_id("guest"), is_guest=True)
    row = {"content_type": "image/png", "size": len(PNG), "data": PNG}
    Attachment.objects.bulk_create(Attachment(owner=owner, **row) for _ in range(GUESTS_TOTAL))
    try:
        answered = guest.http.post(
            "/api/attachments", content=PNG, headers={"Content-Type": "image/png", **token}
        )
        assert assert_problem(answered, "quota_exceeded", 429)["quota"] == "guests_attachments"
    finally:
        owner.delete()
    upload(guest, token=token)


def test_a_model_that_takes_pictures_gets_the_picture_and_all_else_verbatim(
    model: ScriptedModel, vision_client: Client
) -> None:
    made = upload(vision_client)
    shown = {"type": "image_url", "image_url": {"url": made["url"], "detail": "low"}}
    thread = new_id("t")
    vision_client.chat([SAYS, shown], thread=thread)
    vision_client.chat("And now?", thread=thread)
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    for request in model.requests:
        told = request.messages[0]["content"]
        assert told == [SAYS, {"type": "image_url", "image_url": {"url": url, "detail": "low"}}]
    stored = vision_client.messages(thread)[0]["content"]
    assert stored == [SAYS, shown]


def test_any_other_model_is_told_that_there_is_one(model: ScriptedModel, alice: Client) -> None:
    alice.chat([SAYS, part(upload(alice))])
    assert model.requests[0].messages[0]["content"] == [SAYS, {"type": "text", "text": "[image]"}]


def test_parts_that_show_no_attachment_are_forwarded_as_they_came(
    model: ScriptedModel, alice: Client
) -> None:
    foreign = {"type": "image_url", "image_url": {"url": "https://example.org/api/attachments/x.png"}}
    alice.chat([SAYS, foreign])
    assert model.requests[0].messages[0]["content"] == [SAYS, foreign]


def test_an_address_in_the_models_own_network_is_not_forwarded(
    model: ScriptedModel, alice: Client, vision_client: Client
) -> None:
    mark = {"type": "text", "text": "[image]"}
    for url in ("http://169.254.169.254/latest/", "file:///etc/passwd"):
        for client in (alice, vision_client):
            client.chat([SAYS, {"type": "image_url", "image_url": {"url": url}}])
            assert model.requests[-1].messages[0]["content"] == [SAYS, mark]


def test_an_openassistant_model_gets_the_words_beside_a_picture(model: ScriptedModel, alice: Client) -> None:
    alice.chat([SAYS, part(upload(alice))], model="openassistant")
    assert f"<|prompter|>{SAYS['text']}\n[image]<|endoftext|>" in model.requests[0].json["prompt"]


def test_the_session_names_the_models_that_take_pictures(alice: Client, vision_client: Client) -> None:
    assert alice.get("/api/session").json()["imageModels"] == []
    assert vision_client.get("/api/session").json()["imageModels"] == ["c1"]
    assert alice.get("/api/session").json()["attachmentBytes"] == 5_242_880


def test_a_prompt_with_a_picture_that_is_not_there_is_refused_and_not_stored(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    thread = new_id("t")
    for url in (upload(bob)["url"], "/api/attachments/unknown"):
        answered = alice.chat([{"type": "image_url", "image_url": {"url": url}}], thread=thread)
        problem = assert_problem(answered, "bad_request", 400)
        assert "attachment" in problem["detail"]
    assert model.requests == []
    assert alice.get(f"/api/threads/{thread}").status_code == 404


def test_an_imported_conversation_may_show_pictures_of_ones_own_alone(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    last = {"role": "user", "content": "And?"}
    for made, status in ((upload(bob), 400), (upload(alice), 200)):
        body = {"messages": [{"role": "user", "content": [part(made)]}, last]}
        assert alice.http.post("/api/response", json=body).status_code == status


def aged(*made: dict[str, Any]) -> None:
    """Move uploads more than a day into the past."""
    rows = Attachment.objects.filter(public_id__in=[one["attachmentId"] for one in made])
    rows.update(created_at=datetime.now(UTC) - timedelta(hours=25))


def test_a_picture_that_no_message_shows_goes_after_a_day(model: ScriptedModel, alice: Client) -> None:
    sent, dropped, fresh, of_a_deleted_thread = (upload(alice) for _ in range(4))
    alice.chat([part(sent), part(sent)])
    alice.chat([part(of_a_deleted_thread)], thread=(thread := new_id("t")))
    assert alice.http.delete(f"/api/threads/{thread}").status_code == 204
    aged(sent, dropped, of_a_deleted_thread)
    with transaction.atomic():
        assert files.delete_unused() >= 2
    there = [alice.get(made["url"]).status_code for made in (sent, dropped, fresh, of_a_deleted_thread)]
    assert there == [200, 404, 200, 404]


@pytest.mark.parametrize(
    "head",
    [
        {"Content-Disposition": "attachment; filename*=x-none''a.txt", "Content-Type": "text/plain"},
        {"Content-Type": "text/plain; charset*=x-none''a"},
    ],
)
def test_a_head_in_an_unknown_encoding_is_refused(alice: Client, head: dict[str, str]) -> None:
    assert_problem(alice.http.post("/api/attachments", content=b"words", headers=head), "bad_request", 400)
