"""Budgets of groups over the network: two processes, and what a refusal says in each protocol."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from chat.models import Price, UpstreamCall, UsageRule, User
from chat.responses.claims.quotas import ALLOWANCE_TOKENS
from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Stall, broken
from tests.contract.expect import assert_problem
from tests.live.client import Client, body_of, new_id
from tests.live.harness import eventually


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


# Tokens that an answer takes at most, its prompt's two among them. One costs a millionth of a dollar.
CAP = 5_000


@pytest.fixture
def priced(live: None) -> Iterator[None]:
    """Give C1 a price of a dollar for a million tokens."""
    price = Price.objects.create(
        model="c1", valid_from=timezone.now(), prompt_price=1, completion_price=1, currency="USD"
    )
    yield
    price.delete()


def complete(client: Client) -> int:
    """Ask for an answer of CAP tokens at most; return the status."""
    messages = [{"role": "user", "content": "Hello"}]
    body = {"model": "c1", "messages": messages, "max_tokens": CAP - 2}
    return client.http.post("/v1/chat/completions", json=body).status_code


def spent_by(client: Client) -> int:
    """Return the millionths of a dollar that a user's answers have cost."""
    calls = UpstreamCall.objects.filter(owner__username=client.username)
    return sum((one.prompt_tokens or 0) + (one.completion_tokens or 0) for one in calls)


def test_two_processes_together_never_exceed_a_budget_of_money(
    model: ScriptedModel, alice: Client, second: Any, priced: None
) -> None:
    """An answer is reserved at its cap until its cost is known: there is no moment at which it counts for less."""
    answers, used = 30, 4_000
    budget = (answers - 1) * used + CAP
    model.default(answer("Yes.", usage=(2, used - 2)))
    make_group(alice, currency="USD", money_per_day=Decimal(budget) / 1_000_000)

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(complete, [alice, alice.at(second)] * answers))
    # Those refused while others held more than they came to cost leave room for later ones.
    while (status := complete(alice)) == 200:
        statuses.append(status)
    assert status == 429
    assert statuses.count(200) == answers
    assert spent_by(alice) == answers * used <= budget


def test_answers_that_take_more_than_was_reserved_exceed_it_by_what_was_running_when_it_ran_out(
    model: ScriptedModel, alice: Client, second: Any, priced: None
) -> None:
    running, used = 4, 3 * CAP
    budget = running * CAP
    model.default(answer("Yes.", gate := Gate(), usage=(2, used - 2)))
    make_group(alice, currency="USD", money_per_day=Decimal(budget) / 1_000_000)
    with ThreadPoolExecutor(12) as pool:
        sent = [pool.submit(complete, client) for client in [alice, alice.at(second)] * 6]
        eventually(lambda: sum(one.done() for one in sent) == 12 - running)
        gate.open()
        statuses = [one.result() for one in sent] + [complete(alice), complete(alice.at(second))]
    assert (statuses.count(200), statuses.count(429)) == (running, 14 - running)
    assert spent_by(alice) - budget == running * (used - CAP)


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
