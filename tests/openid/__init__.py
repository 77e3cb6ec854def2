"""A real provider of OpenID Connect, in Node."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chatproject.dev.bootstrap import ROOT
from tests.clients.install import installed

HERE = Path(__file__).resolve().parent
CLIENT = {"CHAT_SSO_CLIENT_ID": "chat", "CHAT_SSO_CLIENT_SECRET": "of the walk alone"}


class RealProvider:
    """The running provider; `command` changes its users."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._process, self._lines = process, process.stdout
        self.url = self._lines.readline().strip()

    def command(self, **fields: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(fields) + "\n")
        self._process.stdin.flush()
        while (line := self._lines.readline().strip()) != "done":  # the library prints, too
            assert line, "the provider has ended"


@contextmanager
def real_provider(folder: Path) -> Iterator[RealProvider]:
    """Run the provider, which waits for the site's addresses. Raise NodeMissing, BuildFailed or OSError."""
    tools, packages = installed(Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data"), HERE)
    (folder / "node_modules").symlink_to(packages / "node_modules")
    program = folder / "provider.mjs"
    program.write_bytes((HERE / "provider.mjs").read_bytes())
    command = [*tools.node, str(program)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield RealProvider(process)
        finally:
            process.terminate()
