"""Budgets of groups over the network: two processes, and what a refusal says in each protocol."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth.models import Group

from chat.models import UsageRule, User
from chat.responses.claims.quotas import ALLOWANCE_TOKENS
from chat.testing import ScriptedModel
from chat.testing.script import Stall, broken
from tests.contract.expect import assert_problem
from tests.live.client import Client, body_of, new_id


def make_group(*clients: Client, **parts: Any) -> UsageRule:
    """Make a group of the clients' users with a rule."""
    group = Group.objects.create(name=new_id("group"))
    group.user_set.set(User.objects.filter(username__in=[client.username for client in clients]))
    return UsageRule.objects.create(group=group, **parts)


def test_two_processes_together_admit_no_more_than_has_room_in_a_shared_budget(
    model: ScriptedModel, alice: Client, bob: Client, second: Any
) -> None:
    model.script(*[broken("Old", Stall())] * 12)
    make_group(alice, bob, shared=True, tokens_per_day=3 * ALLOWANCE_TOKENS + 1_000)
    at = [alice, bob, alice.at(second), bob.at(second)]
    ids = [new_id("r") for _ in range(12)]

    def send(number: int) -> int:
        body = body_of("Hello", response=ids[number])
        with at[number % 4].http.stream("POST", "/api/chat?format=sse", json=body) as answer:
            return answer.status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(send, range(12)))
    admitted = [name for name, status in zip(ids, statuses, strict=True) if status == 200]
    assert (len(admitted), set(statuses)) == (3, {200, 429})
    for number, name in enumerate(ids):
        if name in admitted:
            at[number % 2].stop(name)


def test_a_refusal_names_the_budget_and_its_renewal_in_every_protocol(
    model: ScriptedModel, alice: Client
) -> None:
    rule = make_group(alice, responses_per_hour=1)
    alice.chat()
    body = assert_problem(alice.chat(), "quota_exceeded", 429)
    assert (body["quota"], body["group"]) == (
        "rule_responses_per_hour",
        rule.group.name if rule.group else "",
    )
    with alice.socket() as socket:
        frame = socket.ask("send", prompt={"role": "user", "content": "Hello"}, responseId=new_id("r"))
    assert (frame["quota"], frame["renewsAt"][:15]) == ("rule_responses_per_hour", body["renewsAt"][:15])
    completion = {"model": "c1", "messages": [{"role": "user", "content": "Hello"}]}
    error = alice.http.post("/v1/chat/completions", json=completion)
    assert (error.status_code, error.json()["error"]["code"]) == (429, "quota_exceeded")
    assert "budget of 1 response an hour" in error.json()["error"]["message"]
    (budget,) = alice.get("/api/session").json()["budgets"]
    assert (budget["spent"], budget["limit"], budget["source"]) == (1, 1, "group")
    assert budget["renewsAt"][:15] == body["renewsAt"][:15]
