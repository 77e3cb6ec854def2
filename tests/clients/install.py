"""Packages of tests, installed by npm into the data folder: official clients, from the lock beside this file, and others."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from chatproject.dev.bootstrap import alone
from chatproject.dev.frontend import node
from chatproject.dev.frontend.page_build import INSTALL, INSTALL_SECONDS, run

HERE = Path(__file__).resolve().parent
PACKAGE = ("package.json", "package-lock.json", ".npmrc")


def installed(data_folder: Path, source: Path = HERE) -> tuple[node.Node, Path]:
    """Return Node and the folder that holds `node_modules` of a lock. Raise NodeMissing, BuildFailed or OSError."""
    folder = data_folder / source.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:12]
    target, draft = folder / lock, folder / f"{lock}.new"
    with alone(folder):
        tools = node.find(data_folder / "page")
        if not target.exists():
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            for name in PACKAGE:
                shutil.copyfile(source / name, draft / name)
            run([*tools.npm, *INSTALL], draft, {}, INSTALL_SECONDS)
            draft.rename(target)
    return tools, target
