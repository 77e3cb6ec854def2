"""The statements of a claim: what it locks and finds, and what it inserts.

Columns that an INSERT does not name have their default in the database.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, Protocol

from django.db import DEFAULT_DB_ALIAS

from chat.conf import settings
from chat.db import sql
from chat.db.notifications import NOTIFY_SQL, Notification, notify_values
from chat.models import Thread
from chat.permissions import threads as permissions
from chat.permissions.rights import RULES_SQL
from chat.threads import model_context, stored_bytes

_LOCK_OWNER = f"""
SELECT u.is_guest, {RULES_SQL.format(user="u.id")} FROM chat_user u WHERE u.id = %s AND u.is_active FOR NO KEY UPDATE OF u
"""

# In the model's order, as `Thread.from_db` wants them.
_THREAD_COLUMNS = (
    "id",
    "owner_id",
    "public_id",
    "model",
    "system_prompt",
    "revision",
    "turns",
    "leaf_id",
    "expires_at",
)

# A statement of its own, after the owner's lock: a statement sees the rows as they were when it began to wait.
_FIND = """
WITH thread AS (
    SELECT {columns} FROM chat_thread WHERE {permitted} AND public_id = %(thread)s
    ORDER BY owner_id = %(owner)s DESC LIMIT 1 FOR NO KEY UPDATE
)
SELECT ARRAY(SELECT public_id FROM chat_message
             WHERE owner_id = %(owner)s AND public_id IN (%(prompt_id)s::text, %(response_id)s::text)),
       ARRAY(SELECT id FROM chat_response WHERE owner_id = %(owner)s AND status = 'streaming'),
       ARRAY(SELECT ARRAY[id, (status = 'queued')::int, jumps_queue::int, (status = 'waiting')::int] FROM chat_response
             WHERE thread_id = thread.id AND status IN ('queued', 'streaming', 'waiting')),
       {used}, {has_files},
       CASE WHEN thread.id IS NULL THEN nextval(pg_get_serial_sequence('chat_thread', 'id')) END,
       nextval(pg_get_serial_sequence('chat_message', 'id')), nextval(pg_get_serial_sequence('chat_message', 'id')),
       nextval(pg_get_serial_sequence('chat_response', 'id')),
       CASE WHEN thread.id IS NULL THEN (SELECT instructions FROM chat_user WHERE id = %(owner)s) END,
       thread.*
FROM (VALUES (0)) AS always LEFT JOIN thread ON true
"""

_INSERT_THREAD = """
INSERT INTO chat_thread (id, owner_id, public_id, title, terms, model, system_prompt, turns, leaf_id, expires_at)
VALUES (%(id)s, %(owner)s, %(public_id)s, %(title)s, %(terms)s::tsvector, %(model)s, %(system_prompt)s, %(turns)s, %(leaf)s,
        now() + make_interval(secs => %(lifetime)s))
"""

# One statement, hence one round trip: the prompt where it is new, the response, its empty reply, the thread's new end (unless
# the turn has yet to come, or the thread was inserted with it), and the reservation of the owner's quota.
_INSERT_RESPONSE = """
WITH prompt AS ({prompt}), response AS (
    INSERT INTO chat_response (
        id, owner_id, thread_id, public_id, prompt_id, model, effort, options, status, jumps_queue, lease_owner, lease_epoch,
        lease_until, started_at
    )
    SELECT %(id)s, %(owner)s, %(thread)s, %(public_id)s, prompt.id, %(model)s, %(effort)s, %(options)s,
           CASE WHEN %(turn)s::int IS NULL THEN 'queued' ELSE 'streaming' END, %(jumps_queue)s, %(process)s, %(epoch)s,
           now() + make_interval(secs => %(lease)s), CASE WHEN %(turn)s::int IS NULL THEN NULL ELSE now() END
    FROM prompt
    RETURNING id, prompt_id
), reply AS (
    INSERT INTO chat_message (id, owner_id, thread_id, public_id, parent_id, response_id, turn, position, role, content)
    SELECT %(reply)s, %(owner)s, %(thread)s, %(public_id)s, prompt_id, id, %(turn)s, 1, 'assistant', '' FROM response
    RETURNING id
){placed}, spending AS (
    INSERT INTO chat_spending (owner_id, guest, response, tokens)
    SELECT %(owner)s, %(guest)s, response.id, %(tokens)s FROM response
)
SELECT id, ({notify}) FROM response
"""

_PLACED = """, placed AS (
    UPDATE chat_thread SET turns = %(turn)s, leaf_id = reply.id, model = %(model)s, updated_at = now(),
        expires_at = now() + (expires_at - updated_at)
    FROM reply WHERE chat_thread.id = %(thread)s AND %(turn)s::int IS NOT NULL
)"""

_NEW_PROMPT = """
    INSERT INTO chat_message (
        id, owner_id, thread_id, public_id, parent_id, turn, position, role, content, parts, readable, terms
    )
    VALUES (%(prompt)s, %(owner)s, %(thread)s, %(prompt_id)s, %(parent)s, %(turn)s, 0, 'user', %(content)s, %(parts)s,
            %(plain_text)s, %(terms)s::tsvector)
    RETURNING id
