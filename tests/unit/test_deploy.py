"""The files of `deploy/` against the settings, commands and files that they name."""

from __future__ import annotations

import argparse
import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from chatproject import database_url
from chatproject.dev import up
from chatproject.dev.bootstrap import ROOT
from chatproject.server_settings import ServerSettings
from tests.fixtures.dockerfile import instructions

DEPLOY = ROOT / "deploy"
SETTINGS = {entry.metadata["name"] for entry in fields(ServerSettings)}
# The uid of the image, by which Kubernetes knows that it is not root's.
USER = "10001"


def accepted(arguments: list[str]) -> argparse.Namespace:
    """Return the options of `up`; the parser exits where it does not know one."""
    parser = argparse.ArgumentParser()
    up.add_arguments(parser)
    assert arguments[0] == "up"
    return parser.parse_args(arguments[1:])


def test_the_image_runs_as_an_ordinary_user_and_is_asked_for_its_health() -> None:
    last = [(name, text) for stage, name, text in instructions(DEPLOY / "Dockerfile") if stage == 1]
    found = dict(last)
    assert found["USER"] == USER
    assert "/readyz" in found["HEALTHCHECK"]
    assert found["STOPSIGNAL"] == "SIGTERM"
    assert accepted(json.loads(found["CMD"])).host == "0.0.0.0"
    assert all("--chown" not in text for name, text in last if name == "COPY")


def test_the_image_gets_what_it_copies_and_no_keys() -> None:
    kept = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = {
        name
        for stage, kind, text in instructions(DEPLOY / "Dockerfile")
        if kind == "COPY" and stage == 0
        for name in text.split()[:-1]
    }
    assert copied - {"."} <= kept
    assert all((ROOT / name).exists() for name in kept)
    assert not {name for name in kept if name.startswith(".")}


def test_the_composition_names_settings_that_exist_and_a_database_url() -> None:
    text = re.sub(r"\$\{(\w+):(?:\?|-)\}", r"\1", (DEPLOY / "compose.yaml").read_text())
    services = yaml.safe_load(text)["services"]
    server = services["server"]
    assert set(server["environment"]) <= SETTINGS
    assert database_url.parse(server["environment"]["DATABASE_URL"])["host"] == "postgres"
    assert accepted(server["command"]).processes == 2
    assert server["read_only"] is True
    assert services["migrate"]["command"] == ["prepare"]
    assert (
        DEPLOY / services["migrate"]["build"]["context"] / services["migrate"]["build"]["dockerfile"]
    ).is_file()


def test_the_proxy_of_the_composition_does_not_buffer() -> None:
    assert "flush_interval -1" in (DEPLOY / "Caddyfile").read_text()


def test_the_unit_starts_up_and_stops_it_alone() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(DEPLOY / "chat.service")
    _, program, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert program == "/opt/chat/manage.py"
    assert accepted(arguments).processes == 2
    assert unit["Service"]["KillMode"] == "mixed"
    named = {pair.partition("=")[0] for pair in unit["Service"]["Environment"].split()}
    assert {name for name in named if not name.startswith("PYTHON")} <= SETTINGS


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "chat.service"
    text = (DEPLOY / "chat.service").read_text().replace("User=chat\n", "User=daemon\n")
    unit.write_text(
        text.replace("/opt/chat/.venv/bin/python", sys.executable).replace("/opt/chat", str(ROOT))
    )
    checked = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert "chat.service" not in checked.stderr, checked.stderr


def manifests() -> dict[str, Any]:
    """Return the manifests of the chart by their kinds, with its references filled in."""
    values: dict[str, Any] = yaml.safe_load((DEPLOY / "helm" / "values.yaml").read_text())
    text = (DEPLOY / "helm" / "templates" / "chat.yaml").read_text().replace("{{ .Release.Name }}", "chat")
    filled = re.sub(r"\{\{ \.Values\.(\w+) \}\}", lambda found: str(values[found[1]]), text)
    assert "{{" not in filled
    return {one["kind"]: one for one in yaml.safe_load_all(filled)}


def test_the_chart_migrates_first_and_runs_as_the_images_user() -> None:
    found = manifests()
    assert found.keys() == {"Job", "Deployment", "Service", "Ingress"}
    assert found["Job"]["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    for kind in ("Job", "Deployment"):
        pod = found[kind]["spec"]["template"]["spec"]
        assert str(pod["securityContext"]["runAsUser"]) == USER
        assert {one["name"] for one in pod["containers"][0]["env"]} <= SETTINGS
    assert found["Deployment"]["spec"]["replicas"] == 2
    container = found["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert found["Ingress"]["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
