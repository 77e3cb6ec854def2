"""The end of a response that has run here, stored however long the database is unavailable."""

from __future__ import annotations

import asyncio
import contextlib

from chat import db
from chat.exceptions import Unavailable
from chat.models import Response
from chat.process import process
from chat.responses import lifecycle
from chat.responses.active_response import ActiveResponse
from chat.responses.finalize import StoredResponse
from chat.responses.lifecycle import Outcome
from chat.responses.usage.blobs import PromptBlobs
from chat.streams import storage
from chat.streams.storage import Append

# Seconds between two attempts.
RETRY_SECONDS = 0.25


async def store(active: ActiveResponse, rest: Append, outcome: Outcome) -> Response | None:
    """Store the end of a response and return its final state; None if it is deleted. `rest`: the bytes that its logs lack."""

    job = active.job
    flushed = rest.start or rest.thinking_start
    known = None if flushed else StoredResponse(job.response, job.owner, job.thread, job.epoch)

    def finish() -> Response | None:
        process.part(PromptBlobs).flush()
        return lifecycle.finish(rest, outcome, known)

    while not active.lost:
        try:
            final = await db.run_async(finish)
            if final is not None:
                return final
            active.lost = True
        except Unavailable:
            await asyncio.sleep(RETRY_SECONDS)
    return await _end_by_another_process(rest.response)


async def _end_by_another_process(response: int) -> Response | None:
    """Wait for the end of a response whose lease is lost; None if it is deleted."""
    while True:
        with contextlib.suppress(Unavailable):
            row = await db.atomic_async(storage.state, response)
            if row is None or row.ended:
                return row
        await asyncio.sleep(RETRY_SECONDS)
