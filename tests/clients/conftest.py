"""Node programs that drive the official clients, each in a folder with their packages."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.frontend.node import Node, NodeMissing
from chatproject.dev.frontend.page_build import BuildFailed
from tests.clients.install import installed
from tests.clients.openai_python import connect_openai, openai_client  # noqa: F401  found here by pytest
from tests.clients.python_packages import installed_python
from tests.live.client import Client

HERE = Path(__file__).parent

# The module that several programs import.
SHARED = "chat_state.mjs"

Program = Callable[..., "subprocess.Popen[str]"]


class Clients(NamedTuple):
    """Node, and a folder of one test in which programs find the clients' packages."""

    tools: Node
    folder: Path


@pytest.fixture
def clients(tmp_path: Path) -> Clients:
    try:
        tools, packages = installed(Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data"))
    except (NodeMissing, BuildFailed, OSError) as problem:
        pytest.skip(f"the clients could not be installed: {problem}")
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    shutil.copyfile(HERE / SHARED, tmp_path / SHARED)
    return Clients(tools, tmp_path)


@pytest.fixture
def python() -> Path:
    """Provide the interpreter of an environment with the clients in Python."""
    try:
        return installed_python(Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data"))
    except (subprocess.SubprocessError, OSError) as problem:
        pytest.skip(f"the clients could not be installed: {problem}")


@pytest.fixture
def program(clients: Clients) -> Iterator[Program]:
    """Provide a function that starts a program of this folder for a user: its server, token and arguments."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, user: Client, *arguments: str) -> subprocess.Popen[str]:
        path = clients.folder / name
        path.write_bytes((HERE / name).read_bytes())
        token = user.headers["Authorization"].removeprefix("Bearer ")
        command = [*clients.tools.node, str(path), user.server.url, token, *arguments]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()
