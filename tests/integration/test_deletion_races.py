"""A thread that goes in the middle of a request is not found, and gives no server error."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chat.exceptions import BadRequest, NotFound
from chat.governance import deletion
from chat.models import Thread, User
from chat.schemas import Feedback, ThreadChange
from chat.threads import branches, exports, messages, threads
from tests.integration.admin_rows import make_thread

pytestmark = pytest.mark.django_db


@pytest.fixture
def thread() -> Thread:
    return make_thread(User.objects.create(username="olga"), "whales")


def of(thread: Thread) -> tuple[int, str]:
    return thread.owner_id, thread.public_id


REQUESTS: dict[str, Callable[[Thread, str], Any]] = {
    "messages": lambda thread, _: messages.page(*of(thread), messages.MessageRange(10)),
    "title": lambda thread, _: threads.change(*of(thread), ThreadChange("New", None, None, None)),
    "system prompt": lambda thread, _: threads.change(*of(thread), ThreadChange(None, None, "New", None)),
    "leaf": lambda thread, reply: threads.change(*of(thread), ThreadChange(None, None, None, reply)),
    "replacement": lambda thread, reply: messages.replace(*of(thread), reply, "New"),
    "rating": lambda thread, reply: messages.rate(*of(thread), reply, Feedback(1, "")),
    "export": lambda thread, _: exports.messages_of(thread.owner_id, exports.branch(*of(thread))[1]),
}
STEPS = [(threads, "find"), (messages, "find"), (exports, "find"), (branches, "ancestors")]


@pytest.mark.parametrize("step", STEPS, ids=[f"{module.__name__}.{name}" for module, name in STEPS])
@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_a_thread_deleted_after_any_step_of_a_request_gives_no_server_error(
    thread: Thread,
    request_of: Callable[[Thread, str], Any],
    step: tuple[Any, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module, name = step
    work = getattr(module, name)

    def work_and_lose(*args: Any, **kwargs: Any) -> Any:
        found = work(*args, **kwargs)
        deletion.delete_threads([thread.pk])
        return found

    monkeypatch.setattr(module, name, work_and_lose)
    reply = thread.messages.get(role="assistant", hidden=False).public_id
    with suppress(NotFound, BadRequest):
        request_of(thread, reply)
