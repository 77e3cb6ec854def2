"""Hosts on this machine: network namespaces on one bridge, made for a test run and removed after it.

The addresses exist only there. The bridge's own end is reached from the test, as the model's host is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import pytest

BRIDGE, NETWORK = "chatbr", "10.213.7"
GATEWAY = f"{NETWORK}.1"


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)


class Namespace:
    """A host with one address."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.address, self._link = f"chat-{name}", f"{NETWORK}.{number}", f"chatv{number}"

    def create(self) -> None:
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "link", "set", self._link, "master", BRIDGE, "up")
        inside = ("ip", "-n", self.name)
        run(*inside, "address", "add", f"{self.address}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")
        run(*inside, "link", "set", "lo", "up")

    def delete(self) -> None:
        for command in (("ip", "netns", "delete", self.name), ("ip", "link", "delete", self._link)):
            subprocess.run(command, capture_output=True, timeout=20)

    def start(
        self, command: list[str], log: IO[bytes], environment: Mapping[str, str] | None = None, user: str = ""
    ) -> subprocess.Popen[bytes]:
        """Start a program on this host, as another user where one is named."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, *as_user, *command],
            env=dict(environment or os.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/" if user else None,
        )

    @contextlib.contextmanager
    def cut_off(self) -> Iterator[None]:
        """Take the host's link down within the block; its processes go on."""
        run("ip", "link", "set", self._link, "down")
        try:
            yield
        finally:
            run("ip", "link", "set", self._link, "up")


@contextlib.contextmanager
def network(*names: str) -> Iterator[list[Namespace]]:
    """Provide hosts of these names on one network; skip the test where that is not allowed."""
    if os.getuid() or not shutil.which("ip"):
        pytest.skip("network namespaces need root and the program ip")
    hosts = [Namespace(name, number) for number, name in enumerate(names, 11)]
    _remove(hosts)
    try:
        try:
            run("ip", "link", "add", BRIDGE, "type", "bridge")
            run("ip", "address", "add", f"{GATEWAY}/24", "dev", BRIDGE)
            run("ip", "link", "set", BRIDGE, "up")
            for host in hosts:
                host.create()
        except subprocess.CalledProcessError as problem:
            pytest.skip(f"network namespaces cannot be made here: {problem.stderr.decode().strip()}")
        yield hosts
    finally:
        _remove(hosts)


def _remove(hosts: list[Namespace]) -> None:
    for host in hosts:
        host.delete()
    subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True, timeout=20)


def log_file(folder: Path, name: str) -> IO[bytes]:
    return (folder / f"{name}.log").open("ab")
