"""No statement on an answer's way leaves its owner, so that owners can be spread over several databases.

Postgres itself says what a statement reads: without sequential scans its plan reads each table by a key, if it can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from chat.models import Message, Response, Thread, User
from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from tests.faults.fault_server import LEASE, query_rows, start_fault_server, wait_until_stored
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, LiveServers
from tests.live.transports import SOCKET, SSE, Reader

# The first key of each table: numbers that mean nothing else in a statement.
FIRST_KEYS: dict[type[Model], int] = {
    User: 81_000_000,
    Thread: 82_000_000,
    Message: 83_000_000,
    Response: 84_000_000,
}
KEY = re.compile(r"\b8[1-4]0\d{5}\b")
# A condition on a column that names an owner, or a row of one.
KEYS = "owner_id|user_id|id|thread_id|thread|response_id|response|message_id|parent_id|prompt_id|digest"
BY_KEY = re.compile(rf"\b({KEYS})\)?(::text)? = ")
# Without these, and with tables that look large, a plan reads by keys where it can.
WITHOUT_KEYS = ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin")
LOOK_LARGE = "UPDATE pg_class SET reltuples = 1e7, relpages = 1 WHERE relkind = 'r' AND relname LIKE 'chat%'"

# What runs beside the answers, for the whole database: clean-up, the reading of files, orphans, deadlines.
BACKGROUND = (
    "chat.accounts.erasure",
    "chat.accounts.guests.delete",
    "chat.accounts.login_attempts",
    "chat.accounts.sessions",
    "chat.accounts.sign_ins",
    "chat.accounts.single_sign_on",
    "chat.files.storage",
    "chat.governance",
    "chat.reporting",
    "chat.responses.lifecycle.leases",
    "chat.responses.notices",
    "chat.responses.waiting.expire",
    "chat.threads.search.index",
    "chat.threads.shares.delete",
    "chat.threads.stored_bytes.merge",
)
# They write for all answers of a process at once, to rows whose keys they are given; what Postgres reads first of several
# tables is its choice from one run to the next.
OF_A_PROCESS = {"chat.streams.storage.append", "chat.responses.lifecycle.heartbeat"}
# They name no owner: one finds the owner of a token, the other keeps texts that all requests share.
WITHOUT_OWNER = {"chat.accounts.identity._by_token", "chat.responses.usage.blobs.flush"}
# The former goes along with a claim's first statements, too.
OF_TOKEN = "FROM chat_apitoken t JOIN chat_user u"
# A part of those that have to be among the recorded ones.
EXPECTED = {
    "chat.accounts.identity._by_token",
    "chat.responses.claims.statements.lock",
    "chat.responses.claims.claim._insert",
    "chat.threads.history.history_with_provenance",
    "chat.streams.storage.append",
    "chat.responses.tool_rounds.add_round",
    "chat.responses.finalize.finalize",
    "chat.threads.threads._response",
    "chat.streams.storage.read",
    "chat.streams.storage.state",
    "chat.responses.lifecycle.request_stop",
    "chat.threads.messages._fitting",
    "chat.threads.threads.page",
}


@dataclass(frozen=True)
class Statement:
    """A statement with its values. `way`: the functions that led to it, innermost first."""

    way: list[str]
    text: str

    @property
    def sender(self) -> str:
        return self.way[0]


def recorded(server: LiveServer) -> list[Statement]:
    """Return the statements on the way of answers that a server has sent to the product's tables."""
    lines = (server.folder / "statements").read_text().splitlines()
    found = [Statement(**json.loads(line)) for line in lines]
    return [one for one in found if "chat_" in one.text and not one.way[-1].startswith(BACKGROUND)]


def parts(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from parts(part)


def conditions(part: dict[str, Any]) -> str:
    return " ".join(str(text) for name, text in part.items() if name.endswith(("Cond", "Filter")))


def read_without_key(statements: list[Statement]) -> set[tuple[str, str]]:
    """Return the senders and tables of statements that read more than the rows of given keys."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOOK_LARGE)
        for setting in WITHOUT_KEYS:
            cursor.execute(f"SET LOCAL {setting} = off")
        found = {
            (one.sender, table)
            for one in statements
            if one.sender not in OF_A_PROCESS
            for table in _read_without_key(cursor, one.text)
        }
        transaction.set_rollback(True)
    return found


def _read_without_key(cursor: Any, statement: str) -> list[str]:
    cursor.execute("EXPLAIN (FORMAT JSON, COSTS off) " + statement)
    ((plans,),) = cursor.fetchall()
    whole = list(parts(plans[0]["Plan"]))
    joined = " ".join(map(conditions, whole))
    return [
        str(scan["Relation Name"])
        for scan in whole
        if "Relation Name" in scan and scan["Node Type"] != "ModifyTable"
        if not (BY_KEY.search(conditions(scan)) or re.search(rf"= {scan['Alias']}\.({KEYS})\b", joined))
    ]


def set_keys() -> None:
    for model, first in FIRST_KEYS.items():
        query_rows(f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), {first})")


def owners(statement: Statement) -> set[int]:
    """Return the owners of the rows whose keys are among a statement's values."""
    keys = set(map(int, KEY.findall(statement.text)))
    found = set(User.objects.filter(pk__in=keys).values_list("pk", flat=True))
    for model in (Thread, Message, Response):
        found |= set(model.objects.filter(pk__in=keys).values_list("owner_id", flat=True))
    return found


def talk(client: Client, other: Client, elsewhere: LiveServer, model: ScriptedModel) -> None:
    """Send, follow, stop and read in all ways, with another user's answer under way."""
    gates = [Gate(), Gate()]
    model.script(answer("Before. ", gates[0], "After."), answer("Before. ", gates[1], "After."))
    thread, response, foreign = new_id("t"), new_id("r"), new_id("r")
    readers: list[Reader] = [
        SSE.send(client, thread=thread, response=response).until("Before. "),
        SSE.send(other, response=foreign).until("Before. "),
    ]
    readers.append(SOCKET.follow(client, response).until("Before. "))
    wait_until_stored(client, response, len("Before. "))
    for gate in gates:
        gate.open()
    for reader in readers:
        assert reader.rest().text == b"Before. After."
    model.script(tool_round(Call("calculate", '{"expression": "6*7"}')), answer("It is 42."))
    assert SSE.send(client, thread=thread).rest().end["status"] == "done"
    assert SSE.follow(client, response).rest().text == b"Before. After."
    assert len(client.messages(thread)) == 4
    # An answer of another process: followed by its notifications, and stopped.
    gate, response = Gate(), new_id("r")
    model.script(answer("Before. ", gate, "After."))
    SSE.send(client.at(elsewhere), response=response).until("Before. ")
    reader = SSE.follow(client, response).until("Before. ")
    assert client.stop(response).json() == {"status": "stopped"}
    assert reader.rest().end["status"] == "stopped"
    assert client.get("/api/threads").is_success


def test_no_statement_on_an_answers_way_leaves_its_owner(
    model: ScriptedModel, servers: LiveServers, make_client: Any, second: LiveServer
) -> None:
    set_keys()
    with start_fault_server(servers, "recorded_statements", CHAT_LEASE_SECONDS=LEASE) as server:
        talk(make_client(server), make_client(server), second, model)
        statements = recorded(server)
    found = read_without_key(statements)
    assert {one.sender for one in statements} >= EXPECTED
    assert not found
    assert {one.sender for one in statements if len(owners(one)) > 1} <= OF_A_PROCESS
    others = [one for one in statements if OF_TOKEN not in one.text]
    assert {one.sender for one in others if not owners(one)} <= WITHOUT_OWNER
