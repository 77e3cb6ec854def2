"""Figures as the admin writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from chat.conf import settings
from chat.reporting.usage_totals import UsageSum, UserTotals

SMALL = Decimal("0.01")  # of a currency; below, digits that count are shown instead of places


def format_cost(taken: UsageSum) -> str:
    """Costs by currency; a question mark where some of the tokens have no price."""
    costs = [format_amount(cost, currency) for currency, cost in sorted(taken.costs.items())]
    if taken.unpriced:
        costs.append("?")
    return " + ".join(costs) or "-"


def taken(what: UsageSum) -> str:
    """Tokens, and what they cost."""
    return f"{what.tokens:,} ({format_cost(what)})" if what.tokens else "0"


def quotas_left(own: UserTotals, guests: UserTotals | None) -> list[str]:
    """What is left of each quota that is set, for a user, or for a guest of all `guests` together."""
    limits = [
        ("at once", settings.active_per_user, own.active),
        ("this hour", settings.per_hour, own.hour),
        ("tokens today", settings.tokens_per_day, own.day),
    ]
    if guests is not None:
        limits += [
            ("at once, all guests", settings.guests_active, guests.active),
            ("this hour, all guests", settings.guests_per_hour, guests.hour),
            ("tokens today, all guests", settings.guests_tokens_per_day, guests.day),
        ]
    # At once, 0 means none; elsewhere it means any number.
    set_limits = [limit for limit in limits if limit[1] or limit[0].startswith("at once")]
    return [f"{max(0, limit - used):,} of {limit:,} {name}" for name, limit, used in set_limits]


def format_amount(cost: Decimal, currency: str) -> str:
    shown = f"{cost:,.2f}" if not cost or cost >= SMALL else f"{cost:.2g}"
    return f"{shown} {currency}"


def format_time(time: datetime | None) -> str:
    """To the minute, in UTC, as narrow as a list's column."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}" if time else "-"
