"""Formatting of costs, tokens, quotas and excerpts."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from chat.conf import settings
from chat.models import Response, UpstreamCall
from chat.reporting.usage_totals import UsageSum, UserTotals
from chat.threads.search.excerpts import Excerpt

# Units of a currency; smaller amounts are shown with two significant digits.
SMALL = Decimal("0.01")


def format_number(number: Decimal | float, decimals: int | None = None) -> str:
    """Return a number with the separators of the active language."""
    return number_format(number, decimals, force_grouping=True)


def format_cost(usage: UsageSum) -> str:
    """Return the costs by currency, and "unpriced" if some tokens have no price."""
    costs = [format_amount(cost, currency) for currency, cost in sorted(usage.costs.items())]
    if usage.unpriced:
        costs.append(_("unpriced"))
    return " + ".join(costs) or "-"


def format_usage(usage: UsageSum) -> str:
    """Return the tokens and their cost."""
    return f"{format_number(usage.tokens)} ({format_cost(usage)})" if usage.tokens else "0"


def format_tokens(row: Response | UpstreamCall) -> str:
    """Return the tokens of prompt and completion, each with its cached or reasoning ones where they are known."""
    cached = (
        ""
        if row.cached_tokens is None
        else " " + _("(%(number)s cached)") % {"number": format_number(row.cached_tokens)}
    )
    reasoning = (
        ""
        if row.reasoning_tokens is None
        else " " + _("(%(number)s reasoning)") % {"number": format_number(row.reasoning_tokens)}
    )
    prompt, completion = (format_number(tokens or 0) for tokens in (row.prompt_tokens, row.completion_tokens))
    return f"{prompt}{cached} + {completion}{reasoning}"


def quotas_left(own: UserTotals, guests: UserTotals | None) -> list[str]:
    """Return the remaining amount of each quota that is set; `guests` are the totals of all guests, for a guest."""
    limits = [
        (_("at once"), settings.active_per_user, own.active),
        (_("this hour"), settings.per_hour, own.hour),
        (_("tokens today"), settings.tokens_per_day, own.day),
    ]
    at_once = [limits[0]]
    if guests is not None:
        limits += [
            (_("at once, all guests"), settings.guests_active, guests.active),
            (_("this hour, all guests"), settings.guests_per_hour, guests.hour),
            (_("tokens today, all guests"), settings.guests_tokens_per_day, guests.day),
        ]
        at_once.append(limits[3])
    # Zero active responses means none; zero of another quota means no limit.
    return [_left(*limit) for limit in limits if limit[1] or limit in at_once]


def _left(name: str, limit: int, used: int) -> str:
    return (
        _("%(left)s of %(limit)s")
        % {"left": format_number(max(0, limit - used)), "limit": format_number(limit)}
        + f" {name}"
    )


def format_excerpt(found: Excerpt) -> str:
    """Return an excerpt with the words of the search marked."""
    parts, end = [], 0
    for start, stop in found.ranges:
        parts.append(format_html("{}<mark>{}</mark>", found.text[end:start], found.text[start:stop]))
        end = stop
    return format_html_join("", "{}", [*((part,) for part in parts), (found.text[end:],)])


def format_amount(cost: Decimal, currency: str) -> str:
    shown = format_number(cost, 2) if not cost or cost >= SMALL else format_number(Decimal(f"{cost:.2g}"))
    return f"{shown} {currency}"
