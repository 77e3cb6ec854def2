"""The cost of a long thread's history is bounded by the budget, and the oldest turns are dropped first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.db import sql
from chat.llm.clients.base import ModelProfile
from chat.models import Message, Response, Status, Thread, User
from chat.threads import branches, messages, model_context, threads
from chat.threads.messages import MessageRange
from chat.threads.threads import Listing
from tests.integration.conversation_driver import EVERYTHING, NAME, history
from tests.integration.grammar import Json, assert_valid

pytestmark = pytest.mark.django_db

# Characters of each message in a long thread.
WORDS = 40
# Characters: a hundred such turns.
BUDGET = 8_000
PAGE = 50
# Rows that a page may read: its messages, their responses, the versions of both, each by an index.
ROWS = 8 * PAGE
# Rows: one query searches ahead of a thread's first message when a page reaches it.
SLACK = 5

# A prompt and its reply in turn, as `Response` and `Message` rows would be after so many turns.
_TURNS = """
WITH prompts AS (
    INSERT INTO chat_message (owner_id, thread_id, public_id, turn, position, role, content, readable, parts, hidden, imported)
    SELECT %(owner)s, %(thread)s, 'p' || n, n, 0, 'user', repeat('p', %(words)s), 'prompt', false, false, false
    FROM generate_series(1, %(turns)s) n RETURNING id, turn
), responses AS (
    INSERT INTO chat_response (owner_id, thread_id, prompt_id, public_id, model, status, log_length, kept_offset, finished_at)
    SELECT %(owner)s, %(thread)s, id, 'r' || turn, 'c1', 'done', %(words)s, %(words)s, now() FROM prompts
    RETURNING id, prompt_id
)
INSERT INTO chat_message
    (owner_id, thread_id, public_id, turn, position, role, content, readable, parts, hidden, imported, parent_id, response_id)
SELECT %(owner)s, %(thread)s, 'r' || p.turn, p.turn, 1, 'assistant', repeat('r', %(words)s), 'reply', false, false, false,
       p.id, r.id
FROM prompts p JOIN responses r ON r.prompt_id = p.id
"""
_PARENTS = """
UPDATE chat_message m SET parent_id = before.id FROM chat_message before
WHERE m.thread_id = %s AND before.thread_id = m.thread_id AND m.role = 'user' AND before.role = 'assistant'
  AND before.turn = m.turn - 1
"""


def long_thread(name: str, turns: int) -> Thread:
    """Return a thread of so many turns, owned by a new user."""
    owner = User.objects.create(username=name)
    thread = Thread.objects.create(owner=owner, public_id=NAME, model="c1", turns=turns)
    with connection.cursor() as cursor:
        cursor.execute(_TURNS, {"owner": owner.pk, "thread": thread.pk, "turns": turns, "words": WORDS})
        cursor.execute(_PARENTS, [thread.pk])
    thread.leaf = Message.objects.get(thread=thread, turn=turns, position=1)
    thread.save()
    return thread


@pytest.fixture
def two_threads() -> tuple[Thread, Thread]:
    """Return a thread of 300 messages, more than budget and page take, and one of 2,000."""
    pair = long_thread("short", 150), long_thread("long", 1_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_message, chat_response, chat_thread")
    return pair


@pytest.fixture
def planned_as_for_millions() -> None:
    """Forbid sequential scans: the planner would read these small tables whole."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL random_page_cost = 1; SET LOCAL enable_seqscan = off")


def rows_read(work: Callable[[], Any]) -> tuple[int, int]:
    """Run some work. Return its statements, and the rows that Postgres reads for them."""
    with _plans() as plans:
        work()
    return len(plans), sum(map(_looked_at, plans))


@contextmanager
def _plans() -> Iterator[list[Json]]:
    """Return the plans of the block's statements, each run once more to be measured."""
    plans: list[Json] = []
    by_hand = sql.batch

    def measure(statement: str, values: Any) -> None:
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
            plans.append(cursor.fetchone()[0][0]["Plan"])

    def of_orm(execute: Any, statement: str, values: Any, many: bool, context: Any) -> Any:
        measure(statement, values)
        return execute(statement, values, many, context)

    def measured(*statements: sql.Statement, binary: bool = False) -> Any:
        for statement, values in statements:
            measure(statement, values)
        return by_hand(*statements, binary=binary)

    with connection.execute_wrapper(of_orm), patch.object(sql, "batch", measured):
        yield plans


