"""The React page: which build belongs to these sources, and the process that makes it behind the plain page.

A build is a folder `page/<hash of the sources>` in the data folder. It gets that name when it is whole, so a half one is
never served; where it cannot be made, the plain page stays.
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
SHARED = ROOT / "chat" / "static" / "chat"  # the plain page's scripts and styles, which this one is built on
SKIPPED = {"node_modules", "dist"}
OPENUI, C1 = "openui", "c1"  # what CHAT_PAGE may say: whose components draw the answers
STOP_SECONDS = 5.0  # for npm and its children to end

# Of our environment, what node, npm and pip need: keys and the database's address are none of their business.
GIVEN = {"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
GIVEN_PREFIXES = ("npm_config_", "node_extra", "pip_", "uv_", "xdg_", "ssl_cert", "lc_")


def folder_of(data_folder: Path, kind: str = OPENUI) -> Path:
    """Where the build of the present sources lies, or will lie."""
    return data_folder / "page" / source_hash(kind)


def source_hash(kind: str = OPENUI) -> str:
    """Of everything that goes into the page: some sixty small files, a few milliseconds."""
    total = hashlib.sha256(kind.encode())
    for path, name in sources():
        total.update(f"{name}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def sources() -> Iterator[tuple[Path, str]]:
    """Each source and its path below `chat/`, in one order on every machine."""
    for top in (SOURCES, SHARED):
        for folder, inner, names in os.walk(top):
            inner[:] = sorted(set(inner) - SKIPPED)
            for path in (Path(folder, name) for name in sorted(names)):
                if path.suffix != ".png":
                    yield path, path.relative_to(ROOT / "chat").as_posix()


def is_complete(build: Path) -> bool:
    """Whether it is there itself; one that stands in for it is a link."""
    return build.exists() and not build.is_symlink()


class Builder:
    """The process that builds, beside the servers and after them: `start` it, and `stop` it whatever came of it."""

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
        """Collect the process if it has ended, with what a crash of it left running; else do nothing."""
        if self._process and self._process.poll() is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._close()

    def stop(self) -> None:
        """End it with all that it started; what it had not finished is begun anew next time."""
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
