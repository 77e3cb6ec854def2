"""A prompt from its claim to what the model gets, in one go: a change of threads on the way costs as much as a statement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from chat.payloads import RegenerateRequest, SendRequest
from chat.store import claims, db, hidden
from chat.store.claims import Claim, ClaimContext
from chat.store.hidden import ModelContext, ContextLimits


def claim_with_context(
    claim_context: ClaimContext,
    request: SendRequest | RegenerateRequest,
    terms: Callable[[str], ContextLimits],
) -> tuple[Claim, ModelContext | None]:
    """Claim a response in a transaction of its own, then read what it begins with, by the terms of its model.

    None where it does not begin now, or where that could not be read. Raises what `claims.claim` raises.
    """
    if isinstance(request, RegenerateRequest):
        claim = db.in_transaction(claims.claim_regeneration, claim_context, request)
    else:
        claim = db.in_transaction(claims.claim, claim_context, request)
    if claim.job is not None and not claim.job.queued:
        # The claim stands, and has to be run: whoever runs it reads anew, and tells its reader what is wrong.
        with suppress(Exception):
            return claim, hidden.build_context(claim.job.response, terms(claim.job.model))
    return claim, None
