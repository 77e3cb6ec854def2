"""Rules in the admin: their form, their audit entries, and what applies to a user and why."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from chat.models import AuditLogEntry, Price, QuotaReservation, UsageRule, User
from tests.integration.admin_rows import page

pytestmark = pytest.mark.django_db

EMPTY = {
    "model_names": "",
    "tool_rules": "",
    "responses_per_hour": "",
    "tokens_per_day": "",
    "tokens_per_month": "",
    "money_per_day": "",
    "money_per_month": "",
    "currency": "",
    "retention_days": "",
}


@pytest.fixture
def group() -> Group:
    return Group.objects.create(name="interns")


def save(client: Client, group: Group, **parts: Any) -> str:
    """Send the form of a group with a rule, and return the page that answers."""
    rule = UsageRule.objects.filter(group=group).first()
    row = {**EMPTY, **parts, "id": rule.pk if rule else "", "group": group.pk}
    form = {
        "name": group.name,
        "usage_rule-TOTAL_FORMS": 1,
        "usage_rule-INITIAL_FORMS": 1 if rule else 0,
        **{f"usage_rule-0-{name}": value for name, value in row.items()},
    }
    answer = client.post(reverse("admin:auth_group_change", args=[group.pk]), form, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_superuser_writes_a_groups_rule_and_the_audit_log_has_it(admin: Client, group: Group) -> None:
    save(admin, group, model_names="c1, open*", tool_rules='{"calculate": "ask"}', tokens_per_day=1_000)
    rule = UsageRule.objects.get(group=group)
    assert (rule.model_names, rule.tool_rules) == (["c1", "open*"], {"calculate": "ask"})
    assert rule.tokens_per_day == 1_000
    entry = AuditLogEntry.objects.get(action="ruled")
    assert (entry.username, entry.kind, entry.public_id) == ("root", "group", "interns")
    assert "model names, tool rules, tokens a day" in page(admin, "auth_group_changelist")


def test_a_form_without_a_change_of_the_rule_leaves_no_entry(admin: Client, group: Group) -> None:
    save(admin, group)
    assert not UsageRule.objects.exists()
    assert not AuditLogEntry.objects.filter(action="ruled").exists()


def test_no_form_of_the_admin_builds_more_rows_than_may_be_stored(
    admin: Client, rf: RequestFactory, group: Group
) -> None:
    request = rf.get("/")
    request.user = User.objects.get(username="root")
    inlines = chain(*(each.get_inline_instances(request) for each in site._registry.values()))
    formsets = [inline.get_formset(request) for inline in inlines]
    assert formsets
    assert all(formset.absolute_max == formset.max_num for formset in formsets)
    form = {"name": group.name, "usage_rule-TOTAL_FORMS": 1_000, "usage_rule-INITIAL_FORMS": 0}
    answer = admin.post(reverse("admin:auth_group_change", args=[group.pk]), form)
    assert b"usage_rule-0-model_names" in answer.content
    assert b"usage_rule-1-" not in answer.content


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"model_names": "c2"}, "No model is named c2. Known: c1"),
        ({"money_per_day": "5", "currency": "CHF"}, "No model has a price in CHF."),
        ({"tokens_per_day": "20", "tokens_per_month": "10"}, "cannot be more than a month"),
        ({"tool_rules": '{"wiki": "perhaps"}'}, "allow, ask, staff or deny"),
        ({"tokens_per_day": "-5"}, "greater than or equal to 1"),
        ({"money_per_day": "5"}, "An amount of money needs a currency"),
    ],
)
def test_a_rule_that_would_leave_nothing_or_means_nothing_is_refused(
    admin: Client, group: Group, parts: dict[str, str], words: str
) -> None:
    assert words in save(admin, group, **parts).replace("&#x27;", "'")
    assert not UsageRule.objects.exists()


def test_staff_see_a_groups_rule_and_cannot_change_it(staff: Any, group: Group) -> None:
    UsageRule.objects.create(group=group, tokens_per_day=1_234)
    client = staff("view_group", "change_group", "view_usagerule")
    assert "1234" in page(client, "auth_group_change", group.pk)
    address = reverse("admin:auth_group_change", args=[group.pk])
    assert client.post(address, {"name": "mine"}).status_code == 403


def test_a_users_page_says_what_applies_and_why_and_what_is_left(admin: Client, group: Group) -> None:
    Price.objects.create(
        model="c1", valid_from=timezone.now() - timedelta(days=1), prompt_price=1, completion_price=1
    )
    ada = User.objects.create(username="ada")
    ada.groups.add(group)
    UsageRule.objects.create(group=group, model_names=["c*"], tokens_per_day=5_000, tool_rules={"x": "deny"})
    UsageRule.objects.create(user=ada, money_per_day=3, currency="USD", retention_days=7)
    QuotaReservation.objects.create(owner=ada, guest=False, response=1, tokens=5_000, finalized=True)
    shown = page(admin, "chat_user_change", ada.pk)
    for row in (
        "<th>models</th><td>c1</td><td>the group interns</td>",
        "<th>tools x</th><td>deny</td><td>the group interns</td>",
        "<td>3.00 USD of 3.00 USD left</td><td>the user&#x27;s own rule</td>",
        "<th>retention</th><td>7 days</td><td>the user&#x27;s own rule</td>",
    ):
        assert row in shown
    assert "<th>tokens a day</th><td>0 of 5,000 left, more <time" in shown
