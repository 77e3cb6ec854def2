"""OpenUI's `AgentInterface`, unchanged, in a browser: AG-UI for its stream, `restStorage`, and a page of another origin."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from chat.testing import Gate, ScriptedModel, answer
from chatproject.dev.frontend.page_build import BUILD_SECONDS, run
from tests.clients.conftest import HERE, Clients
from tests.live.client import Client
from tests.live.harness import eventually
from tests.page.conftest import browser  # noqa: F401  found here by pytest
from tests.page.tab import TIMEOUT_MS

pytestmark = pytest.mark.long

SOURCE = "agent_interface.jsx"
HTML = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><link rel="stylesheet" href="app.css">
<div id="root"></div><script src="app.js"></script>"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Write no access log."""


@pytest.fixture
def origin(clients: Clients) -> Iterator[str]:
    """Serve the page with its packages from an origin of its own."""
    site = clients.folder / "site"
    site.mkdir()
    (site / "index.html").write_text(HTML)
    (clients.folder / SOURCE).write_bytes((HERE / SOURCE).read_bytes())
    options = ["--bundle", "--jsx=automatic", "--outfile=site/app.js", "--log-level=error"]
    esbuild = str(Path("node_modules") / "esbuild" / "bin" / "esbuild")
    run([*clients.tools.node, esbuild, SOURCE, *options], clients.folder, {}, BUILD_SECONDS)
    handler = partial(QuietHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def user(servers: Any, live: None, make_client: Any, origin: str) -> Iterator[Client]:
    """Provide a user of a server that lets pages of `origin` in."""
    with servers.own(CHAT_ALLOWED_ORIGINS=origin) as server:
        yield make_client(server)


@pytest.fixture
def page(browser: Browser, user: Client, origin: str) -> Iterator[Page]:  # noqa: F811
    token = user.headers["Authorization"].removeprefix("Bearer ")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(f"{origin}/#server={user.server.url}&token={token}")
    yield page
    context.close()
    assert failures == []


def test_it_sends_reloads_in_mid_answer_renames_and_deletes(
    model: ScriptedModel, user: Client, page: Page
) -> None:
    model.script(answer("The first half.", gate := Gate(), " The second half."), answer("Another answer."))
    composer = page.get_by_placeholder("Type your query here").locator("visible=true")
    composer.fill("Tell me a story")
    composer.press("Enter")
    expect(page.get_by_text("The first half.")).to_be_visible()
    [thread] = user.get("/api/threads").json()["threads"]
    eventually(lambda: user.messages(thread["threadId"])[-1]["content"])

    page.reload()
    page.get_by_role("button", name="Tell me a story").click()
    expect(page.get_by_text("The first half.")).to_be_visible()
    gate.open()
    user.wait_until(thread["activeResponseId"], "done")
    page.reload()
    page.get_by_role("button", name="Tell me a story").click()
    expect(page.get_by_text("The first half. The second half.")).to_be_visible()

    composer.fill("And another")
    composer.press("Enter")
    expect(page.get_by_text("Another answer.")).to_be_visible()
    assert [message["role"] for message in user.messages(thread["threadId"])] == ["user", "assistant"] * 2

    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("button", name="A new title")).to_be_visible()
    eventually(lambda: user.get("/api/threads").json()["threads"][0]["title"] == "A new title")

    page.get_by_role("button", name="A new title").hover()
    page.get_by_role("button", name="Thread actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    eventually(lambda: not user.get("/api/threads").json()["threads"])
    expect(page.get_by_role("button", name="A new title")).to_have_count(0)
