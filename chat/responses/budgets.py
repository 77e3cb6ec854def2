"""The budgets of rules: what is spent of each, whether a claim has room in them, and when more is free.

Windows roll by the database's clock. Tokens are those of the quotas: a reservation while a response runs, then the real count.
Money is what the calls of models cost by the prices of their time, and while a response runs its reservation too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from chat.conf import settings
from chat.db import sql
from chat.exceptions import QuotaExceeded
from chat.models import BUDGETS
from chat.models.rules import LEAST_MONEY
from chat.permissions.rights import MONEY, Rights, RuleParts
from chat.responses.usage.upstream_calls import COST, PRICE

WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=30)}

# The advisory locks under which the members of a group claim one after the other ("chat", and the group's key).
GROUPS_LOCK = 0x63686174

# The shortest time to wait: a Retry-After of 0 would invite a loop.
RETRY = timedelta(seconds=1)

_OF_USER = "owner_id = %(user)s"
_OF_GROUP = "owner_id IN (SELECT user_id FROM chat_user_groups WHERE group_id = %(group)s)"

# Each gives the rows `at`, `amount` and `id` of what was spent in a window.
_COUNTED = """
SELECT claimed_at AS at, {amount} AS amount, id FROM chat_spending WHERE {whose} AND claimed_at > now() - %(window)s
"""
_COST = f"""
SELECT c.started_at AS at, {COST} AS amount, c.id FROM chat_upstreamcall c {PRICE}
WHERE c.{{whose}} AND c.started_at > now() - %(window)s AND p.currency = %(currency)s
UNION ALL
SELECT c.started_at, c.tokens * greatest(p.prompt_price, p.completion_price) / 1000000, c.id FROM (
    SELECT s.id, s.tokens, s.claimed_at AS started_at, r.model FROM chat_spending s JOIN chat_response r ON r.id = s.response
    WHERE s.{{whose}} AND s.claimed_at > now() - %(window)s AND NOT s.settled AND r.status IN ('queued', 'streaming')
) c {PRICE} WHERE p.currency = %(currency)s
"""
_TOTAL = "SELECT coalesce(sum(amount), 0) FROM ({spent}) spent"

# The row that has to leave the window until no more than `free` is spent.
_RENEWAL = """
SELECT at + %(window)s - now() FROM (
    SELECT at, id, sum(amount) OVER (ORDER BY at DESC, id DESC) AS newer FROM ({spent}) spent
) summed WHERE newer > %(free)s ORDER BY at DESC, id DESC LIMIT 1
"""

_HIGHEST_PRICE = """
SELECT currency, greatest(prompt_price, completion_price) FROM chat_price
WHERE model = %s AND valid_from <= now() ORDER BY valid_from DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound of a rule or of the server on one `part` of what a user spends.

    `shared`: the key of the group whose members spend it together, None for one of each user.
    """

    part: str
    limit: int | Decimal
    currency: str
    source: Literal["server", "user", "group"]
    group: str | None = None
    shared: int | None = None

    @property
    def window(self) -> timedelta:
        return WINDOWS[self.part.rpartition("_")[2]]

    def spent(self, user: int) -> int | Decimal:
        """Return the amount that is spent in the window that ends now."""
        amount: int | Decimal = sql.value(_TOTAL.format(spent=self._rows()), self._values(user))
        return amount

    def wait(self, user: int, free: int | Decimal) -> timedelta:
        """Return the time until no more than `free` of it is spent."""
        values = {**self._values(user), "free": free}
        found = sql.row(_RENEWAL.format(spent=self._rows()), values)
        return found[0] if found else timedelta()

    def _rows(self) -> str:
        whose = _OF_USER if self.shared is None else _OF_GROUP
        if self.part in MONEY:
            return _COST.format(whose=whose)
        return _COUNTED.format(whose=whose, amount="tokens" if self.part.startswith("tokens") else "1")

    def _values(self, user: int) -> dict[str, Any]:
        whose = {"user": user} if self.shared is None else {"group": self.shared}
        return {**whose, "window": self.window} | ({"currency": self.currency} if self.part in MONEY else {})


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget that counts for a user and what is spent of it; `renews_at`: when more is free, where nothing is left."""

    budget: Budget
    spent: int | Decimal
    renews_at: datetime | None

    @property
    def left(self) -> int | Decimal:
        return max(self.budget.limit - self.spent, type(self.budget.limit)(0))


