"""The operator's policy for tools: which run, which ask the user or staff, and which are not offered (CHAT_TOOL_POLICY)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Literal, get_args

import msgspec
from django.core.exceptions import ImproperlyConfigured

from chat.conf import settings
from chat.conf_values import json_of
from chat.tools.registry import Tool

# From the mildest to the strictest.
Rule = Literal["allow", "ask", "staff", "deny"]
RULES: tuple[Rule, ...] = get_args(Rule)


def configured_rules() -> dict[str, Rule]:
    """Return the rules by the names of tools or patterns of them (`wiki_*`). Raises ImproperlyConfigured."""
    if not settings.tool_policy:
        return {}
    try:
        return msgspec.json.decode(json_of(settings.tool_policy), type=dict[str, Rule])
    except (msgspec.DecodeError, ValueError) as problem:
        raise ImproperlyConfigured(f"CHAT_TOOL_POLICY: {problem}.") from None


def with_policy(tools: Mapping[str, Tool]) -> dict[str, Tool]:
    """Return the tools that the policy offers."""
    rules = configured_rules()
    if not rules:
        return dict(tools)
    return {
        name: tool
        if rule is None
        else replace(tool, approval=rule in ("ask", "staff"), by_staff=rule == "staff")
        for name, tool in tools.items()
        if (rule := rule_for(name, rules)) != "deny"
    }


def rule_for(name: str, rules: Mapping[str, Rule]) -> Rule | None:
    """Return the rule for a tool; one for its name wins over patterns, a longer pattern over a shorter one."""
    fitting = [pattern for pattern in rules if fnmatchcase(name, pattern)]
    return rules[max(fitting, key=lambda one: ("*" not in one, len(one)))] if fitting else None
