"""The product, which answers at TRACKED_PATH how many objects a full garbage collection visits."""

from __future__ import annotations

import gc
from typing import Any

from chatproject.asgi import pages  # isort: skip - Django comes first

from chat.asgi import ChatApplication, Receive, Send
from chatproject.server import warm

warm.DELAY = 0.0

TRACKED_PATH = "/tracked-objects"


class CountingApplication(ChatApplication):
    """The product's application with the count."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == TRACKED_PATH:
            gc.collect()
            body = str(len(gc.get_objects())).encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})
        else:
            await super().__call__(scope, receive, send)


application = CountingApplication(pages)
