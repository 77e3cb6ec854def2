"""The model server of the tests: answers with queued scripts from a thread of its own, and keeps the requests.

with ScriptedModel() as model:
    model.script(answer("Hel", "lo"))       # for the next request; then the default answers again
    model.default(answer("Hello"))          # or a function of the request
    ...
    assert model.requests[0].json["stream"]
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Self

from chat.testing.embeddings import embeddings
from chat.testing.model_server import ModelServer, Received, bound
from chat.testing.script import WAIT_SECONDS, Script, answer

Behaviour = Script | Callable[[Received], Script]

LOOPBACK = "127.0.0.1"
HELLO = answer("Hello from the script.")


class ScriptedModel:
    """A context manager. All public methods may be called from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._note_mistake)
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted-model", daemon=True)
        self._server = ModelServer(self._choose)
        self._news = threading.Condition()
        self._received: list[Received] = []
        self._scripts: deque[Behaviour] = deque()
        self._default: Behaviour = HELLO
        self._mistakes: list[object] = []
        self.port = 0

    @property
    def base_url(self) -> str:
        return self._server.base_url

    @property
    def requests(self) -> list[Received]:
        with self._news:
            return list(self._received)

    def script(self, *behaviours: Behaviour) -> None:
        """Answer the next requests with these, one each, in order."""
        self._scripts.extend(behaviours)

    def default(self, behaviour: Behaviour) -> None:
        """Answer with this where no script is queued."""
        self._default = behaviour

    def reset(self) -> None:
        """Forget scripts and requests, as between two tests. Raise AssertionError if a script failed."""
        with self._news:
            self._received = []
        self._scripts.clear()
        self._default = HELLO
        mistakes, self._mistakes = self._mistakes, []
        assert not mistakes, f"a script failed: {mistakes!r}"

    def wait_for_requests(self, count: int, seconds: float = WAIT_SECONDS) -> list[Received]:
        """Return the requests once there are `count`. Raise AssertionError after `seconds`."""
        with self._news:
            enough = self._news.wait_for(lambda: len(self._received) >= count, seconds)
            assert enough, f"{len(self._received)} of {count} requests came"
            return list(self._received)

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse connections within the block; the port stays reserved."""
        self._call(self._stop_listening())
        reserved = bound(LOOPBACK, self.port)
        try:
            yield
        finally:
            self._call(self._server.listen(reserved))

    def __enter__(self) -> Self:
        self._thread.start()
        listener = bound(LOOPBACK, 0)
        self.port = listener.getsockname()[1]
        self._call(self._server.listen(listener))
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._server.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WAIT_SECONDS)

    async def _stop_listening(self) -> None:
        self._server.stop_listening()

    def _note_mistake(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._mistakes.append(context.get("exception") or context["message"])

    def _choose(self, received: Received) -> Script:
        with self._news:
            self._received.append(received)
            self._news.notify_all()
        if not self._scripts and received.is_embedding and self._default is HELLO:
            return embeddings(received.fields)
        behaviour = self._scripts.popleft() if self._scripts else self._default
        return behaviour(received) if callable(behaviour) else behaviour