def _looked_at(plan: Json) -> int:
    """Return the rows read from tables and indexes below a node, filtered ones included."""
    below = sum(map(_looked_at, plan.get("Plans", [])))
    if "Relation Name" not in plan:
        return below
    dropped = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    return int(below + round((plan["Actual Rows"] + dropped) * plan["Actual Loops"]))


def assert_same_cost(
    two_threads: tuple[Thread, Thread], work: Callable[[Thread], Any], bound: int = ROWS
) -> None:
    short, long = two_threads
    statements, rows = rows_read(lambda: work(short))
    more_statements, more_rows = rows_read(lambda: work(long))
    assert more_statements == statements
    assert 0 < more_rows <= rows + SLACK
    assert more_rows <= bound, "rows of other threads, or far from the page"


def test_a_history_costs_the_same_in_a_thread_of_any_length(two_threads: tuple[Thread, Thread]) -> None:
    fitting = BUDGET // WORDS
    assert_same_cost(two_threads, lambda thread: history(thread.leaf_id, BUDGET), bound=2 * fitting)
    assert len(history(two_threads[1].leaf_id, BUDGET)) == fitting


@pytest.mark.usefixtures("planned_as_for_millions")
def test_a_page_of_messages_costs_the_same_in_a_thread_of_any_length(
    two_threads: tuple[Thread, Thread],
) -> None:
    assert_same_cost(two_threads, lambda thread: messages.page(thread.owner_id, NAME, MessageRange(PAGE)))


@pytest.mark.usefixtures("planned_as_for_millions")
def test_an_older_page_costs_the_same_in_a_thread_of_any_length(two_threads: tuple[Thread, Thread]) -> None:
    def older(thread: Thread) -> None:
        messages.page(thread.owner_id, NAME, MessageRange(PAGE, before=f"p{thread.turns - 10}"))

    assert_same_cost(two_threads, older)


@pytest.mark.usefixtures("planned_as_for_millions")
def test_the_last_version_is_chosen_at_the_same_cost_in_a_thread_of_any_length(
    two_threads: tuple[Thread, Thread],
) -> None:
    assert_same_cost(two_threads, lambda thread: branches.latest_leaf(thread, f"p{thread.turns - 10}"))


