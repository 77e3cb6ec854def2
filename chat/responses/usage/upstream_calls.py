"""The rows of model calls, the usage of a response, and the cost of calls by the prices of their time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection
from django.db.models.functions import Now

from chat.db import sql
from chat.llm.clients.base import ModelClient
from chat.models import CallOutcome, Response, Status, TokenSource, UpstreamCall

# Characters of English text, for estimates where the provider counts nothing.
CHARACTERS_PER_TOKEN = 4

# The bound of the database's integer; a provider may claim any count.
MAX_TOKENS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of a model, as `UpstreamCall` keeps it. The fields from `first_token_at` on are set at its end."""

    model: str
    upstream_model: str
    round: int
    attempt: int
    started_at: datetime
    first_token_at: datetime | None = None
    finished_at: datetime | None = None
    outcome: CallOutcome = CallOutcome.STOPPED
    error_code: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    source: TokenSource = TokenSource.ESTIMATED
    parameters: dict[str, Any] = field(default_factory=dict)
    system_digest: str = ""
    tools_digest: str = ""
    request_digest: str = ""
    provenance: dict[str, Any] | None = None
    causes: list[dict[str, str]] | None = None


_COLUMN_OF: dict[str, str] = {
    entry.name: UpstreamCall._meta.get_field(entry.name).column  # type: ignore[union-attr, misc]
    for entry in fields(CallRecord)
}
_COLUMNS = ", ".join(["owner_id", "thread", "response", *_COLUMN_OF.values()])

# Together a statement, and parts of a larger one.
ADD = f"INSERT INTO chat_upstreamcall ({_COLUMNS}) SELECT {_COLUMNS}"
CALLS = "jsonb_populate_recordset(NULL::chat_upstreamcall, %(calls)s::jsonb)"


