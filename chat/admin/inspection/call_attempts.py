"""The calls of models that one response made, one after the other: fallbacks, rounds, what each took and cost."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chat.conf import settings
from chat.models import Price, UpstreamCall

MILLION = 1_000_000  # tokens that a price is for


@dataclass(frozen=True, slots=True)
class Cause:
    """An exception behind a failure; `text` only where it is our own."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """One call; times in seconds, as texts, `cost` with its currency. What is None is not known."""

    call: UpstreamCall
    name: str
    first_token: str | None
    duration: str
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
    """What all calls cost, by currency; None where there is a price for none of them."""
    prices, sums = _prices({call.model for call in calls}), defaultdict[str, Decimal](Decimal)
    for call in calls:
        if cost := _cost(call, prices[call.model]):
            sums[cost[1]] += cost[0]
    return ", ".join(_money(one, currency) for currency, one in sorted(sums.items())) or None


def _call_attempt(call: UpstreamCall, cost: tuple[Decimal, str] | None) -> CallAttempt:
    return CallAttempt(
        call=call,
        name=attempt_name(call),
        first_token=_seconds(call.started_at, call.first_token_at) if call.first_token_at else None,
        duration=_seconds(call.started_at, call.finished_at),
        cost=_money(*cost) if cost else None,
        causes=[Cause(str(one.get("kind", "")), str(one.get("text", ""))) for one in call.causes or []],
        parameters=json.dumps(call.parameters, ensure_ascii=False, indent=2) if call.parameters else "",
        rebuildable=bool(call.provenance),
    )


def attempt_name(call: UpstreamCall) -> str:
    """Which of the response's calls it is; the one for the thread's title comes after all rounds that there may be."""
    if call.round > settings.tool_rounds:
        return "Title"
    return f"Round {call.round + 1}" + (f", fallback {call.attempt}" if call.attempt else "")


def _seconds(start: datetime, end: datetime) -> str:
    return f"{(end - start).total_seconds():.2f}"


def _prices(models: set[str]) -> dict[str, list[Price]]:
    """Of each model, the newest first."""
    found: dict[str, list[Price]] = defaultdict(list)
    for price in Price.objects.filter(model__in=models).order_by("-valid_from"):
        found[price.model].append(price)
    return found


def _cost(call: UpstreamCall, prices: list[Price]) -> tuple[Decimal, str] | None:
    price = next((price for price in prices if price.valid_from <= call.started_at), None)
    if price is None:
        return None
    prompt, completion = (
        call.prompt_tokens * price.prompt_price,
        call.completion_tokens * price.completion_price,
    )
    return (prompt + completion) / MILLION, price.currency


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:.6f} {currency}"
