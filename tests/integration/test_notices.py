"""Notices of requests: who gets one, once, by mail and by webhook, and what becomes of those that fail."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ImproperlyConfigured
from django.db.models.functions import Now
from django.test import override_settings
from django.utils import timezone

from chat.models import Notice, NoticeChannel, NoticeState, PersonRequest, User
from chat.responses import notices
from chat.responses.notices import queue
from chat.responses.notices.mail import MailSender, compose
from chat.responses.notices.queue import NotAttempted
from chat.responses.notices.webhook import WebhookSender, payload, signed
from chat.tools import worker_threads
from tests.fixtures.database import close_database_threads
from tests.fixtures.receivers import mail_server, webhook_receiver
from tests.integration.admin_rows import make_thread

pytestmark = pytest.mark.django_db

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SETTINGS: dict[str, Any] = {
    "CHAT_PUBLIC_URL": "https://chat.test/",
    "DEFAULT_FROM_EMAIL": "Chat <chat@chat.test>",
    "CHAT_WEBHOOK_URL": "http://127.0.0.1:9/",
    "CHAT_WEBHOOK_SECRET": SECRET,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
}


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    with override_settings(**SETTINGS):
        yield


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga", email="olga@mail.test", language="de")


def ask(owner: User, *given: dict[str, Any]) -> list[PersonRequest]:
    """Store requests that were made together, with their notices, all of which are due."""
    response = make_thread(owner, "canary").responses.get()
    same: dict[str, Any] = {
        "tool": "pay",
        "call_id": "call",
        "arguments": '{"note": "canary"}',
        "message": "canary",
        "text_offset": 0,
        "thinking_offset": 0,
        "round": 0,
        "ends_before": 0,
        "deadline": datetime(2031, 3, 4, 15, 30, tzinfo=UTC),
    }
    rows = [
        PersonRequest(response=response, number=number, public_id=f"request-{number}", **{**same, **fields})
        for number, fields in enumerate(given)
    ]
    notices.enqueue(owner.pk, PersonRequest.objects.bulk_create(rows))
    Notice.objects.update(due_at=Now() - timedelta(seconds=1))
    return rows


def claimed(channel: str) -> Notice:
    notice = queue.claim(channel)
    assert notice is not None
    return notice


def staff(name: str, *permissions: str) -> User:
    user = User.objects.create(username=name, email=f"{name}@mail.test", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def end(request: PersonRequest) -> None:
    fields = {"outcome": "rejected", "answered_at": timezone.now(), "answer_number": request.number}
    PersonRequest.objects.filter(pk=request.pk).update(**fields)


def test_each_request_calls_the_webhook_and_one_mail_leads_to_all(owner: User) -> None:
    first, second = ask(owner, {"kind": "approve"}, {"kind": "ask"})
    calls = Notice.objects.filter(channel=NoticeChannel.WEBHOOK)
    assert set(calls.values_list("request", flat=True)) == {first.pk, second.pk}
    assert Notice.objects.get(channel=NoticeChannel.MAIL).user == owner


@pytest.mark.parametrize(
    ("fields", "kind"), [({"email": ""}, "approve"), ({"is_active": False}, "approve"), ({}, "client")]
)
def test_nobody_without_an_address_and_no_program_gets_a_mail(
    owner: User, fields: dict[str, Any], kind: str
) -> None:
    User.objects.filter(pk=owner.pk).update(**fields)
    ask(owner, {"kind": kind})
    assert set(Notice.objects.values_list("channel", flat=True)) == {NoticeChannel.WEBHOOK}


def test_staff_who_may_decide_get_mails_of_what_they_decide_on(owner: User) -> None:
    staff("reader", "read_content")
    judge = staff("judge", "answer_requests")
    ask(owner, {"kind": "approve", "by_staff": True})
    mail = claimed(NoticeChannel.MAIL)
    assert mail.user == judge
    assert f"/admin/chat/personrequest/{mail.request_id}/change/" in str(compose(mail).body)
    assert queue.claim(NoticeChannel.MAIL) is None


def test_without_settings_there_are_no_notices(owner: User) -> None:
    with override_settings(CHAT_PUBLIC_URL="", CHAT_WEBHOOK_URL="", DEFAULT_FROM_EMAIL="webmaster@localhost"):
        ask(owner, {"kind": "approve"})
    assert not Notice.objects.exists()


def test_a_webhook_without_a_secret_is_refused_at_the_start() -> None:
    with override_settings(CHAT_WEBHOOK_SECRET=""), pytest.raises(ImproperlyConfigured, match="SECRET"):
        notices.check()


def test_a_notice_is_claimed_once(owner: User) -> None:
    ask(owner, {"kind": "approve"})
    assert claimed(NoticeChannel.WEBHOOK).state == NoticeState.SENDING
    assert queue.claim(NoticeChannel.WEBHOOK) is None


def test_what_was_answered_meanwhile_is_skipped(owner: User) -> None:
    first, second = ask(owner, {"kind": "approve"}, {"kind": "approve"})
    end(first)
    assert claimed(NoticeChannel.MAIL).state == NoticeState.SENDING
    Notice.objects.update(state=NoticeState.PENDING)
    end(second)
    assert claimed(NoticeChannel.MAIL).state == NoticeState.SKIPPED


def test_a_call_about_an_answered_request_is_not_made_though_another_one_is_open(owner: User) -> None:
    first, second = ask(owner, {"kind": "approve"}, {"kind": "approve"})
    end(first)
    states = {call.request_id: call.state for call in (claimed(NoticeChannel.WEBHOOK) for _ in range(2))}
    assert states == {first.pk: NoticeState.SKIPPED, second.pk: NoticeState.SENDING}


@pytest.mark.parametrize("change", [{"is_staff": False}, {"email": ""}, {"is_active": False}])
def test_staff_who_may_not_decide_any_more_get_no_mail(owner: User, change: dict[str, Any]) -> None:
    judge = staff("judge", "answer_requests")
    ask(owner, {"kind": "approve", "by_staff": True})
    User.objects.filter(pk=judge.pk).update(**change)
    assert claimed(NoticeChannel.MAIL).state == NoticeState.SKIPPED


def test_a_notice_that_was_not_taken_is_tried_again_later_and_then_given_up(owner: User) -> None:
    ask(owner, {"kind": "approve"})
    pauses = []
    for _ in range(queue.MAX_ATTEMPTS):
        notice = claimed(NoticeChannel.WEBHOOK)
        queue.record(notice, NoticeState.PENDING)
        notice.refresh_from_db()
        pauses.append(round((notice.due_at - notice.changed_at).total_seconds()))
        assert queue.claim(NoticeChannel.WEBHOOK) is None
        Notice.objects.update(due_at=Now())
    assert pauses[:4] == [30, 120, 480, 1920]
    assert notice.state == NoticeState.FAILED


@pytest.mark.parametrize("state", [NoticeState.SENDING, NoticeState.UNKNOWN])
def test_a_notice_that_may_have_arrived_is_not_sent_again(owner: User, state: NoticeState) -> None:
    ask(owner, {"kind": "approve"})
    queue.record(claimed(NoticeChannel.WEBHOOK), state)
    assert queue.claim(NoticeChannel.WEBHOOK) is None


def test_deleting_the_user_deletes_the_notices(owner: User) -> None:
    judge = staff("judge", "answer_requests")
    ask(owner, {"kind": "approve", "by_staff": True})
    judge.delete()
    assert set(Notice.objects.values_list("channel", flat=True)) == {NoticeChannel.WEBHOOK}


def test_a_mail_links_in_the_user_s_language_and_holds_no_content(owner: User) -> None:
    [request] = ask(owner, {"kind": "approve"})
    mail = compose(claimed(NoticeChannel.MAIL))
    thread = request.response.thread.public_id
    assert mail.subject == "Ein Chat wartet auf Ihre Antwort"
    assert f"https://chat.test/c/{thread}\n" in str(mail.body)
    assert "4. März 2031 15:30" in str(mail.body)
    assert "canary" not in mail.message().as_string().replace(thread, "")
    assert mail.message()["Auto-Submitted"] == "auto-generated"


def sent(owner: User, channel: Callable[[], Any], name: str) -> NoticeState:
    """Send the notice of a new request, and return what became of it."""
    ask(owner, {"kind": "approve"})
    notice = claimed(name)

    async def send() -> NoticeState:
        sender = channel()
        try:
            return NoticeState(await sender.send(notice))
        finally:
            await sender.close()

    return asyncio.run(send())


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({}, NoticeState.SENT),
        ({"RCPT": "450 later"}, NoticeState.PENDING),
        ({"RCPT": "550 unknown"}, NoticeState.FAILED),
        ({"MAIL": "552 full"}, NoticeState.FAILED),
        ({".": "451 later"}, NoticeState.PENDING),
        ({".": ""}, NoticeState.UNKNOWN),
        ({"MAIL": ""}, NoticeState.UNKNOWN),
    ],
    ids=str,
)
def test_a_mail_is_repeated_only_where_the_server_refused_it_for_now(
    owner: User, answers: dict[str, str], state: NoticeState
) -> None:
    with mail_server(**answers) as server, override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=server.port):
        assert sent(owner, MailSender, NoticeChannel.MAIL) == state
    assert [mail["To"] for mail in server.mails] == ["olga@mail.test"] * (state == NoticeState.SENT)


@pytest.fixture
def unused_port() -> Iterator[int]:
    """Provide a port at which nothing listens, and which no other program gets meanwhile."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def test_a_mail_server_that_is_away_is_tried_again(owner: User, unused_port: int) -> None:
    with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=unused_port):
        assert sent(owner, MailSender, NoticeChannel.MAIL) == NoticeState.PENDING


