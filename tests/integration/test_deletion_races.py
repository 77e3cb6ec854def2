"""A thread that goes in the middle of a request is not found, and gives no server error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction

from chat.accounts import erasure
from chat.exceptions import BadRequest, NotFound
from chat.governance import deletion
from chat.models import Thread, User
from chat.schemas import Feedback, ThreadChange
from chat.threads import branches, exports, messages, threads
from tests.faults.fault_server import is_lock_awaited
from tests.integration.admin_rows import make_thread
from tests.live.harness import eventually

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


@pytest.mark.django_db(transaction=True)
def test_an_erasure_waits_for_the_batch_of_another_process(
    thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, deleting, go_on = thread.owner_id, threading.Event(), threading.Event()

    def pause_after(
        threads: list[int], delete: Callable[[list[int]], None] = deletion.delete_threads
    ) -> None:
        delete(threads)
        deleting.set()
        assert go_on.wait(30)

    monkeypatch.setattr(deletion, "delete_threads", pause_after)
    in_transaction(erasure.begin, owner)
    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(in_transaction, erasure.erase_batch, owner)
        assert deleting.wait(30)
        waiting = pool.submit(in_transaction, erasure.erase_batch, owner)
        eventually(lambda: waiting.done() or is_lock_awaited())
        found_early = waiting.done()
        go_on.set()
        assert not other.result()
        waiting.result()
    assert not found_early


def in_transaction(work: Callable[[int], Any], user: int) -> Any:
    """Run `work` as another process would: in a transaction on a connection of its own."""
    try:
        with transaction.atomic():
            return work(user)
    finally:
        connection.close()
