"""Budgets of groups and users: what is counted, what is refused, and what a rule may not say."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from chat.exceptions import QuotaExceeded
from chat.models import (
    CallOutcome,
    Price,
    QuotaReservation,
    Response,
    TokenSource,
    UpstreamCall,
    UsageRule,
    User,
)
from chat.permissions import rights
from chat.permissions.rights import UnknownModel
from chat.responses import budgets
from chat.responses.claims import quotas
from chat.responses.claims.claim import Claim
from chat.schemas import Content, RegenerateRequest, SendRequest
from chat.schemas.options import Options

pytestmark = pytest.mark.django_db

# Tokens that a claim of a short prompt reserves.
RESERVED = quotas.estimate(5)


@pytest.fixture
def ada() -> User:
    return User.objects.create(username="ada")


def member(group: str, *users: User, **parts: Any) -> UsageRule:
    """Make a group of the users with a rule."""
    made = Group.objects.create(name=group)
    made.user_set.set(users)
    return UsageRule.objects.create(group=made, **parts)


def claim(user: User, model: str | None = None, options: Options | None = None) -> Response:
    made = Claim(user.pk, uuid4(), True, "")
    with transaction.atomic():
        made.claim(SendRequest(Content("Hello"), model=model, options=options))
    Response.objects.filter(pk=made.response.pk).update(
        status="done", kept_offset=0, finished_at=Now()
    )  # not `active_per_user` is tested
    return made.response


def refused(user: User, model: str | None = None) -> QuotaExceeded:
    with pytest.raises(QuotaExceeded) as refusal:
        claim(user, model)
    return refusal.value


def spend(user: User, tokens: int, model: str = "c1", **ago: float) -> None:
    """Store a call that has ended, and its share of the quotas."""
    number, at = UpstreamCall.objects.count() + 1_000, timezone.now() - timedelta(**ago)
    UpstreamCall.objects.create(
        owner=user,
        thread=1,
        response=number,
        model=model,
        round=0,
        attempt=0,
        started_at=at,
        finished_at=at,
        outcome=CallOutcome.DONE,
        prompt_tokens=tokens,
        completion_tokens=0,
        source=TokenSource.PROVIDER,
    )
    row = QuotaReservation.objects.create(
        owner=user, guest=False, response=number, tokens=tokens, finalized=True
    )
    QuotaReservation.objects.filter(pk=row.pk).update(claimed_at=at)


def price(model: str = "c1", prompt: str = "1", completion: str = "2", currency: str = "USD") -> None:
    """Set a price per million tokens."""
    Price.objects.create(
        model=model,
        valid_from=timezone.now() - timedelta(days=100),
        prompt_price=Decimal(prompt),
        completion_price=Decimal(completion),
        currency=currency,
    )


def seconds(refusal: QuotaExceeded) -> float:
    assert refusal.retry_after is not None
    return refusal.retry_after


# Each budget


def test_responses_of_an_hour_are_counted_and_the_refusal_names_the_budget_and_its_renewal(ada: User) -> None:
    member("interns", ada, responses_per_hour=2)
    for _ in range(2):
        claim(ada)
    refusal = refused(ada)
    assert "The group interns has a budget of 2 responses an hour for each member" in refusal.detail
    assert (refusal.fields["quota"], refusal.fields["group"]) == ("rule_responses_per_hour", "interns")
    assert 3_590 < seconds(refusal) < 3_610
    renewal = datetime.fromisoformat(refusal.fields["renewsAt"])
    assert abs(renewal - timezone.now() - timedelta(hours=1)) < timedelta(seconds=10)


@pytest.mark.parametrize(
    ("part", "inside", "outside"), [("tokens_per_day", 23, 25), ("tokens_per_month", 719, 721)]
)
def test_tokens_are_counted_in_a_rolling_window(ada: User, part: str, inside: int, outside: int) -> None:
    member("interns", ada, **{part: 10_000})
    spend(ada, 9_000, hours=outside)
    claim(ada)
    spend(ada, 9_000, hours=inside)
    refusal = refused(ada)
    assert refusal.fields["quota"] == f"rule_{part}"
    assert seconds(refusal) < 3_700


@pytest.mark.parametrize(
    ("part", "inside", "outside"), [("money_per_day", 23, 25), ("money_per_month", 719, 721)]
)
def test_money_is_what_the_calls_cost_by_the_table_of_prices(
    ada: User, part: str, inside: int, outside: int
) -> None:
    price()
    member("interns", ada, currency="USD", **{part: Decimal("0.01")})
    spend(ada, 10_000, hours=outside)
    claim(ada)
    spend(ada, 9_000, hours=inside)  # 0.009 USD, and a response may take 0.004
    refusal = refused(ada)
    assert (refusal.fields["quota"], refusal.fields["group"]) == (f"rule_{part}", "interns")
    assert "0.01 USD" in refusal.detail


def test_a_running_response_is_reserved_at_its_cap(ada: User) -> None:
    price()
    member("interns", ada, currency="USD", money_per_day=Decimal("0.0300"), tokens_per_day=100_000)
    running = claim(ada, options=Options({"max_tokens": 10_000}))
    Response.objects.filter(pk=running.pk).update(status="streaming", kept_offset=None, finished_at=None)
    assert QuotaReservation.objects.get().tokens == 10_002
    own = rights.of_user(ada.pk)
    states = {one.budget.part: one for one in budgets.states(ada.pk, own)}
    assert states["tokens_per_day"].spent == 10_002
    assert states["money_per_day"].spent == Decimal("0.020004")  # at the higher of the two prices


def test_no_cap_that_a_client_asks_for_is_too_large_to_be_reserved(ada: User) -> None:
    claim(ada, options=Options({"max_tokens": 10**30}))
    assert QuotaReservation.objects.get().tokens == 2**31 + 1


def test_nothing_beside_it_spent_a_response_larger_than_the_budget_is_admitted(ada: User) -> None:
    member("interns", ada, tokens_per_day=10)
    claim(ada)
    assert refused(ada).fields["quota"] == "rule_tokens_per_day"


# Several rules


def test_there_is_room_where_one_of_the_groups_has_room(ada: User) -> None:
    member("small", ada, responses_per_hour=1)
    member("large", ada, responses_per_hour=2)
    for _ in range(2):
        claim(ada)
    assert refused(ada).fields["group"] in ("small", "large")


def test_a_users_own_rule_counts_instead_of_the_groups(ada: User) -> None:
    member("large", ada, responses_per_hour=9, tokens_per_day=10)
    UsageRule.objects.create(user=ada, responses_per_hour=1)
    claim(ada)
    refusal = refused(ada)
    assert (refusal.fields["quota"], refusal.fields["group"]) == ("rule_responses_per_hour", None)
    assert refusal.detail.startswith("You have a budget of 1 response an hour,")


def test_members_spend_a_shared_budget_together(ada: User) -> None:
    bob, eve = User.objects.create(username="bob"), User.objects.create(username="eve")
    member("team", ada, bob, responses_per_hour=2, shared=True)
    claim(ada), claim(bob), claim(eve)
    assert "for each member" not in refused(ada).detail
    assert refused(bob).fields["group"] == "team"
    claim(eve)


def test_a_user_without_rules_takes_no_further_statement(ada: User, django_assert_num_queries: Any) -> None:
    own = rights.of_user(ada.pk)
    with django_assert_num_queries(0):
        budgets.check(ada.pk, own, "c1", RESERVED)


# Money and prices


def test_under_a_budget_of_money_a_model_without_a_price_in_its_currency_is_unknown(ada: User) -> None:
    price("c1")
    price("openassistant", currency="EUR")
    member("interns", ada, currency="USD", money_per_day=1)
    assert rights.of_user(ada.pk).models == ("c1",)
    claim(ada, "c1")
    with pytest.raises(UnknownModel):
        claim(ada, "openassistant")


def test_a_budget_in_a_currency_without_a_price_leaves_no_model(ada: User) -> None:
    price("c1")
    member("interns", ada, currency="CHF", money_per_day=1)
    with pytest.raises(UnknownModel, match="Known: none"):
        claim(ada)


def test_two_currencies_of_two_groups_are_counted_apart(ada: User) -> None:
    price("c1", "1", "1")
    price("openassistant", "1", "1", currency="EUR")
    member("dollars", ada, currency="USD", money_per_day=Decimal("0.0030"))
    member("euros", ada, currency="EUR", money_per_day=Decimal("0.0030"))
    spend(ada, 3_000)
    assert refused(ada, "c1").fields["group"] == "dollars"
    claim(ada, "openassistant")


def test_another_answer_of_a_model_that_is_gone_for_the_user_comes_from_one_that_is_not(ada: User) -> None:
    first = claim(ada, "openassistant")
    member("small", ada, model_names=["c1"])
    again = Claim(ada.pk, uuid4(), True, "")
    again.claim(RegenerateRequest(original=first.public_id, response_id="again"))
    assert again.response.model == "c1"


# What is left


def test_the_state_of_a_budget_says_what_is_left_and_when_it_renews(ada: User) -> None:
    member("small", ada, tokens_per_day=1_000)
    member("large", ada, tokens_per_day=4_000, responses_per_hour=5)
    spend(ada, 3_000, hours=20)
    own = rights.of_user(ada.pk)
    shown = {
        (one.budget.part, one.budget.group): (one.left, one.renews_at is None)
        for one in budgets.states(ada.pk, own)
    }
    assert shown == {
        ("responses_per_hour", "large"): (5, True),
        ("tokens_per_day", "large"): (1_000, True),
        ("tokens_per_day", "small"): (0, False),
    }
    best = [one.budget.group for one in budgets.best_states(ada.pk, own)]
    assert best == ["large", "large"]


# What a rule may not say


@pytest.mark.parametrize(
    "parts",
    [
        {"tokens_per_day": 0},
        {"tokens_per_day": -1},
        {"responses_per_hour": 10**13},
        {"tokens_per_day": 2_000, "tokens_per_month": 1_000},
        {"money_per_day": 2, "money_per_month": 1, "currency": "USD"},
        {"money_per_day": -1, "currency": "USD"},
        {"money_per_day": 0, "currency": "USD"},
        {"money_per_day": 1},
        {"money_per_day": 1, "currency": "dollars"[:3]},
        {"currency": "USD"},
        {"retention_days": 0},
        {"retention_days": 40_000},
        {"model_names": []},
        {"tool_rules": {"wiki": "perhaps"}},
        {"tool_rules": {"wiki": ["allow"]}},
        {"tool_rules": ["allow"]},
        {"user": "ada"},
    ],
    ids=str,
)
def test_a_rule_that_contradicts_itself_is_refused_by_form_and_database(
    ada: User, parts: dict[str, Any]
) -> None:
    given = {**parts, "user": ada} if "user" in parts else parts
    rule = UsageRule(group=Group.objects.create(name="interns"), **given)
    with pytest.raises(ValidationError):
        rule.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        rule.save()


def test_a_user_cannot_have_shared_budgets(ada: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        UsageRule.objects.create(user=ada, tokens_per_day=5, shared=True)


def test_an_older_program_deletes_a_group_and_a_user_with_their_rules(ada: User) -> None:
    rule = member("interns", ada, tokens_per_day=5)
    UsageRule.objects.create(user=ada, tokens_per_day=5)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM chat_user_groups")
        cursor.execute("DELETE FROM auth_group WHERE id = %s", [rule.group_id])
        cursor.execute("DELETE FROM chat_user WHERE id = %s", [ada.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not UsageRule.objects.exists()
