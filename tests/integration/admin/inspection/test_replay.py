"""A response's log as JSON, the stop button, and the page of a request: permissions, audit log, content."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import escape
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from chat.admin.access import audit
from chat.admin.inspection import live_log
from chat.models import (
    AuditAction,
    AuditLogEntry,
    Chunk,
    PersonRequest,
    PromptBlob,
    Response,
    Role,
    Status,
    UpstreamCall,
    User,
)
from chat.responses.usage import blobs
from tests.integration.thought_rows import write_request, write_thought
from tests.integration.trace_rows import SAID, at, make_recorded, write

pytestmark = pytest.mark.django_db

RIGHTS = ("view_response", "read_content")
RUNNING: dict[str, Any] = {
    "status": Status.STREAMING,
    "finished_at": None,
    "kept_offset": None,
    "finish_reason": None,
}


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def log_of(client: Client, response: Response, after: int | str = 0) -> dict[str, Any]:
    answer = client.get(reverse("admin:chat_response_log", args=[response.pk]), {"after": after})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def test_a_replay_contains_all_text_with_its_times_and_is_recorded(
    staff: Callable[..., Client], owner: User
) -> None:
    response = make_recorded(owner)
    found = log_of(staff(*RIGHTS), response)
    assert found["arrivals"] == [[moment, words, False] for moment, words in SAID]
    assert (found["offset"], found["more"], found["ended"], found["status"]) == (17, False, True, "done")
    record = AuditLogEntry.objects.get()
    assert (record.action, record.object_pk, record.username) == (AuditAction.REPLAYED, response.pk, "staff")


@pytest.mark.parametrize("after", range(1, 18))
def test_a_replay_can_start_after_any_byte(staff: Callable[..., Client], owner: User, after: int) -> None:
    response, client = make_recorded(owner), staff(*RIGHTS)
    found = log_of(client, response, after)
    whole = "".join(words for _, words in SAID)
    assert "".join(words for _, words, _ in found["arrivals"]) == whole[after:]
    last = [moment for moment, words in SAID for _ in words][after:]
    assert [moment for moment, words, _ in found["arrivals"] for _ in words] == last


def test_a_character_that_spans_two_chunks_stays_whole(staff: Callable[..., Client], owner: User) -> None:
    response = make_recorded(owner)
    half = "é".encode()
    for start, data in ((17, half[:1]), (18, half[1:])):
        Chunk.objects.create(response=response, start=start, stop=start + 1, data=data)
    Response.objects.filter(pk=response.pk).update(log_length=19)
    texts = [words for _, words, _ in log_of(staff(*RIGHTS), response)["arrivals"]]
    assert "".join(texts) == "Hello there, you.é"


def test_a_long_log_comes_in_pieces(
    staff: Callable[..., Client], owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_log, "PIECE_BYTES", 8)
    response, client = make_recorded(owner), staff(*RIGHTS)
    first = log_of(client, response)
    rest = log_of(client, response, first["offset"])
    assert (first["offset"], first["more"], rest["more"]) == (11, True, False)
    assert first["arrivals"] + rest["arrivals"] == [[moment, words, False] for moment, words in SAID]


def test_think_items_are_marked(staff: Callable[..., Client], owner: User) -> None:
    response = make_recorded(owner)
    write(response, [(3600, "thinking")], 17, think=True)
    assert log_of(staff(*RIGHTS), response, 17)["arrivals"] == [[3600, "thinking", True]]


THOUGHT = [(600, "They greet"), (700, ", so "), (1100, "do I.")]


def log_with_thought(client: Client, response: Response, **offsets: int) -> dict[str, Any]:
    answer = client.get(reverse("admin:chat_response_log", args=[response.pk]), offsets)
    assert answer.status_code == 200
    return dict(answer.json())


def test_a_replay_contains_the_thought_with_its_times(staff: Callable[..., Client], owner: User) -> None:
    response, client = make_recorded(owner), staff(*RIGHTS)
    write_thought(response, (0, THOUGHT[:2]), (5, THOUGHT[2:]))
    found = log_with_thought(client, response)
    assert found["thoughts"] == [list(one) for one in THOUGHT]
    assert (found["thinkingOffset"], found["more"]) == (20, False)
    rest = log_with_thought(client, response, after=17, afterThinking=15)
    assert (rest["arrivals"], rest["thoughts"]) == ([], [[1100, "do I."]])
    assert AuditLogEntry.objects.count() == 1


def test_a_long_thought_comes_in_pieces(
    staff: Callable[..., Client], owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_log, "PIECE_BYTES", 8)
    response, client = make_recorded(owner), staff(*RIGHTS)
    write_thought(response, (0, THOUGHT))
    first = log_with_thought(client, response)
    assert (first["thinkingOffset"], first["more"]) == (10, True)
    rest = log_with_thought(client, response, after=17, afterThinking=10)
    assert [words for _, words in first["thoughts"] + rest["thoughts"]] == ["They greet", ", so ", "do I."]


def test_an_invalid_offset_of_thought_is_refused(staff: Callable[..., Client], owner: User) -> None:
    address = reverse("admin:chat_response_log", args=[make_recorded(owner).pk])
    assert staff(*RIGHTS).get(address, {"afterThinking": "-1"}).status_code == 400


@pytest.mark.parametrize("after", ["-1", "x", "1" * 20, "²"])
def test_an_invalid_offset_is_refused(staff: Callable[..., Client], owner: User, after: str) -> None:
    response = make_recorded(owner)
    address = reverse("admin:chat_response_log", args=[response.pk])
    assert staff(*RIGHTS).get(address, {"after": after}).status_code == 400


@pytest.mark.parametrize("rights", [(), ("view_response",), ("read_content",)])
def test_a_replay_needs_both_permissions(
    staff: Callable[..., Client], owner: User, rights: tuple[str, ...]
) -> None:
    response = make_recorded(owner)
    write_thought(response, (0, THOUGHT))
    answer = staff(*rights).get(reverse("admin:chat_response_log", args=[response.pk]))
    assert answer.status_code == 403
    assert b"Hello" not in answer.content
    assert b"They greet" not in answer.content
    assert not AuditLogEntry.objects.exists()


def test_visitors_are_sent_to_the_login(owner: User) -> None:
    response = make_recorded(owner)
    for name in ("log", "stop"):
        answer = Client().post(reverse(f"admin:chat_response_{name}", args=[response.pk]))
        assert (answer.status_code, "login" in answer.headers.get("Location", "")) == (302, True)


def test_a_continued_replay_is_recorded_once(staff: Callable[..., Client], owner: User) -> None:
    response, client = make_recorded(owner), staff(*RIGHTS)
    for after in (5, 11, 0, 17):
        log_of(client, response, after)
    assert AuditLogEntry.objects.count() == 2  # the first request, and the one from the start in between
    AuditLogEntry.objects.update(moment=Now() - live_log.VIEW_SESSION - timedelta(seconds=1))
    log_of(client, response, 5)
    assert AuditLogEntry.objects.count() == 3


def test_a_replay_needs_a_reason_where_one_is_required(
    staff: Callable[..., Client], owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ReplayReasonRequired:
        admin_reason = True

    response, client = make_recorded(owner), staff(*RIGHTS)
    log_of(client, response)
    monkeypatch.setattr(audit, "settings", ReplayReasonRequired)
    for after in (0, 5):
        answer = client.get(reverse("admin:chat_response_log", args=[response.pk]), {"after": after})
        assert (answer.status_code, b"Hello" in answer.content) == (403, False)


def test_a_stop_needs_its_permission_and_is_recorded(staff: Callable[..., Client], owner: User) -> None:
    response = make_recorded(owner, **RUNNING)
    address = reverse("admin:chat_response_stop", args=[response.pk])
    client = staff("view_response")
    assert client.post(address).status_code == 403
    assert ">Stop</button>" not in client.get(_page(response)).content.decode()
    assert Response.objects.get().stop_requested_at is None
    User.objects.filter(username="staff").delete()
    client = staff("view_response", "stop_response")
    assert ">Stop</button>" in client.get(_page(response)).content.decode()
    assert client.get(address).status_code == 405
    assert client.post(address).headers["Location"] == _page(response)
    assert Response.objects.get().stop_requested_at is not None
    assert AuditLogEntry.objects.get().action == AuditAction.STOPPED


def test_stopping_a_response_that_has_ended_reports_it(staff: Callable[..., Client], owner: User) -> None:
    response, client = make_recorded(owner), staff("view_response", "stop_response")
    answer = client.post(reverse("admin:chat_response_stop", args=[response.pk]), follow=True)
    assert "The response had already ended." in answer.content.decode()


def test_stopping_an_orphaned_response_ends_it_at_once(staff: Callable[..., Client], owner: User) -> None:
    response = make_recorded(owner, **RUNNING)
    Response.objects.update(lease_until=Now() - timedelta(seconds=1))
    staff("view_response", "stop_response").post(reverse("admin:chat_response_stop", args=[response.pk]))
    assert Response.objects.get().status == Status.STOPPED


def _page(response: Response) -> str:
    return reverse("admin:chat_response_change", args=[response.pk])


HIDDEN_RIGHTS = (*RIGHTS, "read_hidden_content")


def recorded_call(response: Response, words: str = "Hi") -> UpstreamCall:
    """Return a call whose provenance is a request with one message."""
    body = f'{{"model":"m","messages":[{{"role":"user","content":"{words}"}}],"tools":null}}'.encode()
    envelope = b'{"model":"m","messages":null,"tools":null}'
    tools = b'[{"function":{"name":"<b>clock</b>"}}]'
    for text in (envelope, tools):
        PromptBlob.objects.get_or_create(digest=blobs.sha256_hex(text), defaults={"text": text.decode()})
    call = UpstreamCall.objects.filter(response=response.pk).order_by("round").last()
    assert call is not None
    whole = body.replace(b'"tools":null', b'"tools":' + tools)
    call.request_digest, call.tools_digest = blobs.sha256_hex(whole), blobs.sha256_hex(tools)
    envelope_digest, prompt = blobs.sha256_hex(envelope), response.prompt_id
    call.provenance = {
        "leaf": prompt,
        "first": prompt,
        "revised": {},
        "own": 0,
        "system": "",
        "context": None,
    }
    call.provenance |= {"envelope": envelope_digest, "images": False}
    call.save()
    return call


def request_page(client: Client, call: UpstreamCall) -> str:
    answer = client.get(reverse("admin:chat_response_prompt", args=[call.response, call.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_request_is_shown_byte_for_byte_and_the_view_is_audited(
    staff: Callable[..., Client], owner: User
) -> None:
    response = make_recorded(owner)
    text = request_page(staff(*HIDDEN_RIGHTS), recorded_call(response))
    assert "Byte for byte the request" in text
    assert escape("<b>clock</b>") in text
    assert "<b>clock" not in text
    assert [record.action for record in AuditLogEntry.objects.all()] == [AuditAction.HIDDEN]


def test_a_downloaded_body_has_the_recorded_digest(staff: Callable[..., Client], owner: User) -> None:
    call = recorded_call(make_recorded(owner))
    answer = staff(*HIDDEN_RIGHTS).get(
        reverse("admin:chat_response_prompt", args=[call.response, call.pk]), {"json": ""}
    )
    assert blobs.sha256_hex(answer.content) == call.request_digest
    assert "attachment" in answer.headers["Content-Disposition"]
    assert AuditLogEntry.objects.count() == 1


def test_a_request_with_changed_parts_is_not_called_exact(staff: Callable[..., Client], owner: User) -> None:
    response = make_recorded(owner)
    call = recorded_call(response)
    response.thread.messages.filter(role=Role.USER).update(content="[removed]")
    text = request_page(staff(*HIDDEN_RIGHTS), call)
    assert "Not byte for byte the request" in text
    assert "[removed]" in text


def test_a_request_that_cannot_be_rebuilt_is_reported(staff: Callable[..., Client], owner: User) -> None:
    response = make_recorded(owner)
    call = UpstreamCall.objects.filter(response=response.pk)[0]
    client = staff(*HIDDEN_RIGHTS)
    assert "cannot be rebuilt" in request_page(client, call)
    assert "Show the request" not in client.get(_page(response)).content.decode()


@pytest.mark.parametrize("rights", [RIGHTS, ("view_response", "read_hidden_content")])
def test_a_request_needs_the_permission_to_read_hidden_content(
    staff: Callable[..., Client], owner: User, rights: tuple[str, ...]
) -> None:
    call = recorded_call(make_recorded(owner))
    client = staff(*rights)
    assert client.get(reverse("admin:chat_response_prompt", args=[call.response, call.pk])).status_code == 403
    assert not AuditLogEntry.objects.exists()


def test_a_call_of_another_response_is_not_found(staff: Callable[..., Client], owner: User) -> None:
    call, other = recorded_call(make_recorded(owner)), make_recorded(owner)
    answer = staff(*HIDDEN_RIGHTS).get(reverse("admin:chat_response_prompt", args=[other.pk, call.pk]))
    assert answer.status_code == 404


def test_a_replay_tells_what_was_asked_and_how_it_ended(staff: Callable[..., Client], owner: User) -> None:
    response = make_recorded(owner)
    write_request(response, "canary")
    times = {"created_at": at(2), "answered_at": at(3.5)}
    PersonRequest.objects.update(tool="pay", answered_by=owner, **times)
    assert log_of(staff(*RIGHTS), response)["steps"] == []
    Response.objects.update(tool_changes=2)
    found = log_of(staff(*RIGHTS), response)["steps"]
    assert found == [[2000, "pay: a person is asked", 1], [3500, "pay: answered by olga", 0]]
