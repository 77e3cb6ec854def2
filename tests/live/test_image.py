"""The steps of the image, done in a plain folder: what they make serves the built page and ends in order."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from chatproject.dev.bootstrap import ROOT
from tests.fixtures.dockerfile import instructions
from tests.live.harness import SECRET_KEY, bound_listener, database_url

pytestmark = pytest.mark.long

IGNORED = shutil.ignore_patterns("__pycache__", "node_modules", "dist")


class PlainImage:
    """The stages of a Dockerfile as folders; `/app` and `/data` are folders of the last one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.environment: dict[str, str] = {}
        self.command: list[str] = []
        for stage, name, text in instructions(ROOT / "deploy" / "Dockerfile"):
            self._root(stage).mkdir(parents=True, exist_ok=True)
            self._do(stage, name, text)

    def _root(self, stage: int) -> Path:
        return self._folder / str(stage)

    def _placed(self, stage: int, text: str) -> str:
        """Return text with the image's folders in place of its paths."""
        return text.replace("/app", str(self._root(stage) / "app")).replace(
            "/data", str(self._root(stage) / "data")
        )

    def _do(self, stage: int, name: str, text: str) -> None:
        if name == "COPY":
            self._copy(stage, text)
        elif name == "RUN" and not text.startswith("useradd"):
            environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
            environment |= {
                key: value for key, value in os.environ.items() if key.startswith(("PIP_", "npm_"))
            }
            subprocess.run(
                ["sh", "-c", self._placed(stage, text)],
                cwd=self._root(stage) / "app",
                env=environment | {"PATH": "/usr/local/bin:/usr/bin:/bin"},
                check=True,
            )
        elif name == "ENV":
            pairs = dict(pair.split("=", 1) for pair in text.split())
            self.environment |= {key: self._placed(stage, value) for key, value in pairs.items()}
        elif name in ("ENTRYPOINT", "CMD"):
            self.command += [self._placed(stage, part) for part in json.loads(text)]

    def _copy(self, stage: int, text: str) -> None:
        *sources, target = text.split()
        origin = ROOT
        if sources[0] == "--from=build":
            origin, sources = self._root(0), [source.lstrip("/") for source in sources[1:]]
        app = self._root(stage) / "app"
        for source in sources:
            names = ("manage.py", "requirements.txt", "chat", "chatproject") if source == "." else (source,)
            for name in names:
                into = app if source == "." or target == "./" else app / target
                place = into / Path(name).name if into == app else into
                place.parent.mkdir(parents=True, exist_ok=True)
                if (origin / name).is_dir():
                    shutil.copytree(origin / name, place, symlinks=True, dirs_exist_ok=True, ignore=IGNORED)
                else:
                    shutil.copy(origin / name, place)


def test_the_steps_of_the_image_make_a_server_that_serves_the_built_page(
    tmp_path: Path, live_database: str
) -> None:
    image = PlainImage(tmp_path)
    with bound_listener() as free:
        port = free.getsockname()[1]
    environment = {
        **image.environment,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "DATABASE_URL": database_url(live_database),
        "SECRET_KEY": SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    command = [*image.command, "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        lines = iter(server.stdout)
        assert any(line.startswith("Ready: ") for line in lines)
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
        page = httpx.get(f"http://127.0.0.1:{port}/login/")
        assert page.status_code == 200
        assert (tmp_path / "1" / "app" / "built" / "page" / "index.html").exists()
        assert not (tmp_path / "1" / "app" / "built" / "work").exists()
    finally:
        server.send_signal(signal.SIGTERM)
        server.stdout.close()
        assert server.wait(15) == 0
