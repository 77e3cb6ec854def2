"""The command `manage.py bench`: the costs of the product beside those of the route that it is compared with."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from chat.models import ApiToken, User
from chatproject.dev.listening import raise_file_limit
from tests.benchmarks import admin_pages, curves, dataset, deltas, notified, processes, rounds, table
from tests.benchmarks.admin_pages import PageTime
from tests.benchmarks.collector import collector
from tests.benchmarks.contestants import NGINX_PATH, OTHER_CORE, Contestant, Floor, NextJs, Nginx, Ours
from tests.benchmarks.curves import BenchClient, Curve
from tests.benchmarks.notified import Notified
from tests.benchmarks.rounds import LOAD, Bench, RunningModel, started
from tests.benchmarks.scenarios import BY_NAME, DURABLE, REPLAY, TRACED, TWO, USUAL
from tests.benchmarks.script import LoadScript

# Names of measurements besides the scenarios; all but the first two run on request alone.
CURVES, NOTIFIED, ADMIN, DELTAS, PAGE = "curves", "notified", "admin", "deltas", "page"
MODEL_SERVER = [sys.executable, "-m", "tests.benchmarks.model_server"]


class Command(BaseCommand):
    help = "Measures this server, and a rival where one is built, in interleaved rounds; in a database of its own."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--scenario",
            action="append",
            choices=[*BY_NAME, CURVES, NOTIFIED, ADMIN, DELTAS, PAGE],
            help="only this one; may be repeated",
        )
        parser.add_argument(
            "--rounds",
            type=int,
            default=5,
            help="runs of each scenario, and later requests of each admin page (default: 5)",
        )
        parser.add_argument(
            "--messages",
            type=int,
            default=1_000_000,
            help="of the data set behind `admin` (default: %(default)s)",
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write all results there")
        parser.add_argument("--rival-dir", type=Path, metavar="DIR", help="the Next.js route, built")
        parser.add_argument(
            "--load", metavar="PROGRAM", help="a load client that takes the options of our own"
        )
        parser.add_argument("--model-server", metavar="PROGRAM", help="a model server that takes a port")

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["scenario"] or [*USUAL, CURVES, NOTIFIED]
        raise_file_limit()
        processes.pin([os.getpid()], OTHER_CORE)
        with (
            tempfile.TemporaryDirectory() as folder,
            _database() as url,
            _model(options) as model,
            collector() as traces,
        ):
            user = User.objects.create(username="bench")
            token = ApiToken.issue(user, "bench")
            ours = Ours(url, f"http://127.0.0.1:{model.port}/v1/", token, Path(folder))
            servers = [
                ours,
                ours.twin(TWO, processes=2),
                ours.twin(DURABLE, CHAT_DURABLE="1"),
                ours.twin(TRACED, CHAT_OTLP_URL=traces.origin),
            ]
            runs = self._run_scenarios(names, servers, model, options)
            found = self._run_curves(ours, token, user.pk) if CURVES in names else []
            told = self._run_notified(options["rounds"]) if NOTIFIED in names else []
            pages = self._run_admin(ours, options) if ADMIN in names else []
            seen = self._run_page(ours, options) if PAGE in names else ([], [])
        costs = deltas.measure(options["rounds"]) if DELTAS in names else []
        others = [*notified.lines(told), *admin_pages.lines(pages), *deltas.lines(costs), *seen[1]]
        self.stdout.write("\n".join([*table.lines(runs, found), *others]))
        if options["json"]:
            results = {**table.as_json(runs, found), "notified": told, "adminPages": pages, "deltas": costs}
            results["page"] = seen[0]
            options["json"].write_bytes(msgspec.json.format(msgspec.json.encode(results)))

    def _run_scenarios(
        self, names: list[str], servers: list[Ours], model: RunningModel, options: dict[str, Any]
    ) -> list[rounds.Runs]:
        contestants: list[Contestant] = [*servers, Floor(model.port)]
        if shutil.which("nginx", path=NGINX_PATH):
            contestants.append(Nginx(servers[0].folder))
        if options["rival_dir"]:
            contestants.append(NextJs(options["rival_dir"], f"http://127.0.0.1:{model.port}/v1"))
        load = [options["load"]] if options["load"] else LOAD
        backend = connection.connection.info.backend_pid
        bench = Bench({one.name: one for one in contestants}, model, load, options["rounds"], backend)
        return [bench.run(BY_NAME[name], self.stderr.write) for name in names if name in BY_NAME]

    def _run_notified(self, count: int) -> list[Notified]:
        self.stderr.write("notified")
        return notified.measure(count)

    def _run_admin(self, ours: Ours, options: dict[str, Any]) -> list[PageTime]:
        self.stderr.write("admin")
        dataset.make(options["messages"], self.stderr.write)
        with started(ours, LoadScript(1)):
            return admin_pages.measure(ours, options["rounds"])

    def _run_page(self, ours: Ours, options: dict[str, Any]) -> tuple[list[Any], list[str]]:
        """Return the figures of the page, and the lines of their table."""
        self.stderr.write("page")
        try:
            # Not at the top: the browser's driver comes with the tests' packages.
            from tests.benchmarks import page_figures
        except ImportError:
            raise CommandError(
                "Run `manage.py test tests/unit -n 1` once: it installs the browser's driver."
            ) from None
        found = page_figures.measure(ours, options["rounds"])
        return found, page_figures.lines(found)

    def _run_curves(self, ours: Ours, token: str, owner: int) -> list[Curve]:
        self.stderr.write("curves")
        found = []
        with started(ours, REPLAY), closing(BenchClient(ours, token, owner)) as client:
            found.append(curves.replays(client))
        with started(ours, LoadScript(1)), closing(BenchClient(ours, token, owner)) as client:
            found += [curves.prompts(client), curves.lists(client)]
        other = ours.twin()
        with (
            started(ours, curves.FOLLOWED),
            started(other, curves.FOLLOWED),
            closing(BenchClient(ours, token, owner)) as writing,
            closing(BenchClient(other, token, owner)) as reading,
        ):
            found.append(curves.remote_follower(writing, reading))
        return found


@contextmanager
def _model(options: dict[str, Any]) -> Iterator[RunningModel]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [options["model_server"]] if options["model_server"] else MODEL_SERVER
    try:
        with rounds.model_server(command, port) as model:
            yield model
    except RuntimeError as problem:
        raise CommandError(str(problem)) from None


@contextmanager
def _database() -> Iterator[str]:
    """Create a database for this run, point Django at it, yield its URL, and drop it at the end."""
    before = connection.settings_dict["NAME"]
    name = f"bench_{os.getpid()}"
    _administer(f'CREATE DATABASE "{name}"')
    try:
        connection.close()
        connection.settings_dict["NAME"] = name
        call_command("migrate", verbosity=0)
        yield _url(name)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(statement: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


def _url(name: str) -> str:
    parameters = connection.get_connection_params()
    place = {key: str(parameters[key]) for key in ("host", "port", "user", "password") if parameters.get(key)}
    return f"postgresql:///{name}?{urlencode(place)}"
