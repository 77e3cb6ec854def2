"""Releases: one version everywhere, and a tag for each numbered part of the changelog."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib

import pytest

from chatproject.dev.bootstrap import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
# `## 1.2.3 - 2026-11-30`; what comes next stands under `## Unreleased` above.
NUMBERED = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)


def test_every_package_has_the_version_of_the_project() -> None:
    chart = (ROOT / "deploy" / "helm" / "Chart.yaml").read_text()
    clients = ROOT / "chat" / "clients"
    found = {
        *re.findall(r'^(?:version|appVersion): "?([\d.]+)"?$', chart, re.MULTILINE),
        *re.findall(r'"([\d.]+)"', (clients / "python" / "chat_client" / "_version.py").read_text()),
        json.loads((clients / "typescript" / "package.json").read_text())["version"],
    }
    assert found == {VERSION}


def test_the_changelog_has_its_parts_in_order_and_the_version_is_not_behind() -> None:
    parts = re.findall(r"^## (\S+)", CHANGELOG, re.MULTILINE)
    assert parts == ["Unreleased", *NUMBERED]
    numbers = [tuple(map(int, part.split("."))) for part in (VERSION, *NUMBERED)]
    assert numbers == sorted(numbers, reverse=True)


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="no repository")
def test_every_tag_of_a_version_is_a_part_of_the_changelog() -> None:
    listed = subprocess.run(["git", "tag", "-l", "v*"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {f"v{part}" for part in NUMBERED} >= set(listed.stdout.split())