def check(user: int, rights: Rights, model: str, tokens: int) -> None:
    """Raise QuotaExceeded where a response of a model that takes so many tokens has no room in a part of the budgets.

    There is room in a part if one budget of it has room. One that is larger than a whole budget is admitted where nothing
    else was spent. The caller has locked the user's row.
    """
    if not rights.rules:
        return
    for group in sorted({rule.group_key for rule in rights.rules if rule.shared and rule.group_key}):
        sql.rows("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [GROUPS_LOCK, group])
    for part in BUDGETS:
        waits = [
            (_wait_for_room(budget, user, needed), budget)
            for budget in _of_part(rights, part)
            # None: a budget of money in another currency; the rights leave no model that no budget counts.
            if (needed := _needed(budget, model, tokens)) is not None
        ]
        if waits and all(wait for wait, _ in waits):
            raise _exceeded(*min(waits, key=lambda one: one[0]))


def states(user: int, rights: Rights) -> list[BudgetState]:
    """Return the state of each budget that counts for a user, those of the server last."""
    found = [budget for part in BUDGETS for budget in _of_part(rights, part)]
    return [_state(user, budget) for budget in (*found, *_of_server())]


def best_states(user: int, rights: Rights) -> list[BudgetState]:
    """Return the states by which the user is bounded: of each part the rule with the most left, and the server's."""
    found: dict[tuple[str, bool], BudgetState] = {}
    for state in states(user, rights):
        key = state.budget.part, state.budget.source == "server"
        if key not in found or _share_left(state) > _share_left(found[key]):
            found[key] = state
    return list(found.values())


def _share_left(state: BudgetState) -> float:
    return float(state.left) / float(state.budget.limit)


def _state(user: int, budget: Budget) -> BudgetState:
    spent = budget.spent(user)
    if spent < budget.limit:
        return BudgetState(budget, spent, None)
    least = LEAST_MONEY if budget.part in MONEY else 1
    return BudgetState(budget, spent, datetime.now(UTC) + budget.wait(user, budget.limit - least))


def _of_part(rights: Rights, part: str) -> Iterator[Budget]:
    return (_of_rule(rule, part) for rule in rights.saying(part))


def _of_rule(rule: RuleParts, part: str) -> Budget:
    source: Literal["user", "group"] = "user" if rule.group is None else "group"
    shared = rule.group_key if rule.shared else None
    return Budget(part, getattr(rule, part), rule.currency, source, rule.group, shared)


def _of_server() -> list[Budget]:
    """Return the server's own quotas that are set."""
    limits = {"responses_per_hour": settings.per_hour, "tokens_per_day": settings.tokens_per_day}
    return [Budget(part, limit, "", "server") for part, limit in limits.items() if limit]


def _wait_for_room(budget: Budget, user: int, needed: int | Decimal) -> timedelta:
    """Return the time until so much has room in a budget: zero where it has room now, else at least RETRY."""
    free = max(budget.limit - needed, type(budget.limit)(0))
    return timedelta() if budget.spent(user) <= free else max(RETRY, budget.wait(user, free))


def _needed(budget: Budget, model: str, tokens: int) -> int | Decimal | None:
    """Return what a response takes of a budget at most; None for money where the model has no price in its currency."""
    if budget.part not in MONEY:
        return tokens if budget.part.startswith("tokens") else 1
    priced = sql.row(_HIGHEST_PRICE, [model])
    if priced is None or priced[0] != budget.currency:
        return None
    cost: Decimal = tokens * priced[1] / 1_000_000
    return cost


def _exceeded(wait: timedelta, budget: Budget) -> QuotaExceeded:
    renews_at = datetime.now(UTC) + wait
    return QuotaExceeded(
        f"{_words(budget)} There is room again at {renews_at:%Y-%m-%d %H:%M} UTC.",
        quota=f"rule_{budget.part}",
        group=budget.group,
        renewsAt=renews_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        retry_after=wait.total_seconds(),
    )


def _words(budget: Budget) -> str:
    kind, _, window = budget.part.partition("_per_")
    kind = kind.removesuffix("s") if budget.limit == 1 else kind
    amount = f"{budget.limit:,.2f} {budget.currency}" if kind == "money" else f"{budget.limit:,} {kind}"
    whose = "You have" if budget.group is None else f"The group {budget.group} has"
    each = "" if budget.group is None or budget.shared else " for each member"
    return (
        f"{whose} a budget of {amount} {'an' if window == 'hour' else 'a'} {window}{each}, and it is used up."
    )