class RaisingSender:
    """A sender that raises."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    async def send(self, notice: Notice) -> NoticeState:
        raise self.problem

    async def close(self) -> None:
        """Do nothing."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("problem", "state", "attempts"),
    [(RuntimeError("sent?"), NoticeState.UNKNOWN, 1), (NotAttempted(), NoticeState.PENDING, 0)],
)
def test_only_a_notice_that_was_not_attempted_returns_to_the_queue(
    owner: User, problem: Exception, state: NoticeState, attempts: int
) -> None:
    ask(owner, {"kind": "approve"})
    asyncio.run(notices.Dispatcher()._step(NoticeChannel.MAIL, RaisingSender(problem)))
    close_database_threads()
    mail = Notice.objects.get(channel=NoticeChannel.MAIL)
    assert (mail.state, mail.attempts) == (state, attempts)


def test_a_mail_waits_while_all_threads_are_taken(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_threads, "THREADS", 0)
    with pytest.raises(NotAttempted):
        sent(owner, MailSender, NoticeChannel.MAIL)


def test_an_address_that_is_none_is_given_up(owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(email="olga\n@mail.test")
    with mail_server() as server, override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=server.port):
        assert sent(owner, MailSender, NoticeChannel.MAIL) == NoticeState.FAILED


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (204, NoticeState.SENT),
        (302, NoticeState.FAILED),
        (410, NoticeState.FAILED),
        (429, NoticeState.PENDING),
        (503, NoticeState.PENDING),
        (500, NoticeState.UNKNOWN),
        (504, NoticeState.UNKNOWN),
        (0, NoticeState.UNKNOWN),
    ],
)
def test_a_call_is_made_once_whatever_the_receiver_answers(
    owner: User, status: int, state: NoticeState
) -> None:
    with webhook_receiver(status) as receiver, override_settings(CHAT_WEBHOOK_URL=receiver.url):
        assert sent(owner, WebhookSender, NoticeChannel.WEBHOOK) == state
    assert [path for path, *_ in receiver.calls] == ["/hook"]


def test_a_receiver_that_is_away_is_tried_again(owner: User, unused_port: int) -> None:
    with override_settings(CHAT_WEBHOOK_URL=f"http://127.0.0.1:{unused_port}/"):
        assert sent(owner, WebhookSender, NoticeChannel.WEBHOOK) == NoticeState.PENDING


def test_a_call_names_and_links_and_holds_no_content(owner: User) -> None:
    [request] = ask(owner, {"kind": "approve"})
    body = json.loads(payload(claimed(NoticeChannel.WEBHOOK)))
    response = request.response
    thread = response.thread.public_id
    assert body["type"] == "request.created"
    assert body["data"].pop("deadline") == "2031-03-04T15:30:00Z"
    assert body["data"] == {
        "requestId": "request-0",
        "responseId": response.public_id,
        "threadId": thread,
        "username": "olga",
        "kind": "approve",
        "tool": "pay",
        "by": "owner",
        "url": f"https://chat.test/c/{thread}",
    }


def test_a_call_is_signed_as_standard_webhooks_says() -> None:
    # The example of the specification's own libraries.
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
