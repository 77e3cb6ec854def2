"""When a stream may try again, and after how long."""

from __future__ import annotations

import random

from chat_client.errors import ChatClientError, ConnectionLostError, ProblemError, ProtocolError

# Seconds before each new attempt: quick after a short fault, slow in an outage.
PAUSES = (0.3, 0.7, 1.5, 3.0, 6.0, 10.0)
# Seconds that a server may ask to wait; after more, the caller decides.
LONGEST_RETRY_AFTER = 60.0


class Backoff:
    """The failed attempts in a row, at most `max_retries`."""

    def __init__(self, max_retries: float) -> None:
        self._max_retries = max_retries
        self._failures = 0

    def reset(self) -> None:
        """Begin anew: the server has sent something."""
        self._failures = 0

    def seconds_after(self, error: ChatClientError) -> float:
        """Return the seconds until the next attempt. Raise the error if another one is of no use."""
        if self._failures >= self._max_retries or not _retryable(error):
            raise error
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)] * random.uniform(0.75, 1.25)
        self._failures += 1
        return max(pause, _retry_after(error))


def _retryable(error: ChatClientError) -> bool:
    if isinstance(error, ProblemError):
        return error.temporary and _retry_after(error) <= LONGEST_RETRY_AFTER
    return isinstance(error, ConnectionLostError | ProtocolError)


def _retry_after(error: ChatClientError) -> float:
    return (error.retry_after or 0.0) if isinstance(error, ProblemError) else 0.0
