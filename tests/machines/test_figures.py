"""The figures beside the arithmetic of docs/operations/scaling.md, counted on one, three and six processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.listening import raise_file_limit
from tests.benchmarks import scale
from tests.benchmarks.load import JOINED
from tests.benchmarks.script import LoadScript
from tests.live.client import Client, new_id
from tests.live.harness import eventually
from tests.live.transports import SSE
from tests.machines.hosts import ChatHost, Machines
from tests.machines.network import GATEWAY, log_file

pytestmark = pytest.mark.long

# Readers at a time, each with an answer of its own; few answers and few deltas, for two cores bear no more.
READERS, ANSWER_SECONDS = 1_000, 40
ANSWER = LoadScript(10, 12, ANSWER_SECONDS / 10)
# Seconds of an idle window; then of the first answers, until there are as many readers as there will be; and of the window.
IDLE_SECONDS, WARM_UP_SECONDS, WINDOW_SECONDS = 10.0, ANSWER_SECONDS + 5.0, 20.0
RAMP_SECONDS = WARM_UP_SECONDS + WINDOW_SECONDS + 3.0
STREAMS = int(READERS / ANSWER_SECONDS * RAMP_SECONDS)

# Of the rates: a window of 20 s, and Postgres' own counts may be a second late.
TOLERANCE = 0.2

FOLLOWERS = 10_000
# A word, then silence for longer than the test.
SILENT = LoadScript(2, 12, 550.0)
# Seconds for which they are held: longer than the answers take.
HOLD_SECONDS = 60
# Answers of others that the followers' processes do not read.
ANSWERS = LoadScript(5, 12, 0.1)
UNREAD_ANSWERS = 300
# Notifications of the two processes of a host to themselves meanwhile: each sends one every 15 s.
CLOCKS = 2 * 8

NOTIFIERS = ["postgres", "nats"]
# Hosts, processes on each, and what delivers the notifications.
LAYOUTS = [(1, 1, "postgres"), (3, 1, "postgres"), (3, 2, "postgres"), (3, 2, "nats")]
MODEL_PORT = 9_100

_READERS = """
WITH reader AS (
    INSERT INTO chat_user (username, password, email, first_name, last_name, is_staff, is_superuser, is_active, date_joined)
    SELECT 'reader' || n, '!', '', '', '', false, false, true, now() FROM generate_series(1, %s) n RETURNING id, username
)
INSERT INTO chat_apitoken (user_id, name, digest) SELECT id, '', encode(sha256(username::bytea), 'hex') FROM reader
"""
_COUNTS = """
SELECT (SELECT count(*) FROM chat_response WHERE finished_at IS NOT NULL), xact_commit,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8
FROM pg_stat_database WHERE datname = current_database()
"""
_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL
"""


class Counts(NamedTuple):
    """Ended answers; commits, and those of them that wrote; MB of WAL; and notifications that arrived at any process."""

    answers: float
    commits: float
    writes: float
    wal_mb: float
    received: float


@pytest.fixture(scope="module")
def settings(made: Machines) -> Iterator[dict[str, str]]:
    """Provide the settings of a model on this machine for many readers, and the tokens of their users."""
    raise_file_limit()
    made.primary.query(_READERS, STREAMS)
    limits = ("CHAT_ACTIVE_PER_USER", "CHAT_ACTIVE_TOTAL")
    with log_file(made.folder, "model") as log:
        command = [sys.executable, "-m", "tests.benchmarks.model_server", str(MODEL_PORT), GATEWAY]
        model = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield {
            "C1_BASE_URL": f"http://{GATEWAY}:{MODEL_PORT}/v1/",
            "C1_MODEL": "as-prompted",
            "CHAT_SILENCE_SECONDS": "600",
            "CHAT_RESPONSE_SECONDS": "600",
            "CHAT_LOG_LEVEL": "WARNING",
            **dict.fromkeys(limits, "1000000"),
        }
    finally:
        model.terminate()
        model.wait()


def tokens(made: Machines, host: ChatHost, first: int, count: int) -> Path:
    file = made.folder / f"{host.host.name}.tokens"
    file.write_text("\n".join(f"reader{number}" for number in range(first, first + count)))
    return file


