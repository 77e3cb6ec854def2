"""The command `manage.py up`: start the database, the servers and the build of the page, and stop them again."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chatproject.dev import environment, external_database, listening, running
from chatproject.dev.frontend import page
from chatproject.dev.postgres.cluster import choose_database
from chatproject.dev.supervisor import Supervisor

if TYPE_CHECKING:
    from chatproject.server_settings import ServerSettings

# A file in the data folder.
PASSWORD = "admin-password"
# A folder there: the series of several processes, of which any answers for all.
METRICS = "metrics"
# Settings without which no server is started on a public address.
PUBLIC = ("SECRET_KEY", "ALLOWED_HOSTS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port",
        type=_port,
        default=8000,
        help="port to listen on; 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--processes", type=_positive, default=1, metavar="N", help="server processes (default: 1)"
    )
    parser.add_argument(
        "--no-page", action="store_true", help="build no page: the plain one is always served"
    )

    parser.add_argument(
        "--replace",
        action="store_true",
        help="have the `up` that runs replace its servers by new ones, of the code that is here now",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("must be between 0 and 65535")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def main(arguments: list[str], folder: Path) -> int:
    """Serve until a signal comes; return the exit status. Raise SystemExit with one line where the start fails."""
    parser = argparse.ArgumentParser(
        "manage.py up", description="Start the chat server and everything it needs."
    )
    add_arguments(parser)
    options = parser.parse_args(arguments)
    if options.replace:
        return running.replace(folder)
    addresses = listening.resolve(options.host, options.port)
    _set_default_access(os.environ, private=listening.loopback(addresses))
    environment.provide_secret_key(os.environ, folder)
    listeners = listening.listen(addresses)
    listening.raise_file_limit()
    server = choose_database(os.environ, folder)
    if server is None:
        external_database.check(os.environ)
    if options.processes > 1:
        _share_metrics(os.environ, folder / METRICS)
    builder = _page_builder(folder, wanted=not options.no_page)
    supervisor = Supervisor(listeners, options.processes, dict(os.environ), server)

    def announce() -> None:
        _announce(folder, listeners[0].getsockname()[1], options.host)
        if builder:
            builder.start()

    try:
        with running.recorded(folder):
            return supervisor.run(announce, on_tick=builder.reap if builder else lambda: None)
    finally:
        if builder:
            builder.stop()


def _share_metrics(environ: MutableMapping[str, str], folder: Path) -> None:
    """Have all server processes write their series to files in a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _page_builder(folder: Path, *, wanted: bool) -> page.Builder | None:
    """Return the builder of the React page; None where CHAT_PAGE_BUILD names a build or none is wanted."""
    if not wanted:
        os.environ["CHAT_PAGE_BUILD"] = ""
        return None
    if os.environ.get("CHAT_PAGE_BUILD"):
        return None
    kind = os.environ.get("CHAT_PAGE") or page.OPENUI
    build = page.folder_of(folder, kind)
    os.environ["CHAT_PAGE_BUILD"] = str(build)
    return page.Builder(build, dict(os.environ), kind)


def _set_default_access(environ: MutableMapping[str, str], *, private: bool) -> None:
    """Enable guests and sign-up on a loopback address. Raise SystemExit on a public one without the settings it needs."""
    missing = [name for name in PUBLIC if not environ.get(name)]
    if private and "ALLOWED_HOSTS" in missing:
        environ["CHAT_GUESTS"] = environ.get("CHAT_GUESTS") or "1"
        environ["CHAT_SIGNUP"] = environ.get("CHAT_SIGNUP") or environ["CHAT_GUESTS"]
    if missing and not private:
        raise SystemExit(
            f"Others could reach this server: set {' and '.join(missing)} first, or leave out --host."
        )


def _announce(folder: Path, port: int, host: str) -> None:
    # Not at the top: the servers start before anything of Django is imported here.
    from chatproject import settings as project

    for name, description in _models(project.settings, project.CHAT_MODELS):
        print(f"Model {name}: {description}")
    if (folder / PASSWORD).exists():
        print(f"Admin: http://{_name(host)}:{port}/admin/ as admin, password in {folder / PASSWORD}")
    print(f"Ready: http://{_name(host)}:{port}/", flush=True)


def _models(settings: ServerSettings, source: str) -> Iterator[tuple[str, str]]:
    """Yield the name of every model and the server that answers for it."""
    from chat.llm import config

    for name, spec in config.read(source).items():
        upstream, url, demo = spec.model, spec.base_url, ""
        if name == config.C1:
            upstream, url = settings.c1_model, settings.c1_upstream
            demo = "THESYS_API_KEY for the real one" if settings.demo else ""
        elif name == config.OPENASSISTANT:
            upstream, url = settings.openassistant_model, settings.openassistant_base_url
            demo = "" if url else "OPENASSISTANT_BASE_URL for a real one"
        yield name, f"the built-in demo (set {demo})" if demo else f"{upstream} at {_shown(url)}"


def _shown(url: str) -> str:
    """Return the address without user, password and query."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _name(host: str) -> str:
    return f"[{host}]" if ":" in host else host
