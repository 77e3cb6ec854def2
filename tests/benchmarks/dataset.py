"""A data set of users, threads, messages, responses with their logs, model calls and prices, generated in the database.

Every row's properties come from hashes of its number: the same data every time, whatever the order in which rows are made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from chat.reporting import rollups
from tests.benchmarks.dataset_texts import PROMPTS, REPLIES, texts

# Days over which the threads are spread, up to now.
DAYS = 90
# Messages of a turn: a prompt, a reply, and in a quarter of the turns a call of a tool and its result.
MESSAGES_PER_TURN = 2.5
TURNS_PER_THREAD = 5
MESSAGES_PER_USER = 2_500
# Turns in a transaction; the checks of its foreign keys wait in memory until it ends.
BATCH = 20_000

_DICE = """
CREATE OR REPLACE FUNCTION pg_temp.dice(n bigint, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (hashint8extended(n, salt) & 2147483647) / 2147483648.0::float8 $$
"""

_USERS = """
INSERT INTO chat_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined,
                       is_guest, last_login)
SELECT '!', false, CASE WHEN guest THEN 'guest-' || md5('dataset' || n) ELSE 'person-' || lpad(n::text, 5, '0') END, '', '',
       CASE WHEN guest THEN '' ELSE 'person-' || n || '@example.org' END, false, true, now() - make_interval(days => %(days)s),
       guest, CASE WHEN guest THEN NULL ELSE now() - make_interval(secs => 86400 * 30 * pg_temp.dice(n, 1)) END
FROM (SELECT n, n %% 10 > 6 AS guest FROM generate_series(1, %(users)s) n) people
RETURNING id
"""

# Few threads are long: one in a hundred has some dozens of turns, and one in two thousand hundreds.
_THREADS = """
CREATE TEMP TABLE planned_thread AS
SELECT n, owner, turns, model, archived,
       now() - make_interval(secs => %(days)s * 86400 * pg_temp.dice(n, 3)) - make_interval(secs => turns * 400) AS began
FROM (
    SELECT n, (%(users)s::bigint[])[1 + floor(pg_temp.dice(n, 4) ^ 2 * cardinality(%(users)s::bigint[]))::int] AS owner,
           CASE WHEN n %% 2000 = 1007 THEN 300 WHEN n %% 100 = 53 THEN 40
               ELSE 1 + floor(-ln(1 - pg_temp.dice(n, 5)) * 4.05)::int END AS turns,
           CASE WHEN pg_temp.dice(n, 6) < 0.75 THEN 'c1' ELSE 'openassistant' END AS model, pg_temp.dice(n, 7) < 0.1 AS archived
    FROM generate_series(1, %(threads)s) n
) drawn
"""

# Numbered in the order of time, as keys of real rows are.
_TURNS = """
CREATE TEMP TABLE planned_turn AS
SELECT row_number() OVER (ORDER BY at, thread, turn) AS n, planned.* FROM (
    SELECT t.n AS thread, t.owner, t.model, turn, t.turns, t.began + make_interval(secs => turn * 400) AS at,
           pg_temp.dice(t.n * 1000 + turn, 11) < 0.25 AS tool, pg_temp.dice(t.n * 1000 + turn, 12) AS fate,
           0.2 + 0.6 * exp(1.5 * pg_temp.dice(t.n * 1000 + turn, 13)) AS first, pg_temp.dice(t.n * 1000 + turn, 14) AS rated,
           floor(pg_temp.dice(t.n * 1000 + turn, 15) * %(prompts)s)::int AS prompt_text,
           floor(pg_temp.dice(t.n * 1000 + turn, 16) * %(replies)s)::int AS reply_text
    FROM planned_thread t, generate_series(1, t.turns) turn
) planned
"""
_INDEX = """
CREATE UNIQUE INDEX ON planned_turn (n);
CREATE INDEX ON planned_turn (thread, turn);
ANALYZE planned_turn, planned_text
"""

_INSERT_THREADS = """
INSERT INTO chat_thread (id, owner_id, public_id, title, model, turns, archived, created_at, updated_at)
SELECT %(thread)s + n, owner, 'dataset-thread-' || %(thread)s + n, left(p.readable, 60), model, turns, archived, began,
       began + make_interval(secs => turns * 400 + 5)
FROM planned_thread t JOIN planned_text p ON NOT p.reply AND p.number = (t.n * 7919) %% %(prompts)s
"""

_PROMPT = """
INSERT INTO chat_message (id, owner_id, thread_id, public_id, parent_id, turn, position, role, content, readable, created_at)
SELECT %(message)s + 4 * t.n, t.owner, %(thread)s + t.thread, 'dataset-prompt-' || %(message)s + 4 * t.n,
       (SELECT %(message)s + 4 * b.n + 3 FROM planned_turn b WHERE b.thread = t.thread AND b.turn = t.turn - 1),
       t.turn, 0, 'user', replace(p.content, '</content>', ' case' || t.n || '</content>'), p.readable || ' case' || t.n, t.at
