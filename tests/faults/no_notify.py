"""The product without notifications: every one is lost on its way to this process."""

from __future__ import annotations

from chatproject.asgi import application  # isort: skip - Django comes first
from chat.db.notifications import Listener


def _drop_notification(_: Listener, payload: str) -> None:
    """Drop the payload. An empty one is valid: every client of the database can send it."""


Listener._dispatch = _drop_notification  # type: ignore[assignment, method-assign]

__all__ = ["application"]
