"""The combination of rules of several groups and of a user."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from chat.permissions.rights import Rights, RuleParts, UnknownModel
from chat.responses.tool_models import ToolModels
from chat.tools.registry import Tool

NOTHING: dict[str, Any] = {
    **dict.fromkeys(RuleParts.__struct_fields__),
    "currency": "",
    "shared": False,
}


def rule(group: str | None, **parts: Any) -> RuleParts:
    return msgspec.convert({**NOTHING, "group": group, **parts}, RuleParts)


def made(name: str, **fields: Any) -> Tool:
    return Tool(name, lambda: None, lambda _: {}, {}, **fields)


def state_of(rights: Rights, tool: Tool) -> str:
    found = rights.permitted({tool.name: tool}).get(tool.name)
    if found is None:
        return "deny"
    return "staff" if found.by_staff else "ask" if found.approval else "allow"


def test_of_groups_the_most_generous_rule_for_a_tool_counts() -> None:
    rights = Rights((rule("a", tool_rules={"wiki_*": "deny"}), rule("b", tool_rules={"wiki_read": "ask"})))
    assert state_of(rights, made("wiki_read")) == "ask"
    assert state_of(rights, made("wiki_write")) == "deny"
    assert state_of(rights, made("other")) == "allow"


def test_a_users_own_rule_for_a_tool_comes_before_those_of_groups() -> None:
    rights = Rights((rule("a", tool_rules={"*": "allow"}), rule(None, tool_rules={"wiki": "deny"})))
    assert state_of(rights, made("wiki")) == "deny"
    assert state_of(rights, made("other")) == "allow"


@pytest.mark.parametrize("given", ["allow", "ask"])
def test_no_rule_makes_a_tool_run_that_the_server_lets_staff_decide_on(given: str) -> None:
    rights = Rights((rule("a", tool_rules={"*": given}),))
    assert state_of(rights, made("pay", approval=True, by_staff=True)) == "staff"


def test_a_name_in_a_rule_wins_over_patterns_and_a_long_pattern_over_a_short_one() -> None:
    rules = {"*": "deny", "wiki_*": "ask", "wiki_read": "allow"}
    rights = Rights((rule("a", tool_rules=rules),))
    found = [state_of(rights, made(name)) for name in ("wiki_read", "wiki_write", "mail")]
    assert found == ["allow", "ask", "deny"]


def test_a_part_that_a_users_own_rule_leaves_empty_is_left_to_groups() -> None:
    rights = Rights((rule("a", tokens_per_day=5, responses_per_hour=9), rule(None, tokens_per_day=7)))
    assert [one.tokens_per_day for one in rights.saying("tokens_per_day")] == [7]
    assert [one.responses_per_hour for one in rights.saying("responses_per_hour")] == [9]
    assert rights.saying("money_per_day") == []


def test_an_unknown_model_is_refused_with_the_names_that_the_user_may_use() -> None:
    with pytest.raises(UnknownModel) as refusal:
        Rights(models=("c1",)).check_model("secret")
    assert refusal.value.problem()["models"] == ["c1"]
    assert "secret" not in str(refusal.value)


def test_a_tool_asks_no_model_that_the_owner_of_its_response_may_not_use() -> None:
    unused: Any = None
    asking = ToolModels(unused, unused, "c1", ("c1",))
    with pytest.raises(ValueError, match="there is no model 'openassistant'"):
        asyncio.run(asking.ask([], "openassistant"))
