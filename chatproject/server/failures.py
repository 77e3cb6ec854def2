"""Failures of applications and connections in the log, and an exit that nothing holds up."""

from __future__ import annotations

import logging
import os
import threading
import traceback

logger = logging.getLogger(__name__)


def log_failure(subject: str, error: Exception) -> None:
    """Log the kind and the place of an error. Its message is left out, for it may quote a prompt."""
    place = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed with %s. Traceback:\n%s", subject, type(error).__name__, place)


def exit_anyway(seconds: float) -> None:
    """Leave the process after this time, whatever hangs."""
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()
