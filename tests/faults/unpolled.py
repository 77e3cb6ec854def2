"""The product, but for the fallback: this process looks at another's log only when the doorbell rings."""

from __future__ import annotations

from chat.log import mirror

mirror.POLL_SECONDS = 3600.0

from chatproject.asgi import application  # noqa: E402

__all__ = ["application"]
