"""A probe: one tiny question to a model, by the official client, left at its first token. Nothing of it is stored."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from chat.exceptions import ChatError, ModelFailed, ModelTimeout, format_traceback_without_message
from chat.llm.clients.base import ModelClient, ModelRequest

logger = logging.getLogger(__name__)

# Seconds in all: a member of staff waits for the page that tells of it.
SECONDS = 10.0

QUESTION = "Answer with the word OK."


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """How long the model took to its first token, or to fail: seconds. `error`: how, if it did."""

    seconds: float
    error: ChatError | None = None


async def probe(client: ModelClient) -> ProbeResult:
    """Ask a model for a word and return how that went. Raises nothing but cancellation."""
    began = time.monotonic()
    error: ChatError | None = None
    try:
        async with asyncio.timeout(SECONDS):
            await client.first_token(ModelRequest([{"role": "user", "content": QUESTION}], []))
    except TimeoutError:
        error = ModelTimeout(f"The model said nothing within {SECONDS:g} s.")
    except ChatError as problem:
        error = problem
    except Exception as problem:
        # A foreign server on the other side: what it does wrong is an answer too.
        logger.error(
            "action=probe_failed reason=%s\n%s",
            type(problem).__name__,
            format_traceback_without_message(problem),
        )
        error = ModelFailed()
    return ProbeResult(time.monotonic() - began, error)
