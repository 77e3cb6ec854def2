"""Three hosts with two server processes each, one database, one broker and one proxy."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from chatproject.dev.bootstrap import ROOT
from tests.fixtures.debian import program
from tests.fixtures.tcp_relay import tcp_relay
from tests.live.client import Client
from tests.live.harness import eventually
from tests.machines.databases import DatabaseHost
from tests.machines.network import GATEWAY, Namespace, log_file, network

PORT = 8000
TOKEN = "of-metrics"
# Seconds for a start on two busy cores.
START_SECONDS = 120.0
FRONT = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    upstream chat {{ {servers} }}
    server {{
        listen {port};
        location / {{
            proxy_pass http://chat; proxy_http_version 1.1; proxy_buffering off; proxy_read_timeout 360s;
            proxy_connect_timeout 2s; proxy_set_header Host $http_host; proxy_set_header Connection "";
        }}
    }}
}}
"""


class ChatHost:
    """A host with `up` and two server processes."""

    def __init__(self, host: Namespace, folder: Path, settings: dict[str, str]) -> None:
        self.host, self.folder = host, folder
        self.url = f"http://{host.address}:{PORT}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHAT_", "C1_"))}
        self.environment = {**kept, **settings, "CHAT_DATA_DIR": str(folder), "ALLOWED_HOSTS": "*"}
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    def start(self, processes: int = 2, **settings: str) -> None:
        """Start the processes; `settings` adds to those of all hosts."""
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--no-page", "--processes", str(processes)]
        with log_file(self.folder, "server") as log:
            self._process = self.host.start(
                [*command, "--host", self.host.address, "--port", str(PORT)],
                log,
                self.environment | settings,
            )

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        return False

    def wait_until_ready(self) -> None:
        eventually(self.is_ready, START_SECONDS, f"{self.host.name} is not ready: {self.log[-2000:]}")

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def figure(self, series: str) -> float:
        """Return a series of both processes together."""
        text = httpx.get(f"{self.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10).text
        return sum(
            float(value) for value in re.findall(rf"^{series}(?:{{[^}}]*}})? (\S+)", text, re.MULTILINE)
        )

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
            self._process.kill()
            self._process.wait()


class Machines:
    """All of it: `hosts`, `front` and the databases; `client` is a user of the first host."""

    def __init__(self, spaces: list[Namespace], folder: Path, model: int) -> None:
        *hosts, front, broker, first, second = spaces
        self.folder, self._front, self._broker = folder, front, broker
        self.front_url = f"http://{front.address}:{PORT}"
        self.primary, self.replica = DatabaseHost(first, folder / "db1"), DatabaseHost(second, folder / "db2")
        settings = {
            "DATABASE_URL": f"postgresql://postgres@{first.address}:5432,{second.address}:5432/chat"
            "?target_session_attrs=read-write",
            "SECRET_KEY": "of-many-machines",
            "CHAT_NOTIFIER": f"nats://{broker.address}:4222",
            "CHAT_METRICS_TOKEN": TOKEN,
            "C1_BASE_URL": f"http://{GATEWAY}:{model}/",
            "THESYS_API_KEY": "key",
            "CHAT_ACTIVE_PER_USER": "50",
        }
        self.hosts = [
            ChatHost(host, folder / f"host{number}", settings) for number, host in enumerate(hosts, 1)
        ]
        self._running: list[subprocess.Popen[bytes]] = []
        self._nats: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.primary.create()
        self.primary.start()
        self.primary.create_database()
        self.replica.copy(self.primary)
        self.replica.start()
        self.primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.query("SELECT pg_reload_conf()")
        self.start_broker()
        self._start_front()
        self.hosts[0].start()
        self.hosts[0].wait_until_ready()  # it has made the tables
        for host in self.hosts[1:]:
            host.start()
        for host in self.hosts[1:]:
            host.wait_until_ready()

    def restart(self, hosts: int, processes: int, **settings: str) -> list[ChatHost]:
        """Stop all hosts, start some of them with other settings, and return these."""
        for host in self.hosts:
            host.stop()
        started = self.hosts[:hosts]
        for host in started:
            host.start(processes, **settings)
        for host in started:
            host.wait_until_ready()
        return started

    def start_broker(self) -> None:
        nats = program("nats-server")
        with log_file(self.folder, "nats") as log:
            self._nats = self._broker.start(
                [*nats.command, "-a", self._broker.address, "-p", "4222"], log, nats.environment
            )

    def kill_broker(self) -> None:
        assert self._nats
        self._nats.kill()
        self._nats.wait()

    def fail_over(self) -> None:
        """Crash the primary and promote its replica, which has all that was committed: it is synchronous."""
        self.primary.crash()
        self.replica.promote()
        self.primary, self.replica = self.replica, self.primary

    def _start_front(self) -> None:
        servers = " ".join(f"server {host.host.address}:{PORT} fail_timeout=5s;" for host in self.hosts)
        file = self.folder / "nginx.conf"
        file.write_text(FRONT.format(folder=self.folder, servers=servers, port=PORT))
        nginx = program("nginx")
        with log_file(self.folder, "front") as log:
            command = [*nginx.command, "-c", str(file), "-p", str(self.folder), "-g", "user root;"]
            self._running.append(self._front.start(command, log, nginx.environment))

    def client(self) -> Client:
        """Return the admin's client, at the first host."""
        command = [sys.executable, str(ROOT / "manage.py"), "chat_token", "admin"]
        done = subprocess.run(
            command, env=self.hosts[0].environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return Client(self.hosts[0], done.stdout.strip(), "admin")  # type: ignore[arg-type]

    def stop(self) -> None:
        for host in self.hosts:
            host.stop()
        self.primary.stop()
        self.replica.stop()
        for process in [*self._running, *([self._nats] if self._nats else [])]:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def machines(folder: Path, model: int) -> Iterator[Machines]:
    """Provide everything, started. `model`: the port of the scripted model on this machine."""
    names = ("h1", "h2", "h3", "front", "nats", "db1", "db2")
    for needed in ("nginx", "nats-server"):
        program(needed)
    with network(*names) as spaces, tcp_relay(GATEWAY, model) as port:
        made = Machines(spaces, folder, port)
        try:
            made.start()
            yield made
        finally:
            made.stop()
