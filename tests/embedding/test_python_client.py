"""The Python client in an environment of its own, installed by pip from its folder."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

import chat_client
from chat.testing import ScriptedModel, answer
from tests.live.harness import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.live]

FOLDER = ROOT / "chat" / "clients" / "python"
PROGRAM = """
import importlib.metadata, importlib.util, pathlib, sys, chat_client
folder = pathlib.Path(chat_client.__file__).parent
print(importlib.metadata.version("chat-client"), (folder / "py.typed").exists(), importlib.util.find_spec("chat"), folder)
print("".join(chat_client.ChatClient(sys.argv[1]).send("Hi").text()))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the interpreter of a new environment with the client; its dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("client") / "venv"
    venv.create(folder, symlinks=True)
    (installed,) = folder.glob("lib/python*/site-packages")
    (installed / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*pip, "install", *offline, str(FOLDER)], check=True)
    return python


def test_the_installed_client_is_typed_has_one_version_and_works_without_the_server_s_code(
    python: Path, model: ScriptedModel, server: Any, tmp_path: Path
) -> None:
    model.script(answer("Hel", "lo"))
    done = subprocess.run(
        [str(python), "-c", PROGRAM, server.url], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    facts, text = done.stdout.splitlines()
    version, typed, spec, folder = facts.split()
    assert (version, typed, spec) == (chat_client.__version__, "True", "None")
    assert Path(folder).is_relative_to(python.parents[1])
    assert text == "Hello"
