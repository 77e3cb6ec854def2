"""The rights of a user by the rules of groups and of their own: models, tools, budgets.

Each part of a rule counts by itself. Where a user's own rule says something, it alone counts; else the most generous of those
rules of their groups that say something; where none does, only the server's own limits, which bound the rules in any case.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatchcase

import msgspec

from chat.db import sql
from chat.exceptions import BadRequest
from chat.llm import config
from chat.tools.policy import RULES, Rule, rule_for
from chat.tools.registry import Tool

# The rules of a user as JSON, null without one: an expression in a larger statement, with a place for the user.
RULES_SQL = """(
    SELECT json_agg(json_build_object(
        'group', g.name, 'group_key', r.group_id, 'model_names', r.model_names, 'tool_rules', r.tool_rules,
        'responses_per_hour', r.responses_per_hour, 'tokens_per_day', r.tokens_per_day,
        'tokens_per_month', r.tokens_per_month, 'money_per_day', r.money_per_day, 'money_per_month', r.money_per_month,
        'currency', r.currency, 'shared', r.shared, 'retention_days', r.retention_days
    ) ORDER BY g.name, r.id)::text
    FROM chat_usagerule r LEFT JOIN auth_group g ON g.id = r.group_id
    WHERE r.user_id = {user} OR r.group_id IN (SELECT m.group_id FROM chat_user_groups m WHERE m.user_id = {user})
)"""

_RULES = f"SELECT {RULES_SQL.format(user='%(user)s')}"

# The models that have a price in a currency now.
_PRICED = """
SELECT model, currency FROM (
    SELECT DISTINCT ON (model) model, currency FROM chat_price WHERE valid_from <= now() ORDER BY model, valid_from DESC
) p
"""

# Parts of a rule that are amounts of money.
MONEY = ("money_per_day", "money_per_month")


class UnknownModel(BadRequest):
    """There is no such model."""


class RuleParts(msgspec.Struct, frozen=True):
    """One rule of a user: of the group of that name, or their own (`group` is None). A part that is None says nothing."""

    group: str | None
    group_key: int | None
    model_names: tuple[str, ...] | None
    tool_rules: dict[str, Rule] | None
    responses_per_hour: int | None
    tokens_per_day: int | None
    tokens_per_month: int | None
    money_per_day: Decimal | None
    money_per_month: Decimal | None
    currency: str
    shared: bool
    retention_days: int | None


@dataclass(frozen=True, slots=True)
class Rights:
    """The rules of a user, and the models that they leave of those that the server has."""

    rules: tuple[RuleParts, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def default_model(self) -> str:
        """Return the model of a thread whose prompts name none; "" where the user may use no model."""
        return next(iter(self.models), "")

    def saying(self, part: str) -> list[RuleParts]:
        """Return the rules that count for a part: the user's own, or those of groups."""
        return _counting([rule for rule in self.rules if getattr(rule, part) is not None])

    def tool_rule(self, name: str) -> Rule | None:
        """Return the rule for a tool, None where no rule names it."""
        named = [(rule, found) for rule in self.rules if (found := rule_for(name, rule.tool_rules or {}))]
        counting = _counting([rule for rule, _ in named])
        return min((found for rule, found in named if rule in counting), key=RULES.index, default=None)

    def permitted(self, tools: dict[str, Tool]) -> dict[str, Tool]:
        """Return the tools that the user may use. A rule makes a tool ask that would run, never the reverse."""
        if not self.rules:
            return tools
        return {
            name: made for name, tool in tools.items() if (made := _restricted(tool, self.tool_rule(name)))
        }

    def check_model(self, name: str) -> None:
        """Raise UnknownModel, alike for a model that the server lacks and for one that the user may not use."""
        if name not in self.models:
            known = ", ".join(self.models) or "none"
            raise UnknownModel(f"There is no such model. Known: {known}.", models=list(self.models))


def of_user(user: int) -> Rights:
    """Return the rights of a user, in one statement for a user without rules."""
    return from_json(sql.value(_RULES, {"user": user}))


def from_json(rules: str | None) -> Rights:
    """Return the rights by the value of RULES_SQL; a budget of money takes a further statement, for the prices."""
    if rules is None:
        return Rights(models=config.names())
    rights = Rights(msgspec.json.decode(rules, type=tuple[RuleParts, ...]))
    return replace(rights, models=_usable(rights, config.names()))


def _counting(rules: list[RuleParts]) -> list[RuleParts]:
    return [rule for rule in rules if rule.group is None] or rules


def _usable(rights: Rights, known: Sequence[str]) -> tuple[str, ...]:
    """Return the models that the rules allow; under a budget of money only those with a price in its currency."""
    if named := rights.saying("model_names"):
        patterns = {pattern for rule in named for pattern in rule.model_names or ()}
        known = [name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns)]
    for part in MONEY:
        if budgets := rights.saying(part):
            known = _priced(known, {rule.currency for rule in budgets})
    return tuple(known)


def _priced(models: Sequence[str], currencies: Collection[str]) -> Sequence[str]:
    priced = {model for model, currency in sql.rows(_PRICED) if currency in currencies}
    return [model for model in models if model in priced]


def _restricted(tool: Tool, rule: Rule | None) -> Tool | None:
    """Return the tool under the stricter of its own rule and a given one; None for one that is denied."""
    own: Rule = "staff" if tool.by_staff else "ask" if tool.approval else "allow"
    if rule is None or RULES.index(rule) <= RULES.index(own):
        return tool
    return None if rule == "deny" else replace(tool, approval=True, by_staff=rule == "staff")
