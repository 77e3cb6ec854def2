"""Work in the threads of the database: what a call that fails leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref

from chat.db import execution
from chat.exceptions import BadRequest
from tests.live.harness import eventually


class LargeArgument:
    """Stands for the megabytes of an upload."""


def refuse(body: LargeArgument) -> None:
    raise BadRequest("Not this one.")


async def refused() -> weakref.ref[LargeArgument]:
    body = LargeArgument()
    with contextlib.suppress(BadRequest):
        await execution._in_pool(lambda: refuse(body))
    return weakref.ref(body)


def test_a_refused_call_keeps_nothing_of_its_arguments() -> None:
    gc.disable()  # which would free it, though late
    try:
        kept = asyncio.run(refused())
        eventually(lambda: kept() is None)  # the thread forgets its work after it has told the result
    finally:
        gc.enable()
