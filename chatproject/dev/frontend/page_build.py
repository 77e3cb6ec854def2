"""Command `python -m chatproject.dev.frontend.page_build FOLDER [KIND]`: build the React page into FOLDER.

Of several at once, one works and the others wait. It runs at the lowest priority, and ends with its parent.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

from chatproject.dev.bootstrap import alone, say
from chatproject.dev.frontend import node
from chatproject.dev.frontend.page import C1, OPENUI, SOURCES, is_complete, source_hash, sources

# Niceness: the lowest priority, so that the servers stay responsive.
PRIORITY = 19
# Seconds for 60 MB from the registry on a slow line.
INSTALL_SECONDS = 600.0
# Seconds; it takes 10 on two cores.
BUILD_SECONDS = 600.0
# Builds kept: the present one, and the one whose parts open tabs still load.
KEPT = 2
# Bytes; below, a gzip file saves no packet.
PACKED_BYTES = 1_000
PACKED = {".js", ".css", ".svg", ".html", ".json", ".txt"}

# Packages run no install scripts, and send no telemetry.
QUIET = {
    "OPENUI_TELEMETRY_DISABLED": "1",
    "DO_NOT_TRACK": "1",
    "NO_UPDATE_NOTIFIER": "1",
    "NO_COLOR": "1",
    "CI": "1",
}
USUAL = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
INSTALL = ("ci", "--include=dev", *USUAL)

# Thesys' client and its dependencies, for CHAT_PAGE=c1 alone: its licence forbids redistribution, so no lock contains it.
EXTRA_INSTALL = ("install", "--no-save", "--include=dev", *USUAL)
C1_PACKAGES = (
    "@thesysai/genui-sdk@~0.10.0",
    "@crayonai/react-core@0.7.7",
    "@crayonai/react-ui@0.9.16",
    "@crayonai/stream@^0.6.4",
    "@openuidev/react-headless@^0.7.11",
    "eventsource-parser@^3.0.0",
    "zod-to-json-schema@^3.24.0",
    "zustand@^4.5.5",
)


class BuildFailed(Exception):
    """The page could not be built; the argument is the reason in a few words."""


class PackagesMissing(BuildFailed):
    """npm could not install the packages of the lock."""


def main(build: Path, kind: str = OPENUI) -> int:
    """Build the page. Return the exit status: 0 when the build exists. Any failure is printed as one line."""
    _end_with_parent()
    with contextlib.suppress(OSError):
        os.nice(PRIORITY)
    try:
        ensure(build, kind) if kind == OPENUI else _ensure_some(build, kind)
    except (BuildFailed, node.NodeMissing, OSError) as problem:
        say(f"The page was not built, the plain one stays: {problem}.")
        return 1
    say("The page is built: the next load shows it.")
    return 0


def _end_with_parent() -> None:
    """Kill this process group when the standard input closes: the parent has ended."""

    def watch() -> None:
        # Not through `sys.stdin`, whose lock a thread must not hold when the interpreter ends.
        while os.read(0, 1):
            continue
        os.killpg(0, signal.SIGKILL)

    if os.getpgid(0) == os.getpid():
        threading.Thread(target=watch, daemon=True).start()


def _ensure_some(build: Path, kind: str) -> None:
    """Build the page of this kind, or the default page in its place."""
    try:
        ensure(build, kind)
    except BuildFailed as problem:
        say(f"The page with CHAT_PAGE={kind} was not built, the default one stays: {problem}.")
        usual = build.with_name(source_hash())
        ensure(usual)
        with alone(build.parent):
            build.unlink(missing_ok=True)
            build.symlink_to(usual.name)


def ensure(build: Path, kind: str = OPENUI) -> None:
    """Make `build` unless it exists. Raise BuildFailed, NodeMissing or OSError; no incomplete build remains."""
    build.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(build.parent):
        if not is_complete(build):
            _make(build, kind)
            _remove_other_builds(build)


def _make(build: Path, kind: str) -> None:
    tools = node.find(build.parent)
    work, draft = build.parent / "work", build.with_suffix(".new")
    _copy_sources(work)
    _install(tools, work, kind)
    shutil.rmtree(draft, ignore_errors=True)
    environ = {"CHAT_PAGE_BASE": f"/page/{build.name}/", "CHAT_PAGE_OUT": str(draft), "CHAT_PAGE": kind}
    modules = work / "page" / "node_modules"
    _run([*tools.node, str(modules / "typescript" / "bin" / "tsc"), "--noEmit"], work, environ, BUILD_SECONDS)
    _run([*tools.node, str(modules / "vite" / "bin" / "vite.js"), "build"], work, environ, BUILD_SECONDS)
    if not (draft / "index.html").exists():
        raise BuildFailed("the build made no index.html")
    _pack(draft)
    if build.is_symlink():
        build.unlink()
    draft.replace(build)


def _copy_sources(work: Path) -> None:
    """Copy the sources from `chat/` to a working folder: the project's own folder may be read-only."""
    for old in (work / "static", work / "clients", work / "page"):
        for entry in old.iterdir() if old.exists() else ():
            if entry.name not in ("node_modules", "installed"):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for path, name in sources():
        target = work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _install(tools: node.Node, work: Path, kind: str) -> None:
    """Install the packages of the lock, and of Thesys where asked for; keep those of the last build if unchanged."""
    stamp = work / "page" / "installed"
    extra = C1_PACKAGES if kind == C1 else ()
    lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    wanted = " ".join([lock, *extra])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    try:
        _run([*tools.npm, *INSTALL], work, {}, INSTALL_SECONDS)
        if extra:
            _run([*tools.npm, *EXTRA_INSTALL, *extra], work, {}, INSTALL_SECONDS)
    except BuildFailed as problem:
        raise PackagesMissing(*problem.args) from None
    stamp.write_text(wanted)


