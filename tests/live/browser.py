"""A real browser: headless Chromium, driven by its own protocol."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.chromium.choice import Chromium
from tests.live.harness import eventually

# Seconds for an answer of the browser; more is a hang.
SECONDS = 30.0
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-port=0",
)


class DevToolsTab:
    """One page. `mistakes` holds the errors of its scripts and the violations of its policy."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self.mistakes: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=SECONDS))
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        if event["method"] == "Runtime.exceptionThrown":
            self.mistakes.append(str(event["params"]["exceptionDetails"]))
        elif event["method"] == "Log.entryAdded" and event["params"]["entry"]["source"] == "security":
            self.mistakes.append(str(event["params"]["entry"]))

    def open(self, url: str, cookies: httpx.Cookies) -> None:
        for name, value in cookies.items():
            self.call("Network.setCookie", name=name, value=value, url=url)
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Return the value of an expression, once its promise is resolved."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """Wait for an expression to be truthy; return its value."""
        return eventually(lambda: self.run(script), says=f"it never came about: {script}")


@contextmanager
def browser(chromium: Chromium, folder: Path) -> Iterator[DevToolsTab]:
    """Start a new browser with a profile of its own in `folder`."""
    silent = subprocess.DEVNULL
    command = [chromium.path, *OPTIONS, f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(command, env=chromium.environ, stdout=silent, stderr=silent)
    try:
        port = eventually(lambda: _port(folder), SECONDS, "the browser did not start")
        tabs = httpx.get(f"http://127.0.0.1:{port}/json").json()
        address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        with connect(address, max_size=None) as socket:
            yield DevToolsTab(socket)
    finally:
        process.terminate()
        process.wait(SECONDS)


def _port(folder: Path) -> str:
    port_file = folder / "DevToolsActivePort"
    return port_file.read_text().split("\n")[0] if port_file.exists() else ""