FROM planned_turn t JOIN planned_text p ON NOT p.reply AND p.number = t.prompt_text
WHERE t.n >= %(low)s AND t.n < %(high)s ORDER BY t.n
"""

_RESPONSE = """
INSERT INTO chat_response (id, owner_id, thread_id, public_id, prompt_id, model, status, finish_reason, error_code,
    error_detail, prompt_tokens, completion_tokens, usage_source, log_length, kept_offset, text_length, created_at, started_at,
    first_token_at, finished_at)
SELECT %(response)s + t.n, t.owner, %(thread)s + t.thread, 'dataset-response-' || %(response)s + t.n,
       %(message)s + 4 * t.n, t.model, status, CASE status WHEN 'done' THEN 'stop' WHEN 'stopped' THEN 'stop' END,
       CASE status WHEN 'failed' THEN (ARRAY['model_failed', 'unavailable', 'model_timeout'])[1 + t.n %% 3] END,
       CASE status WHEN 'failed' THEN 'The model gave no complete answer.' END,
       200 + t.turn * 300, length / 4, 'provider', length, length, length, t.at, t.at,
       CASE WHEN length > 0 THEN t.at + make_interval(secs => t.first) END,
       t.at + make_interval(secs => t.first + length / 500.0)
FROM (
    SELECT *, CASE WHEN fate < 0.03 THEN 'failed' WHEN fate < 0.06 THEN 'stopped' WHEN fate < 0.063 THEN 'interrupted'
        ELSE 'done' END AS status FROM planned_turn WHERE n >= %(low)s AND n < %(high)s
) t JOIN planned_text p ON p.reply AND p.number = t.reply_text,
LATERAL (SELECT CASE WHEN status = 'failed' THEN 0 ELSE octet_length(p.content) END AS length) l ORDER BY t.n
"""

_CALL = """
INSERT INTO chat_message (id, owner_id, thread_id, public_id, parent_id, response_id, turn, position, role, content, tool_calls,
    tool_call_id, hidden, created_at)
SELECT %(message)s + 4 * t.n + h.position, t.owner, %(thread)s + t.thread,
       'dataset-hidden-' || %(message)s + 4 * t.n + h.position, %(message)s + 4 * t.n + h.position - 1, %(response)s + t.n,
       t.turn, h.position, h.role, h.content,
       CASE h.role WHEN 'assistant' THEN '[{"id":"call_' || t.n || '","type":"function","function":{"name":"search_threads",'
           || '"arguments":"{\\"words\\":\\"case' || t.n || '\\"}"}}]' END,
       CASE h.role WHEN 'tool' THEN 'call_' || t.n END, true, t.at
FROM planned_turn t,
     (VALUES (1, 'assistant', ''), (2, 'tool', '[{"title":"Orders","excerpt":"late orders"}]')) h (position, role, content)
WHERE t.tool AND t.n >= %(low)s AND t.n < %(high)s ORDER BY t.n, h.position
"""

_REPLY = """
INSERT INTO chat_message (id, owner_id, thread_id, public_id, parent_id, response_id, turn, position, role, content, readable,
    created_at, feedback_score, feedback_comment)
SELECT %(message)s + 4 * t.n + 3, t.owner, %(thread)s + t.thread, 'dataset-response-' || %(response)s + t.n,
       %(message)s + 4 * t.n + CASE WHEN t.tool THEN 2 ELSE 0 END, %(response)s + t.n, t.turn,
       CASE WHEN t.tool THEN 3 ELSE 1 END, 'assistant', CASE WHEN t.fate < 0.03 THEN '' ELSE p.content END,
       CASE WHEN t.fate < 0.03 THEN '' ELSE p.readable END, t.at,
       CASE WHEN t.rated < 0.005 THEN -1 WHEN t.rated < 0.03 THEN 1 ELSE 0 END,
       CASE WHEN t.rated < 0.002 THEN 'That is wrong.' ELSE '' END
FROM planned_turn t JOIN planned_text p ON p.reply AND p.number = t.reply_text
WHERE t.n >= %(low)s AND t.n < %(high)s ORDER BY t.n
"""

_CHUNK = """
INSERT INTO chat_chunk (response_id, start, stop, data, marks)
SELECT %(response)s + t.n, 0, octet_length(p.content), convert_to(p.content, 'UTF8'), p.marks
FROM planned_turn t JOIN planned_text p ON p.reply AND p.number = t.reply_text
WHERE t.fate >= 0.03 AND t.n >= %(low)s AND t.n < %(high)s ORDER BY t.n
"""

# A tool takes a round of its own; one call in a hundred fails and another model answers in its place.
_UPSTREAM = """
INSERT INTO chat_upstreamcall (owner_id, thread, response, model, upstream_model, round, attempt, started_at, first_token_at,
    finished_at, outcome, error_code, prompt_tokens, completion_tokens, source, parameters, system_digest, tools_digest)