def _run(command: list[str], work: Path, environ: dict[str, str], seconds: float) -> None:
    run(command, work / "page", environ, seconds)


def run(command: list[str], folder: Path, environ: dict[str, str], seconds: float) -> None:
    """Run a Node program in a folder. Raise BuildFailed with the program's first error line."""
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    whole = {**node.certificates(), **os.environ, **QUIET, **environ, "PATH": path}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=whole,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise BuildFailed(f"{Path(command[-2]).name} took longer than {seconds:g} s") from None
    if done.returncode:
        raise BuildFailed(first_error_line(done.stdout + done.stderr))


def first_error_line(output: str) -> str:
    """Return the line of a failed program's output that names the error."""
    lines = [line.strip() for line in output.splitlines() if line.strip(" .") not in ("", "npm error")]
    telling = [line for line in lines if "error" in line.lower()]
    # Vite prints a heading, and the error below it.
    headed = [below for line, below in pairwise(lines) if line in telling and line[-1] == ":" != below[-1]]
    # npm prints codes and calls first, each on a line, and last the path of its log.
    worded = [line for line in telling if not line.startswith(("npm error code", "npm error A complete log"))]
    whole = [line for line in worded if ": " in line]
    first = (headed or whole or worded or telling or lines or ["no reason given"])[0]
    return first.removeprefix("npm error ")[:300].rstrip(".")


def _pack(folder: Path) -> None:
    """Write a gzip file beside each file that becomes smaller by it: compressed once, not for every reader."""
    for path in folder.rglob("*"):
        if path.suffix in PACKED and path.stat().st_size > PACKED_BYTES:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def _remove_other_builds(build: Path) -> None:
    """Remove builds of earlier sources except the newest, whose parts an open tab may still load."""
    others = [path for path in build.parent.iterdir() if (path / "index.html").exists() and path != build]
    others = [path for path in others if not path.is_symlink()]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