"""

_IN_NEW_THREAD = _INSERT_RESPONSE.format(notify=NOTIFY_SQL, prompt=_NEW_PROMPT, placed="")
_WITH_NEW_PROMPT = _INSERT_RESPONSE.format(notify=NOTIFY_SQL, prompt=_NEW_PROMPT, placed=_PLACED)
_WITH_STORED_PROMPT = _INSERT_RESPONSE.format(
    notify=NOTIFY_SQL, prompt="SELECT %(prompt)s::bigint AS id", placed=_PLACED
)


class OwnerCheck(Protocol):
    """The identification of a claim's owner, by itself or along with other statements (`chat.accounts.identity`)."""

    @property
    def expected(self) -> int | None:
        """The owner of last time, None where there was none."""

    @property
    def statement(self) -> sql.Statement: ...

    def identify(self) -> int:
        """Return the owner. Raises Unauthenticated, InsufficientScope."""

    def confirm(self, user: int, rows: list[sql.Row]) -> None:
        """Raise as `identify` unless the rows of the statement are this user's."""


class ActiveResponseRow(NamedTuple):
    """A response that runs or waits in the thread; one that `jumps_queue` comes next. `for_person`: it waits for a person."""

    pk: int
    queued: bool
    jumps_queue: bool
    for_person: bool


class ClaimState(NamedTuple):
    """The rows that a claim depends on, those of the user and the thread locked until it commits.

    `rules`: those of the user as `chat.permissions.rights` reads them. `running`: the user's streaming responses. `taken`:
    those of the wanted ids that name a message already. `active`: the responses that run or wait in the thread. `used`: the
    bytes that the user has stored in all and in the thread, and the rows that were added up for that. `has_files`: the user has
    files with text.

    `new_thread` (where there is none), `new_prompt`, `new_reply`, `new_response`: primary keys, taken from their sequences
    ahead, so that all that is inserted goes in one round trip, and is known where its answer is lost. `instructions`: the
    user's, for a new thread.
    """

    is_guest: bool
    rules: str | None
    running: frozenset[int]
    taken: frozenset[str]
    thread: Thread | None
    active: list[ActiveResponseRow]
    used: tuple[int, int, int]
    has_files: bool
    new_thread: int | None
    new_prompt: int
    new_reply: int
    new_response: int
    instructions: str | None


@cache
def _find() -> str:
    permitted = permissions.changeable_sql("owner_id", "id", "%(owner)s")
    used = stored_bytes.USED_SQL.format(owner="%(owner)s", thread="thread.id")
    files = model_context.HAS_FILES_SQL.format(owner="%(owner)s")
    return _FIND.format(columns=", ".join(_THREAD_COLUMNS), permitted=permitted, used=used, has_files=files)


def lock(
    user: int,
    thread: str | None,
    prompt_id: str | None = None,
    response_id: str | None = None,
    identification: OwnerCheck | None = None,
) -> ClaimState | None:
    """Lock the user's row and the thread of that public id, if the user may change it.

    Return None for a user who is gone or suspended. `identification`: confirm it, in the same round trip; raises as that does.
    """
    values = {"owner": user, "thread": thread, "prompt_id": prompt_id, "response_id": response_id}
    checks = [] if identification is None else [identification.statement]
    *checked, owner, found = sql.batch(*checks, (_LOCK_OWNER, [user]), (_find(), values))
    if identification is not None:
        identification.confirm(user, checked[0])
    if not owner:
        return None
    is_guest, rules = owner[0]
    taken, running, active, used, has_files, thread_pk, prompt, reply, response, instructions, *row = found[0]
    return ClaimState(
        is_guest,
        rules,
        frozenset(running),
        frozenset(taken),
        None if row[0] is None else Thread.from_db(DEFAULT_DB_ALIAS, _THREAD_COLUMNS, row),
        [ActiveResponseRow(pk, *map(bool, facts)) for pk, *facts in active],
        tuple(used),
        has_files,
        thread_pk,
        prompt,
        reply,
        response,
        instructions,
    )


def thread_insertion(thread: Thread, terms: str, leaf: int | None, lifetime: float | None) -> sql.Statement:
    """Return the statement that inserts a thread, which is deleted in `lifetime` seconds where that is no None.

    `terms`: those of its title. `leaf`: the primary key of its first reply, which is inserted behind it; None where other
    messages are.
    """
    return _INSERT_THREAD, {
        "id": thread.pk,
        "owner": thread.owner_id,
        "public_id": thread.public_id,
        "title": thread.title,
        "terms": terms,
        "model": thread.model,
        "system_prompt": thread.system_prompt,
        "turns": 0 if leaf is None else 1,
        "leaf": leaf,
        "lifetime": lifetime,
    }


def response_insertion(*, placed: bool, notifications: list[Notification], **values: Any) -> sql.Statement:
    """Return the statement that inserts a response; `placed` where its reply is the end of the thread already.

    Values: id, owner, guest, thread, public_id, reply, model, effort, options, turn, jumps_queue, process, epoch, tokens, and
    `prompt`, the primary key of a stored one, or that of a new one with prompt_id, parent, content, parts, plain_text, terms.
    Where `turn` is None it is queued.
    """
    new = _IN_NEW_THREAD if placed else _WITH_NEW_PROMPT
    statement = new if "prompt_id" in values else _WITH_STORED_PROMPT
    return statement, {**values, "lease": settings.lease_seconds, **notify_values(notifications)}
