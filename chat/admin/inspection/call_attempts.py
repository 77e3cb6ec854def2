"""The calls of models that a response made, in order: rounds and fallbacks, with duration and cost."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext

from chat.admin.lists.formatting import format_tokens
from chat.conf import settings
from chat.models import Price, UpstreamCall

# Tokens per price.
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Cause:
    """An exception in the chain that caused a failure; `text` is set only for exceptions of this project."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """One call of a model. Times are seconds as text, `cost` includes the currency; unknown values are None."""

    call: UpstreamCall
    name: str
    first_token: str | None
    duration: str
    tokens: str
    cost: str | None
    causes: list[Cause]
    parameters: str
    rebuildable: bool


def calls_of(response: int) -> list[UpstreamCall]:
    return list(UpstreamCall.objects.filter(response=response).order_by("round", "attempt"))


def call_attempts(calls: list[UpstreamCall]) -> list[CallAttempt]:
    prices = _prices({call.model for call in calls})
    return [_call_attempt(call, _cost(call, prices[call.model])) for call in calls]


def total_cost(calls: list[UpstreamCall]) -> str | None:
    """Return the cost of all calls by currency, or None if no call has a price."""
    prices, sums = _prices({call.model for call in calls}), defaultdict[str, Decimal](Decimal)
    for call in calls:
        if cost := _cost(call, prices[call.model]):
            sums[cost[1]] += cost[0]
    return ", ".join(_money(amount, currency) for currency, amount in sorted(sums.items())) or None


def _call_attempt(call: UpstreamCall, cost: tuple[Decimal, str] | None) -> CallAttempt:
    return CallAttempt(
        call=call,
        name=attempt_name(call),
        first_token=_seconds(call.started_at, call.first_token_at) if call.first_token_at else None,
        duration=_seconds(call.started_at, call.finished_at),
        tokens=format_tokens(call),
        cost=_money(*cost) if cost else None,
        causes=[Cause(str(cause.get("kind", "")), str(cause.get("text", ""))) for cause in call.causes or []],
        parameters=json.dumps(call.parameters, ensure_ascii=False, indent=2) if call.parameters else "",
        rebuildable=bool(call.provenance),
    )


def attempt_name(call: UpstreamCall) -> str:
    """Return the name of a call within its response. The call for the title has a round number above all others."""
    if call.round > settings.tool_rounds:
        return gettext("Title")
    fallback = gettext(", fallback %(number)s") % {"number": call.attempt} if call.attempt else ""
    return gettext("Round %(number)s") % {"number": call.round + 1} + fallback


def _seconds(start: datetime, end: datetime) -> str:
    return f"{(end - start).total_seconds():.2f}"


def _prices(models: set[str]) -> dict[str, list[Price]]:
    """Return the prices of each model, newest first."""
    prices: dict[str, list[Price]] = defaultdict(list)
    for price in Price.objects.filter(model__in=models).order_by("-valid_from"):
        prices[price.model].append(price)
    return prices


def _cost(call: UpstreamCall, prices: list[Price]) -> tuple[Decimal, str] | None:
    price = next((price for price in prices if price.valid_from <= call.started_at), None)
    if price is None:
        return None
    cached = call.cached_tokens or 0
    cached_price = price.prompt_price if price.cached_price is None else price.cached_price
    prompt = (call.prompt_tokens - cached) * price.prompt_price + cached * cached_price
    return (prompt + call.completion_tokens * price.completion_price) / MILLION, price.currency


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:.6f} {currency}"
