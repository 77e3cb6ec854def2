"""`manage.py up` as a user runs it: in a process of its own, on a data folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.postgres import cluster_home
from chatproject.dev.postgres.cluster import Postgres
from chatproject.dev.supervisor import TICK_SECONDS

pytestmark = pytest.mark.live

# Seconds, on a busy machine, for a step that takes one.
TIMEOUT_SECONDS = 30.0
MANAGE = [sys.executable, str(ROOT / "manage.py")]
# Runs a program that ignores the given signals, as under `nohup`, and no others, which a test run may ignore itself.
WITH_SIGNALS = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN if str(int(number)) in sys.argv[1].split(",") else signal.SIG_DFL)
os.execv(sys.argv[2], sys.argv[2:])
"""
CANARY = "key-that-nobody-may-see"


def new_user_environment(folder: Path, given: dict[str, str]) -> dict[str, str]:
    """Return the environment of a new user: nothing set, and nothing from the files of this machine's user."""
    names = ("DATABASE_URL", "CHAT_GUESTS", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    unset = dict.fromkeys(
        ("THESYS_API_KEY", "C1_BASE_URL", "OPENASSISTANT_BASE_URL", "SECRET_KEY", "ALLOWED_HOSTS"), ""
    )
    # The path of a page that does not exist, so that none is built.
    return {**kept, **unset, "CHAT_DATA_DIR": str(folder), "CHAT_PAGE_BUILD": str(folder / "none"), **given}


def _eventually(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Up:
    """A running `manage.py up`, on a free port."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        ignored: tuple[signal.Signals, ...] = (),
        errors: IO[str] | None = None,
        **environ: str,
    ) -> None:
        numbers = ",".join(map(str, map(int, ignored)))
        command = [sys.executable, "-c", WITH_SIGNALS, numbers, *MANAGE, "up", "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command,
            cwd="/",
            env=new_user_environment(folder, environ),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.url = self._wait()

    def _wait(self) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
            if line.startswith("Ready: "):
                return line.removeprefix("Ready: ").strip()
        self.stop()
        raise AssertionError("never ready: " + "".join(self.lines))

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}readyz", trust_env=False, timeout=TIMEOUT_SECONDS).status_code == 200
        except httpx.TransportError:
            return False

    def servers(self) -> list[int]:
        """Return the server processes."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        return [
            int(row[0]) for row in rows if row[1] == str(self.process.pid) and "chatproject.server" in row[2]
        ]

    def builders(self) -> list[str]:
        """Return the commands of children that build the page, and of ended ones that were not collected."""
        command = ["ps", "--ppid", str(self.process.pid), "-o", "args="]
        children = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
        return [child for child in children if "page_build" in child or "<defunct>" in child]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        status = self.process.wait(TIMEOUT_SECONDS)
        assert self.process.stdout
        self.process.stdout.close()
        return status


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Provide a data folder that the tests share, one after the other."""
    folder = tmp_path_factory.mktemp("up")
    yield folder
    remove_database(folder)


def remove_database(folder: Path) -> None:
    """Remove the database of a data folder where it lies outside, once it has been stopped."""
    server = Postgres(folder)
    server.start()
    server.stop()
    if (folder / cluster_home.LOCATION_FILE).exists():
        shutil.rmtree(server.home.folder)


@pytest.fixture
def up(folder: Path) -> Iterator[Callable[..., Up]]:
    """Provide a function that starts `up`, and stop its processes at the end of the test."""
    made: list[Up] = []

    def start(*arguments: str, **options: Any) -> Up:
        made.append(Up(folder, *arguments, **options))
        return made[-1]

    yield start
    for running in made:
        if running.process.poll() is None:
            running.stop()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _manage(folder: Path, *arguments: str) -> str:
    command = [*MANAGE, *arguments]
    done = subprocess.run(
        command, cwd="/", env=new_user_environment(folder, {}), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="class")
def errors(folder: Path) -> Iterator[IO[str]]:
    """Provide the errors' file of the `up` that all tests of a class share."""
    with (folder.parent / "errors").open("w+") as errors:
        yield errors


@pytest.fixture(scope="class")
def running(folder: Path, errors: IO[str]) -> Iterator[Up]:
    """Provide one `up` for all tests of a class."""
    running = Up(folder, errors=errors)
    yield running
    running.stop()


class TestOneThatRuns:
    """Behaviour that is seen on one running `up`, which these tests share."""

    def test_ready_is_printed_when_the_server_answers(self, running: Up, folder: Path) -> None:
        assert running.answers()
        assert running.lines[-1] == f"Ready: {running.url}\n"
        assert f"password in {folder}/admin-password" in "".join(running.lines)
        assert "demo" in running.lines[0]

    def test_a_first_start_logs_no_error(self, running: Up, errors: IO[str]) -> None:
        errors.seek(0)
        assert "ERROR" not in errors.read()

    def test_generated_secrets_are_private(self, running: Up, folder: Path) -> None:
        modes = {
            name: (folder / name).stat().st_mode & 0o777 for name in (".", "admin-password", "secret-key")
        }
        assert modes == {".": 0o700, "admin-password": 0o600, "secret-key": 0o600}

    def test_the_admin_can_log_in_with_the_generated_password(self, running: Up, folder: Path) -> None:
        password = (folder / "admin-password").read_text().strip()
        check = f"from django.contrib.auth import authenticate; print(authenticate(username='admin', password={password!r}))"
        assert _manage(folder, "shell", "--no-imports", "-c", check) == "admin\n"

    def test_a_killed_server_process_is_replaced(self, running: Up) -> None:
        (killed,) = running.servers()
        os.kill(killed, signal.SIGKILL)
        assert running.answers()  # clients wait in the queue of the socket, which stays open
        assert killed not in running.servers()

    def test_a_killed_database_is_replaced(self, running: Up, folder: Path) -> None:
        database = Postgres(folder)
        killed = database._pid()
        assert killed
        os.kill(killed, signal.SIGKILL)
        _eventually(lambda: database._pid() not in (None, killed) and database.answers())
        _eventually(running.answers)


def test_several_processes_serve_one_port_and_the_console_names_each_model_and_never_a_key(
    up: Callable[..., Up],
) -> None:
    local = {"baseUrl": f"http://u:{CANARY}@127.0.0.1:9/v1", "model": "qwen3", "openui": True}
    running = up(
        "--processes",
        "2",
        THESYS_API_KEY=CANARY,
        C1_BASE_URL=f"http://u:{CANARY}@127.0.0.1:9/v1",
        CHAT_MODELS=json.dumps({"local": local}),
    )
    lines = running.lines
    assert len(running.servers()) == 2
    assert running.answers()
    assert "c1-nightly at http://127.0.0.1:9/v1/" in "".join(lines)
    assert "Model local: qwen3 at http://127.0.0.1:9/v1\n" in lines
    assert sum(line.startswith("Model ") for line in lines) == 3
    assert CANARY not in "".join(lines)


@pytest.mark.long
def test_signals_that_were_ignored_at_the_start_stay_ignored(up: Callable[..., Up]) -> None:
    ignored = (signal.SIGHUP, signal.SIGINT)
    running = up(ignored=ignored)
    for number in ignored:
        running.process.send_signal(number)
    assert running.answers()
    with pytest.raises(subprocess.TimeoutExpired):
        running.process.wait(TICK_SECONDS * 2)
    assert running.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [pytest.param(signal.SIGTERM, marks=pytest.mark.long), signal.SIGINT])