@pytest.mark.parametrize("count", [10, 1_000])
def test_a_page_of_any_size_takes_the_same_statements(count: int) -> None:
    """Eight: thread, branch, sizes, messages, versions of replies, of prompts, of first prompts, queued ones."""
    thread = long_thread("ada", count // 2)
    with CaptureQueriesContext(connection) as captured:
        found, _ = messages.page(thread.owner_id, NAME, MessageRange(1_000))
    assert (len(found), len(captured)) == (count, 8)


@pytest.mark.parametrize("count", [1, 60])
def test_a_list_of_threads_takes_one_statement(count: int) -> None:
    owner = User.objects.create(username="ada")
    Thread.objects.bulk_create(Thread(owner=owner, public_id=f"t{n}", model="c1") for n in range(count))
    with CaptureQueriesContext(connection) as captured:
        found, _ = threads.page(owner.pk, Listing(100, None, "", None))
    assert (len(found), len(captured)) == (count, 1)


# Dropped and kept turns


CALL = {"id": "a", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
TURN = st.tuples(st.integers(1, 60), st.lists(st.integers(0, 90), max_size=3), st.integers(0, 60))


def stored(owner: User, systems: int, turns: list[tuple[int, list[int], int]]) -> int:
    """Store imported system texts and turns (lengths of prompt, tool results, reply). Return the leaf's key."""
    thread = Thread.objects.create(owner=owner, public_id=f"t{Thread.objects.count()}", model="c1")
    parent: Message | None = None
    for turn, (asked, results, said) in enumerate([(0, [], 0)] * bool(systems) + turns):
        rows = (
            [Message(role="system", content="s" * 7, hidden=True, imported=True)] * systems
            if not asked
            else []
        )
        rows = rows or [Message(role="user", content="u" * asked), *calls(results), *reply(said)]
        for position, row in enumerate(rows):
            row.pk, row.owner, row.thread, row.parent = None, owner, thread, parent
            row.public_id, row.turn, row.position = (
                f"m{thread.pk}-{turn}-{position}",
                turn if systems else turn + 1,
                position,
            )
            row._state.adding = True
            row.save(force_insert=True)
            parent = Message(pk=row.pk)
    assert parent is not None
    return int(parent.pk)


def calls(results: list[int]) -> Iterator[Message]:
    for length in results:
        yield Message(role="assistant", tool_calls=msgspec.json.encode([CALL]).decode(), hidden=True)
        yield Message(role="tool", content="t" * length, tool_call_id="a", hidden=True)


def reply(said: int) -> list[Message]:
    return [Message(role="assistant", content="r" * said)] if said else []


def turns_of(sent: list[Json]) -> list[list[Json]]:
    starts = [place for place, message in enumerate(sent) if message["role"] == "user"]
    return [sent[start:end] for start, end in zip(starts, [*starts[1:], len(sent)], strict=True)]


def size(sent: list[Json]) -> int:
    """Return the characters of messages by the budget's measure."""
    return sum(
        len(one["content"] or "")
        + (len(msgspec.json.encode(one["tool_calls"])) if "tool_calls" in one else 0)
        for one in sent
    )


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.integers(0, 2), st.lists(TURN, min_size=1, max_size=5), st.integers(0, 600))
def test_the_oldest_whole_turns_go_first(
    systems: int, turns: list[tuple[int, list[int], int]], budget: int
) -> None:
    owner, _ = User.objects.get_or_create(username="ada")
    leaf = stored(owner, systems, turns)
    whole, sent = history(leaf, EVERYTHING), history(leaf, budget)
    assert_valid(sent)
    kept, dropped = turns_of(sent), len(turns_of(whole)) - len(turns_of(sent))
    assert [one for one in sent if one["role"] == "system"] == whole[:systems]
    assert sent[systems:] == [one for turn in kept for one in turn]
    assert kept == turns_of(whole)[dropped:]
    assert kept, "the newest prompt stays"
    assert len(kept) == 1 or size(sent) <= budget
    assert not dropped or size(sent) + size(turns_of(whole)[dropped - 1]) > budget


def test_the_newest_prompt_stays_ahead_of_more_results_than_the_budget_holds() -> None:
    leaf = stored(User.objects.create(username="ada"), 0, [(5, [], 5), (5, [90, 90, 90], 0)])
    sent = history(leaf, 100)
    assert [one["role"] for one in sent] == ["user", *["assistant", "tool"] * 3]
    assert_valid(sent)


def test_a_system_text_stays_that_came_in_the_middle() -> None:
    owner = User.objects.create(username="ada")
    leaf = stored(owner, 0, [(50, [], 5), (5, [], 0)])
    Message.objects.create(
        owner=owner, thread=Thread.objects.get(), public_id="s", turn=1, position=5, role="system", hidden=True,
        content="Be kind.", parent=Message.objects.get(role="assistant"),
    )  # fmt: skip
    Message.objects.filter(pk=leaf).update(parent=Message.objects.get(role="system"))
    assert [one["content"] for one in history(leaf, 20)] == ["Be kind.", "u" * 5]


def test_the_system_texts_count_and_stay() -> None:
    """Texts outside the messages: the model's own, the thread's."""
    owner = User.objects.create(username="ada")
    leaf = stored(owner, 0, [(40, [], 0), (40, [], 0), (40, [], 0)])
    prompt = Message.objects.get(pk=leaf)
    Thread.objects.update(system_prompt="t" * 30)
    response = Response.objects.create(
        owner=owner, thread=prompt.thread, prompt=prompt, public_id="r", model="c1", status=Status.STREAMING
    )
    Message.objects.create(
        owner=owner, thread=prompt.thread, public_id="r", parent=prompt, response=response, role="assistant"
    )
    profile = ModelProfile("c1", "c1-nightly", {}, system="m" * 10)
    requests = [model_context.build_request(response.pk, profile, budget) for budget in (0, 80, 120)]
    roles = [[message["role"] for message in request.messages] for request in requests]
    assert [told[:2] for told in roles] == [["system", "system"]] * 3
    assert [told[2:] for told in roles] == [["user"], ["user"], ["user", "user"]]