def load(host: ChatHost, token_file: Path, script: LoadScript, **options: object) -> subprocess.Popen[str]:
    """Start a load client at a host."""
    given = {
        "host": host.host.address,
        "port": 8_000,
        "tokens": token_file,
        "model": script.name,
        "expect": script.deltas,
        "timeout": 300,
        **options,
    }
    arguments = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "tests.benchmarks.load", *arguments]
    return subprocess.Popen(
        command + (["--ws"] if "hold" in options else []), cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def result(client: subprocess.Popen[str]) -> dict[str, Any]:
    printed = client.communicate(timeout=400)[0]
    found: dict[str, Any] = json.loads(printed)
    assert found["ok"] == found["n"], printed
    return found


def received(host: ChatHost) -> float:
    return host.figure("chat_received_notifications")


def counted(made: Machines, hosts: list[ChatHost]) -> Counts:
    answers, commits, writes, wal = made.primary.query(_COUNTS)[0]
    return Counts(answers, commits, writes, wal / 1e6, sum(map(received, hosts)))


def window(made: Machines, hosts: list[ChatHost], seconds: float) -> Counts:
    """Return what was counted in a window, for each second of it."""
    before, began = counted(made, hosts), time.monotonic()
    eventually(lambda: time.monotonic() >= began + seconds, seconds + 5)
    after, took = counted(made, hosts), time.monotonic() - began
    return Counts(*((late - early) / took for early, late in zip(before, after, strict=True)))


def engine(notifier: str) -> dict[str, str]:
    """Return the setting of an engine; that of the hosts themselves is NATS."""
    return {"CHAT_NOTIFIER": "postgres"} if notifier == "postgres" else {}


@pytest.mark.parametrize(("hosts", "processes", "notifier"), LAYOUTS)
def test_a_thousand_readers_need_what_the_arithmetic_says(
    made: Machines, settings: dict[str, str], hosts: int, processes: int, notifier: str
) -> None:
    running = made.restart(hosts, processes, **settings, **engine(notifier))
    idle = window(made, running, IDLE_SECONDS)
    share = STREAMS // hosts
    clients = [
        load(
            host,
            tokens(made, host, 1 + number * share, share),
            ANSWER,
            n=share,
            ramp=int(RAMP_SECONDS * 1_000),
        )
        for number, host in enumerate(running)
    ]
    began = time.monotonic()
    eventually(lambda: time.monotonic() >= began + WARM_UP_SECONDS, WARM_UP_SECONDS + 5)
    busy = window(made, running, WINDOW_SECONDS)
    ((connections,),) = made.primary.query(_CONNECTIONS)
    late = max(result(client)["lat_p99"] for client in clients)
    count = hosts * processes
    print(
        f"\n{notifier}, {count} processes, {connections} connections, p99 {late:.0f} ms late: {busy}; idle {idle}"
    )
    expected = scale.database_rates(busy.answers, count)
    assert connections <= count * scale.Measured().connections
    assert (busy.commits, busy.writes) == pytest.approx((expected.commits, expected.writes), rel=TOLERANCE)
    if notifier == "postgres":
        assert busy.received == pytest.approx(expected.notifications * count, rel=TOLERANCE)
    else:
        assert busy.received <= count  # its own clock


@pytest.mark.parametrize("notifier", NOTIFIERS)
def test_beside_ten_thousand_followers_a_notification_reaches_only_processes_that_read_it(
    made: Machines, settings: dict[str, str], notifier: str
) -> None:
    first, *_ = running = made.restart(3, 2, **settings, **engine(notifier))
    response, share = new_id("r"), -(-FOLLOWERS // 3)
    sender = Client(first, "reader1", "reader1")  # type: ignore[arg-type]
    SSE.send(sender, SILENT.name, response=response).until("~")
    own = tokens(made, first, 1, 1)
    options = {"n": share, "ramp": 60_000, "hold": HOLD_SECONDS, "follow": response}
    followers = [load(host, own, SILENT, **options) for host in running]
    for client in followers:
        assert client.stdout
        assert client.stdout.readline() == JOINED
    before = list(map(received, running))
    readers = tokens(made, first, 2, UNREAD_ANSWERS)
    result(load(first, readers, ANSWERS, n=UNREAD_ANSWERS, ramp=20_000))
    heard = [received(host) - earlier for host, earlier in zip(running, before, strict=True)]
    print(
        f"\n{notifier}: {UNREAD_ANSWERS} answers on the first of three hosts; notifications that arrived at each: {heard}"
    )
    for client in followers:
        result(client)
    sender.stop(response)
    sender.close()
    if notifier == "nats":
        assert max(heard[1:]) <= CLOCKS
    else:
        assert min(heard[1:]) >= UNREAD_ANSWERS