SELECT t.owner, %(thread)s + t.thread, %(response)s + t.n, t.model, 'dataset/' || t.model, c.round, c.attempt,
       t.at + make_interval(secs => c.round * 2), CASE WHEN c.outcome <> 'failed' THEN t.at + make_interval(secs => c.round * 2
           + t.first) END, t.at + make_interval(secs => c.round * 2 + t.first + 1.5), c.outcome,
       CASE c.outcome WHEN 'failed' THEN (ARRAY['model_failed', 'unavailable', 'model_timeout'])[1 + t.n %% 3] END,
       200 + t.turn * 300, CASE c.outcome WHEN 'failed' THEN 0 ELSE octet_length(p.content) / 4 END,
       CASE WHEN t.n %% 20 = 0 THEN 'estimated' ELSE 'provider' END, '{{}}', '', ''
FROM planned_turn t JOIN planned_text p ON p.reply AND p.number = t.reply_text, LATERAL (
    SELECT 0 AS round, 0 AS attempt, 'failed' AS outcome WHERE t.n %% 100 = 50
    UNION ALL SELECT 0, CASE WHEN t.n %% 100 = 50 THEN 1 ELSE 0 END, 'done' WHERE t.tool
    UNION ALL SELECT CASE WHEN t.tool THEN 1 ELSE 0 END, CASE WHEN t.n %% 100 = 50 AND NOT t.tool THEN 1 ELSE 0 END,
        CASE WHEN t.fate < 0.03 THEN 'failed' WHEN t.fate < 0.06 THEN 'stopped' WHEN t.fate < 0.063 THEN 'lost' ELSE 'done' END
) c WHERE t.n >= %(low)s AND t.n < %(high)s ORDER BY t.n
""".replace("{{}}", "{}")

_SPENDING = """
INSERT INTO chat_spending (owner_id, guest, response, tokens, settled, claimed_at)
SELECT t.owner, u.is_guest, %(response)s + t.n, 200 + t.turn * 300 + octet_length(p.content) / 4, true, t.at
FROM planned_turn t JOIN chat_user u ON u.id = t.owner JOIN planned_text p ON p.reply AND p.number = t.reply_text
WHERE t.n >= %(low)s AND t.n < %(high)s ORDER BY t.n
"""

_BATCHES = (_PROMPT, _RESPONSE, _CALL, _REPLY, _CHUNK, _UPSTREAM, _SPENDING)

_LEAVES = """
UPDATE chat_thread SET leaf_id = %(message)s + 4 * t.n + 3
FROM planned_turn t WHERE t.turn = t.turns AND chat_thread.id = %(thread)s + t.thread
"""

_PRICES = """
INSERT INTO chat_price (model, valid_from, prompt_price, completion_price, currency)
SELECT model, now() - make_interval(days => days), prompt, completion, 'USD' FROM (VALUES
    ('c1', 120, 3.0, 15.0), ('c1', 30, 2.5, 12.0), ('openassistant', 120, 0.2, 0.6)
) p (model, days, prompt, completion) WHERE NOT EXISTS (SELECT FROM chat_price)
"""

_TABLES = {"thread": "chat_thread", "message": "chat_message", "response": "chat_response"}


def make(messages: int, tell: Callable[[str], object]) -> None:
    """Add about so many messages with their threads and responses. `tell` gets progress messages."""
    threads = max(1, round(messages / MESSAGES_PER_TURN / TURNS_PER_THREAD))
    with transaction.atomic():
        bases = _plan(threads, max(2, messages // MESSAGES_PER_USER))
    turns = _value("SELECT count(*) FROM planned_turn")
    for low in range(1, turns + 1, BATCH):
        with transaction.atomic():
            for statement in _BATCHES:
                _execute(statement, **bases, low=low, high=low + BATCH)
        tell(f"{min(turns, low + BATCH - 1):,} of {turns:,} turns")
    with transaction.atomic():
        _execute(_LEAVES, **bases)
        _execute(_PRICES)
        _execute("DROP TABLE planned_turn, planned_thread, planned_text")
    _move_on()
    rollups.roll_up()
    _execute("VACUUM ANALYZE")  # what autovacuum would do within minutes


def _plan(threads: int, users: int) -> dict[str, int]:
    """Plan turns and threads in temporary tables. Return the keys from which the new rows are numbered."""
    bases = {name: _value(f"SELECT coalesce(max(id), 0) FROM {table}") for name, table in _TABLES.items()}
    _execute(_DICE)
    with connection.cursor() as cursor:
        cursor.execute(_USERS, {"users": users, "days": DAYS})
        owners = [row[0] for row in cursor.fetchall()]
    _execute(
        "CREATE TEMP TABLE planned_text (number int, reply bool, content text, readable text, marks bytea)"
    )
    with connection.cursor() as cursor:
        rows = [(one.number, one.reply, one.content, one.readable, one.marks) for one in texts()]
        cursor.executemany("INSERT INTO planned_text VALUES (%s, %s, %s, %s, %s)", rows)
    _execute(_THREADS, users=owners, threads=threads, days=DAYS)
    _execute(_TURNS, prompts=PROMPTS, replies=REPLIES)
    _execute(_INDEX)
    _execute(_INSERT_THREADS, **bases, prompts=PROMPTS)
    return bases


def _move_on() -> None:
    """Set the sequences behind the keys used."""
    for table in _TABLES.values():
        _execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(max(id), 1)) FROM {table}")


def _execute(statement: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def _value(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])
