"""A token that was used before is looked up along with the first statements of a prompt: what has changed since counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from chat.accounts import suspension
from chat.models import ApiToken, Message, User
from chat.testing import ScriptedModel, answer
from tests.live.client import Client, body_of


def revoke(user: User) -> None:
    ApiToken.objects.filter(user=user).delete()


def expire(user: User) -> None:
    ApiToken.objects.filter(user=user).update(expires_at=Now() - timedelta(seconds=1))


def want_a_sign_in(user: User) -> None:
    User.objects.filter(pk=user.pk).update(sign_in_required=True)


def suspend(user: User) -> None:
    with transaction.atomic():
        suspension.suspend(user.pk)


def limit(user: User) -> None:
    ApiToken.objects.filter(user=user).update(scopes=["read"])


ENDS: dict[Callable[[User], object], tuple[int, str]] = {
    revoke: (401, "unauthenticated"),
    expire: (401, "unauthenticated"),
    want_a_sign_in: (401, "unauthenticated"),
    suspend: (401, "unauthenticated"),
    limit: (403, "insufficient_scope"),
}


def prompt(client: Client) -> tuple[int, str]:
    reply = client.http.post("/api/chat", json=body_of())
    return reply.status_code, reply.json()["code"] if reply.is_error else ""


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_prompt_of_a_known_token_is_refused_once_that_has_ended(
    model: ScriptedModel, alice: Client, end: Callable[[User], object]
) -> None:
    model.script(answer("Known."), answer("Known."))
    assert [prompt(alice), prompt(alice)] == [(200, ""), (200, "")]
    user = User.objects.get(username=alice.username)
    stored = Message.objects.filter(owner=user).count()
    end(user)
    assert [prompt(alice), prompt(alice)] == [ENDS[end]] * 2
    assert Message.objects.filter(owner=user).count() == stored


def test_a_token_that_was_given_to_another_user_is_theirs_at_once(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    model.script(*[answer("Known.")] * 2)
    assert prompt(alice) == (200, "")
    token = ApiToken.objects.get(user__username=alice.username)
    token.user = other = User.objects.get(username=bob.username)
    token.save()
    assert prompt(alice) == (200, "")
    assert Message.objects.filter(owner=other, role="user").count() == 1
