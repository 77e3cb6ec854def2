"""The product, which hears that a response waits only after a person has answered: a thread may pause behind its commit."""

from __future__ import annotations

import asyncio
from typing import Any

from chatproject.asgi import application  # isort: skip - Django comes first

from chat import db
from chat.responses import waiting

atomic_async = db.atomic_async
answered = asyncio.Event()


async def late(function: Any, *args: Any, **kwargs: Any) -> Any:
    result = await atomic_async(function, *args, **kwargs)
    if function is waiting.begin:
        await answered.wait()
    if function is waiting.answer:
        asyncio.get_running_loop().call_soon(answered.set)  # after the caller has gone on with the result
    return result


db.atomic_async = late

__all__ = ["application"]
