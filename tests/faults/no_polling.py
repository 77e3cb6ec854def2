"""The product without polling: this process reads another's log only when it is notified."""

from __future__ import annotations

from chatproject.asgi import application  # isort: skip - Django comes first

from chat.streams import mirror

mirror.POLL_SECONDS = 3600.0

__all__ = ["application"]
