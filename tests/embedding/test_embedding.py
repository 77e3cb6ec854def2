"""The wheel in another project's environment: all that the chat needs, and nothing of the shipped server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from websockets.sync.client import connect

from chat.testing import ScriptedModel, answer
from tests.live.harness import ROOT, START_SECONDS, administer, bound_listener, eventually

pytestmark = [pytest.mark.slow, pytest.mark.live]

# All but the pages of Django's admin and of allauth, which this project has not installed, and the demo's command line.
IMPORT_ALL = """
import importlib, importlib.metadata, importlib.util, pathlib, shop, chat
root = pathlib.Path(chat.__file__).parent
for path in root.rglob("*.py"):
    name = ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
    if not name.startswith(("chat.admin", "chat.sign_in")) and not name.endswith(".__main__"):
        importlib.import_module(name)
print(chat.__file__, importlib.metadata.version("django-chat-relay"), importlib.util.find_spec("chatproject"))
"""
MIGRATE = "import shop; from django.core.management import call_command as run; run('check'); run('migrate', verbosity=0)"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the interpreter of a new environment with the wheel, whose dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("embedding")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", symlinks=True)
    (installed,) = folder.glob("venv/lib/python*/site-packages")
    # A wheel without compiled parts is installed by unpacking; an environment with a pip of its own takes 12 s to make.
    shutil.unpack_archive(wheel, installed, "zip")
    (installed / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    shutil.copy(Path(__file__).with_name("shop.py"), folder)
    return folder / "venv" / "bin" / "python"


@pytest.fixture(scope="module")
def environ(
    django_db_setup: None, django_db_blocker: Any, scripted_model: ScriptedModel
) -> Iterator[dict[str, str]]:
    """Provide the environment of the project's processes; its database is empty at first."""
    from django.db import connection

    with django_db_blocker.unblock():
        name = f"{connection.settings_dict['NAME']}_shop"
        administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
        given = {key: str(value) for key, value in connection.get_connection_params().items()}
        database = {
            f"PG{key.upper()}": given[key] for key in ("host", "port", "user", "password") if key in given
        }
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        yield {**kept, **database, "PGDATABASE": name, "MODEL_URL": scripted_model.base_url}
        scripted_model.reset()
        administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def run(python: Path, environ: dict[str, str], source: str) -> str:
    command = [str(python), "-c", source]
    done = subprocess.run(command, cwd=python.parents[2], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(python: Path, environ: dict[str, str]) -> Iterator[httpx.Client]:
    """Provide a client of the project, which is migrated and runs under plain Daphne."""
    run(python, environ, MIGRATE)
    with bound_listener() as listener:
        fd = listener.fileno()
        command = [str(python), "-m", "daphne", "--fd", str(fd), "shop:application"]
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            subprocess.Popen(command, cwd=python.parents[2], env=environ, pass_fds=[fd]) as daphne,
            httpx.Client(base_url=url, timeout=START_SECONDS) as client,
        ):
            eventually(lambda: client.get("/readyz").is_success, START_SECONDS, "the project is not ready")
            yield client
            daphne.terminate()


@pytest.mark.long
def test_all_modules_come_from_the_wheel_and_need_nothing_of_the_server(
    python: Path, environ: dict[str, str]
) -> None:
    found, version, server = run(python, environ, IMPORT_ALL).split()
    assert Path(found).is_relative_to(python.parents[1])
    assert (version, server) == (
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
        "None",
    )


@pytest.mark.long
def test_the_project_serves_the_chat_over_http_and_websocket(
    site: httpx.Client, scripted_model: ScriptedModel
) -> None:
    scripted_model.script(answer("Hel", "lo"))
    reply = site.post("/api/chat", json={"prompt": {"role": "user", "content": "Hi"}, "responseId": "r"})
    assert reply.text == "Hello"
    cookies = "; ".join(f"{name}={value}" for name, value in site.cookies.items())
    url = str(site.base_url)
    headers = {"Cookie": cookies, "Origin": url}
    with connect(f"{url}/ws/chat/".replace("http", "ws", 1), additional_headers=headers) as socket:
        socket.send(json.dumps({"type": "follow", "responseId": "r", "offset": 3}))
        frames = [json.loads(socket.recv(START_SECONDS)) for _ in range(3)]
    assert [frame["type"] for frame in frames] == ["start", "delta", "end"]
    assert (frames[1]["text"], frames[2]["status"]) == ("lo", "done")


def test_the_settings_of_the_project_reach_the_chat(
    site: httpx.Client, scripted_model: ScriptedModel
) -> None:
    site.post("/api/chat", json={"prompt": {"role": "user", "content": "Hi"}})
    tools = scripted_model.requests[-1].json["tools"]
    assert [tool["function"]["name"] for tool in tools] == ["calculate"]


def test_a_view_of_the_project_is_served_even_beside_the_chats_own(site: httpx.Client) -> None:
    assert site.get("/api/stock").text == "Three chairs"
    assert site.get("/api/none").json()["code"] == "not_found"


def test_the_plain_page_comes_with_its_scripts_and_styles(site: httpx.Client) -> None:
    page = site.get("/")
    files = re.findall(r'"(/static/[^"]+\.(?:js|css))"', page.text)
    assert page.is_success
    assert len(files) > 1
    seen = set[str]()
    while files:
        seen.add(file := files.pop())
        source = site.get(file)
        assert source.is_success, file
        imported = {urljoin(file, path) for path in re.findall(r'from "(\.[^"]+\.js)"', source.text)}
        files += imported - seen
    assert "/static/chat/client/stream.js" in seen