def test_a_signal_stops_everything_and_logs_no_error(
    number: int, up: Callable[..., Up], folder: Path, tmp_path: Path
) -> None:
    with (tmp_path / "errors").open("w+") as errors:
        running = up(errors=errors)
        servers = running.servers()
        assert running.stop(number) == 0
        errors.seek(0)
        assert "ERROR" not in errors.read()
    assert not any(map(_alive, servers))
    assert not Postgres(folder).answers()
    assert not running.answers()


@pytest.mark.long
def test_the_database_runs_until_its_last_user_stops(up: Callable[..., Up], folder: Path) -> None:
    first, second = up(), up()
    first.stop()
    assert second.answers()
    second.stop()
    assert not Postgres(folder).answers()


@pytest.mark.long
def test_no_server_outlives_a_killed_supervisor_and_the_next_one_starts(up: Callable[..., Up]) -> None:
    killed = up()
    servers = killed.servers()
    killed.stop(signal.SIGKILL)
    _eventually(lambda: not any(map(_alive, servers)))
    assert up().answers()


@pytest.mark.long
def test_the_builder_of_the_page_is_collected_when_it_ends(
    up: Callable[..., Up], folder: Path, tmp_path: Path
) -> None:
    # No Node is on the PATH, and none can be fetched: the builder starts, and ends within seconds.
    nothing = {
        "PATH": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": "",
    }
    running = up(CHAT_PAGE_BUILD="", **nothing)
    _eventually((folder / "page").exists)
    _eventually(lambda: not running.builders())
    assert running.answers()


@pytest.mark.long
def test_other_commands_share_the_database_and_leave_it_as_they_found_it(
    up: Callable[..., Up], folder: Path
) -> None:
    count = ("shell", "--no-imports", "-c", "from chat.models import User; print(User.objects.count())")
    assert int(_manage(folder, *count)) >= 1 or not (folder / "admin-password").exists()
    assert not Postgres(folder).answers()
    running = up()
    assert int(_manage(folder, *count)) >= 1
    assert running.answers()
