"""Notices of requests go out from real servers: each once, though two processes send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models.functions import Now

from chat.models import Notice, NoticeState, User
from chat.testing import ScriptedModel
from tests.contract.waits import payment, settings, waiting
from tests.fixtures.receivers import MailServer, WebhookReceiver, mail_server, webhook_receiver
from tests.live.harness import eventually

Receivers = tuple[MailServer, WebhookReceiver]


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with mail_server() as mails, webhook_receiver() as calls:
        yield mails, calls


def notifying(receivers: Receivers) -> dict[str, str]:
    mails, calls = receivers
    return settings(
        CHAT_LEASE_SECONDS="1",
        CHAT_PUBLIC_URL="https://chat.test",
        DEFAULT_FROM_EMAIL="chat@chat.test",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=str(mails.port),
        CHAT_WEBHOOK_URL=calls.url,
        CHAT_WEBHOOK_SECRET="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )


def test_who_has_to_answer_hears_of_it_once(
    model: ScriptedModel, make_client: Any, servers: Any, receivers: Receivers
) -> None:
    mails, calls = receivers
    env = notifying(receivers)
    with servers.own(**env) as one, servers.own(**env):
        client = make_client(one)
        users = User.objects.filter(username=client.username)
        users.update(email="alice@mail.test")
        client.http.get("/api/session", headers={"Accept-Language": "ar"})
        response, [request] = waiting(model, client, *payment())
        mine = Notice.objects.filter(request__response__public_id=response)
        mine.update(due_at=Now())
        eventually(lambda: mine.filter(state=NoticeState.SENT).count() == 2)
    thread = mine[0].request.response.thread.public_id
    [mail] = mails.mails
    [(path, headers, body)] = calls.calls
    assert mail["Subject"] == "محادثة تنتظر إجابتك"
    assert f"https://chat.test/c/{thread}" in mail.get_content()
    assert (path, headers["webhook-id"]) == ("/hook", request["requestId"])
    assert json.loads(body)["data"]["responseId"] == response
    assert "I pay" not in str(mails.mails) + body.decode()
