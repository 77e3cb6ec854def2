"""The builds of the React page: their folders, and the process that makes one while the plain page is served.

A build is the folder `page/<hash of the sources>` in the data folder. A finished build is renamed to it, so an incomplete
one is never served; where the build fails, the plain page stays.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from chatproject.dev.bootstrap import ROOT

SOURCES = ROOT / "chat" / "page"
# The plain page's scripts and styles, which the React page imports.
SHARED = ROOT / "chat" / "static" / "chat"
# The client library, with which both pages call the server.
CLIENT = ROOT / "chat" / "clients" / "typescript"
SKIPPED = {"node_modules", "dist"}
# Values of CHAT_PAGE: the component library that renders the answers.
OPENUI, C1 = "openui", "c1"
# Seconds for npm and its children to end.
STOP_SECONDS = 5.0

# Variables passed to node, npm and pip: keys and the database URL are not theirs to see.
GIVEN = {"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
GIVEN_PREFIXES = ("npm_config_", "node_extra", "pip_", "uv_", "xdg_", "ssl_cert", "lc_")


def folder_of(data_folder: Path, kind: str = OPENUI) -> Path:
    """Return the folder of the build of the present sources."""
    return data_folder / "page" / source_hash(kind)


def source_hash(kind: str = OPENUI) -> str:
    """Return a hash over all sources of the page: some sixty small files, a few milliseconds."""
    total = hashlib.sha256(kind.encode())
    for path, name in sources():
        total.update(f"{name}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def sources() -> Iterator[tuple[Path, str]]:
    """Yield each source and its path below `chat/`, in the same order on every machine."""
    for top in (SOURCES, SHARED, CLIENT):
        for folder, inner, names in os.walk(top):
            inner[:] = sorted(set(inner) - SKIPPED)
            for path in (Path(folder, name) for name in sorted(names)):
                if path.suffix != ".png":
                    yield path, path.relative_to(ROOT / "chat").as_posix()


def is_complete(build: Path) -> bool:
    """Return whether the build exists. A link stands for the default page in its place, and does not count."""
    return build.exists() and not build.is_symlink()


class Builder:
    """The process that builds the page beside the servers. Call `stop` after every `start`, whatever its result."""

    def __init__(self, build: Path, environ: Mapping[str, str], kind: str = OPENUI) -> None:
        self._build, self._environ, self._kind = build, _without_secrets(environ), kind
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if is_complete(self._build):
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chatproject.dev.frontend.page_build", str(self._build), self._kind],
            cwd=ROOT,
            env=self._environ,
            stdin=subprocess.PIPE,  # closes when this process ends, however it ends
            start_new_session=True,
        )

    def reap(self) -> None:
        """Collect the process if it has ended, and kill the children that a crash left running."""
        if self._process and self._process.poll() is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._close()

    def stop(self) -> None:
        """Kill the process with all its children; an unfinished build begins anew at the next start."""
        if not self._process:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
                break
        self._close()

    def _close(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
        self._process = None


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name.upper() in GIVEN or name.lower().startswith(GIVEN_PREFIXES)
    }
