"""A prompt from its claim to what the model gets, in one go: a change of threads on the way costs as much as a statement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from chat.payloads import Again, Send
from chat.store import claims, db, hidden
from chat.store.claims import Claim, Claimant
from chat.store.hidden import Prepared, Terms


def take(
    claimant: Claimant, request: Send | Again, terms: Callable[[str], Terms]
) -> tuple[Claim, Prepared | None]:
    """Claim a response in a transaction of its own, then read what it begins with, by the terms of its model.

    None where it does not begin now, or where that could not be read. Raises what `claims.claim` raises.
    """
    if isinstance(request, Again):
        claim = db.in_transaction(claims.claim_again, claimant, request)
    else:
        claim = db.in_transaction(claims.claim, claimant, request)
    if claim.job is not None and not claim.job.queued:
        # The claim stands, and has to be run: whoever runs it reads anew, and tells its reader what is wrong.
        with suppress(Exception):
            return claim, hidden.prepare(claim.job.response, terms(claim.job.model))
    return claim, None
