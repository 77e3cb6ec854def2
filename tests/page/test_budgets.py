"""Budgets on the built page: the refusal at their end, and what is left in the settings."""

from __future__ import annotations

from django.contrib.auth.models import Group
from playwright.sync_api import expect

from chat.models import UsageRule, User
from chat.testing import ScriptedModel, answer
from tests.live.client import new_id
from tests.page.tab import Tab


def test_the_end_of_a_budget_is_named_at_the_prompt_and_in_the_settings(
    model: ScriptedModel, tab: Tab
) -> None:
    name = tab.page.evaluate("async () => (await (await fetch('/api/session')).json()).user.username")
    group = Group.objects.create(name=new_id("team"))
    group.user_set.add(User.objects.get(username=name))
    UsageRule.objects.create(group=group, responses_per_hour=1, tokens_per_day=50_000)
    tab.reload()
    model.script(answer("The first answer."))
    tab.ask("Hello")
    tab.expect_console_error("429")
    tab.say("Once more")
    words = f"This budget is used up: Answers in an hour. The rule of the group {group.name}. More is free on"
    expect(tab.page.get_by_text(words).first).to_be_visible()
    tab.page.locator("#who").click()
    tab.page.get_by_role("tab", name="Budgets").click()
    shown = tab.page.locator(".settings-section:not([hidden]) li")
    expect(shown.nth(0)).to_contain_text("0 of 1 leftMore is free on")
    expect(shown.nth(0)).to_contain_text(f"The rule of the group {group.name}.")
    expect(shown.nth(1)).to_contain_text("of 50,000 left")
    expect(tab.page.get_by_role("meter", name="Answers in an hour")).to_have_attribute("value", "0")
