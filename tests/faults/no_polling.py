"""The product, but for the fallback: this process looks at another's log only when the doorbell rings."""

from __future__ import annotations

from chatproject.asgi import application  # isort: skip - Django comes first

from chat.streams import mirror

mirror.POLL_SECONDS = 3600.0

__all__ = ["application"]