def tokens_of(characters: int) -> int:
    """Return the estimated tokens of a text of so many characters."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def add(owner: int | None, thread: int, response: int, calls: Sequence[CallRecord]) -> None:
    """Store calls of a response. Repeating it is harmless."""
    if calls:
        sql.rows(
            f"{ADD} FROM {CALLS} ON CONFLICT DO NOTHING",
            {"calls": encode_calls(owner, thread, response, calls)},
        )


def encode_calls(owner: int | None, thread: int, response: int, calls: Sequence[CallRecord]) -> str:
    """Encode the parameter `calls` of CALLS."""
    whose = {"owner_id": owner, "thread": thread, "response": response}
    rows = [
        {**whose, **{column: getattr(call, name) for name, column in _COLUMN_OF.items()}} for call in calls
    ]
    return msgspec.json.encode(rows).decode()


def store_lost_call(response: Response) -> list[UpstreamCall]:
    """Store the call that was lost with its process, estimated from text and thought, and return all calls of the response.

    A response that never started has none, and none of a response that waits was lost.
    """
    if response.status == Status.QUEUED or response.started_at is None:
        return []
    stored = list(UpstreamCall.objects.filter(response=response.pk).order_by("round", "attempt"))
    if response.status == Status.WAITING:
        return stored
    heard = sum(call.completion_tokens for call in stored)
    prompt = stored[-1].prompt_tokens if stored else tokens_of(len(response.prompt.content))
    lost = UpstreamCall.objects.create(
        owner_id=response.owner_id,
        thread=response.thread_id,
        response=response.pk,
        model=response.model,
        round=stored[-1].round + 1 if stored else 0,
        attempt=0,
        started_at=response.started_at,
        finished_at=Now(),
        outcome=CallOutcome.LOST,
        prompt_tokens=prompt,
        completion_tokens=max(0, tokens_of(response.log_length + response.thinking_length) - heard),
        source=TokenSource.ESTIMATED,
    )
    return [*stored, lost]


def from_answering(clients: list[ModelClient], calls: Sequence[UpstreamCall]) -> list[ModelClient]:
    """Return the clients from the one on that made the last call: a model that was replaced stays so."""
    names = [client.profile.name for client in clients]
    # Those of tools have no provenance.
    made = [call.model for call in calls if call.provenance is not None and call.model in names]
    return clients[names.index(made[-1]) :] if made else clients


def total(calls: Sequence[CallRecord | UpstreamCall]) -> dict[str, Any]:
    """Return a response's columns of usage: the sums over its calls, an estimate if one of them is, or there is none.

    Reasoning and cached tokens are those of the calls whose provider counts them; None where none does.
    """
    prompt = completion = 0
    reasoning = cached = None
    source = TokenSource.PROVIDER if calls else TokenSource.ESTIMATED
    for call in calls:
        prompt += call.prompt_tokens or 0
        completion += call.completion_tokens or 0
        if call.reasoning_tokens is not None:
            reasoning = (reasoning or 0) + call.reasoning_tokens
        if call.cached_tokens is not None:
            cached = (cached or 0) + call.cached_tokens
        if call.source != TokenSource.PROVIDER:
            source = TokenSource.ESTIMATED
    return {
        "prompt_tokens": min(prompt, MAX_TOKENS),
        "completion_tokens": min(completion, MAX_TOKENS),
        "reasoning_tokens": None if reasoning is None else min(reasoning, MAX_TOKENS),
        "cached_tokens": None if cached is None else min(cached, MAX_TOKENS),
        "usage_source": source.value,
    }


_KEYS = {
    "thread": "c.thread",
    "user": "c.owner_id",
    "model": "c.model",
    "day": "(c.started_at AT TIME ZONE 'UTC')::date",
}

# The price that was valid when a call began, and the call's cost by it; null without a price.
PRICE = """
LEFT JOIN LATERAL (
    SELECT currency, prompt_price, completion_price, coalesce(cached_price, prompt_price) AS cached_price FROM chat_price
    WHERE model = c.model AND valid_from <= c.started_at ORDER BY valid_from DESC LIMIT 1
) p ON true
"""
COST = """(
    (c.prompt_tokens - coalesce(c.cached_tokens, 0)) * p.prompt_price + coalesce(c.cached_tokens, 0) * p.cached_price
    + c.completion_tokens * p.completion_price
) / 1000000"""

_COSTS = f"""
SELECT {{keys}}, p.currency, sum({COST}), sum(c.prompt_tokens), sum(c.completion_tokens), sum(c.reasoning_tokens),
       sum(c.cached_tokens), count(*), count(*) FILTER (WHERE c.source = 'estimated')
FROM chat_upstreamcall c {PRICE}
WHERE c.started_at >= %s AND c.started_at < %s
GROUP BY {{keys}}, p.currency ORDER BY {{keys}}, p.currency
"""


@dataclass(frozen=True, slots=True)
class CallCost:
    """The cost of the calls of one `key`, by the price that was valid when each began.

    Calls without a price make a row of their own, whose `cost` and `currency` are None. `reasoning_tokens` and
    `cached_tokens` are None where no provider counted them. `estimated`: of `calls`, those whose tokens no provider counted.
    """

    key: tuple[Any, ...]
    currency: str | None
    cost: Decimal | None
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int | None
    cached_tokens: int | None
    calls: int
    estimated: int


def call_costs(by: tuple[str, ...], since: datetime, until: datetime) -> list[CallCost]:
    """Return the costs of the calls that began from `since` until before `until`, for each combination of the keys `by`.

    Keys: `thread` and `user` (primary keys; a user who is gone is None), `model`, `day` (UTC). KeyError for others.
    """
    keys = [_KEYS[name] for name in by]
    with connection.cursor() as cursor:
        cursor.execute(_COSTS.format(keys=", ".join(keys)), [since, until])
        rows = cursor.fetchall()
    return [CallCost(row[: len(keys)], *row[len(keys) :]) for row in rows]
