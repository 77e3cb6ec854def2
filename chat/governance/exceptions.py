"""Reasons to refuse an action of staff or of a clean-up.

GovernanceError
├── UnderLegalHold
├── StillRunning
├── AlreadyRedacted
└── AlreadyDeleted

The docstring is the message; it is for staff and never holds content.
"""

from __future__ import annotations


class GovernanceError(Exception):
    """This is not possible."""

    def __init__(self) -> None:
        super().__init__((type(self).__doc__ or "").strip())


class UnderLegalHold(GovernanceError):
    """A legal hold keeps this from being deleted or redacted."""


class StillRunning(GovernanceError):
    """A response is running in this thread. Stop it, or wait for its end."""


class AlreadyRedacted(GovernanceError):
    """This has been redacted already; nothing of it is left."""


class AlreadyDeleted(GovernanceError):
    """This has been deleted meanwhile."""
