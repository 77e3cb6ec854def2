"""Probes of models: one tiny question by the official client, closed at the first token. Nothing is stored."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from chat.exceptions import ChatError, ModelFailed, ModelTimeout, format_traceback_without_message
from chat.llm.clients.base import ModelClient, ModelRequest

logger = logging.getLogger(__name__)

# Seconds in all: a member of staff waits for the page with the result.
SECONDS = 10.0

QUESTION = "Answer with the word OK."


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The seconds until the first token or the failure, and the `error` of a failure."""

    seconds: float
    error: ChatError | None = None


async def probe(client: ModelClient) -> ProbeResult:
    """Ask a model for one word and return the result. No exception but cancellation comes out."""
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
        # The server is foreign: each of its faults is a result of the probe.
        logger.error(
            "action=probe_failed reason=%s\n%s",
            type(problem).__name__,
            format_traceback_without_message(problem),
        )
        error = ModelFailed()
    return ProbeResult(time.monotonic() - began, error)
