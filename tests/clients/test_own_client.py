"""The server's own TypeScript client, installed by npm into a folder of its own, in Node against real servers."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import Stall, Thought, broken
from chatproject.dev.bootstrap import ROOT
from chatproject.dev.frontend import node
from chatproject.dev.frontend.page_build import run
from tests.contract.test_readme_client import ADDRESS, example
from tests.faults.fault_server import LEASE, wait_until_stored
from tests.live.client import Client, Json
from tests.live.files import pdf
from tests.live.harness import END_SECONDS, LiveServers
from tests.live.pictures import PNG
from tests.page.network_link import NetworkLink
from tests.unit.documents import page

PROGRAM = Path(__file__).with_name("own_client.mjs")
PACKAGE = ROOT / "chat" / "clients" / "typescript"
# A copy of the package's files, as from an archive, instead of a link; it has no dependencies to fetch.
INSTALL = ("install", "--install-links", "--offline", "--no-audit", "--no-fund", str(PACKAGE))
# Seconds for npm on a busy machine.
INSTALL_SECONDS = 120.0
# Seconds until a response of a killed process has ended and the client has seen it.
RESTART_SECONDS = 60.0
THOUGHT, FIRST, SECOND = "Grüße?", "Grö", "ße 🍎\u2028 und mehr"

Start = Callable[..., "subprocess.Popen[str]"]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[node.Node, Path]:
    """Provide Node and a folder in which programs find the package."""
    try:
        tools = node.find(Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data") / "page")
    except node.NodeMissing as problem:
        pytest.skip(f"there is no Node: {problem}")
    folder = tmp_path_factory.mktemp("own-client")
    run([*tools.npm, *INSTALL], folder, {}, INSTALL_SECONDS)
    shutil.copy(PROGRAM, folder)
    return tools, folder


@pytest.fixture
def written(installed: tuple[node.Node, Path]) -> Callable[[str], str]:
    """Provide a function that writes a program beside the package and returns its name."""

    def write(source: str) -> str:
        (installed[1] / "written.mjs").write_text(source)
        return "written.mjs"

    return write


@pytest.fixture
def start(installed: tuple[node.Node, Path]) -> Iterator[Start]:
    """Provide a function that starts a scene for a user, at another address than the server's if given."""
    started: list[subprocess.Popen[str]] = []

    def begin(user: Client, scene: str, *arguments: str, url: str = "") -> subprocess.Popen[str]:
        tools, folder = installed
        token = user.headers["Authorization"].removeprefix("Bearer ")
        program = (
            [scene, token] if scene.endswith(".mjs") else [PROGRAM.name, url or user.server.url, token, scene]
        )
        command = [*tools.node, *program, *arguments]
        started.append(subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for one in started:
        one.kill()
        one.communicate()


def events_until(running: subprocess.Popen[str], kind: str) -> list[Json]:
    """Return the events up to the first of this kind."""
    assert running.stdout
    events: list[Json] = []
    while not events or events[-1]["type"] != kind:
        events.append(json.loads(running.stdout.readline()))
    return events


def rest(running: subprocess.Popen[str], seconds: float = END_SECONDS) -> list[Any]:
    output, _ = running.communicate(timeout=seconds)
    assert running.returncode == 0
    return [json.loads(line) for line in output.split("\n") if line]


def joined(events: list[Json], kind: str) -> str:
    return "".join(event["text"] for event in events if event["type"] == kind)


def test_a_cut_network_loses_and_doubles_nothing(model: ScriptedModel, alice: Client, start: Start) -> None:
    gate = Gate()
    model.script(answer(Thought(THOUGHT), FIRST, gate, Thought(THOUGHT), SECOND))
    with NetworkLink(urlsplit(alice.server.url).port or 0) as link:
        running = start(alice, "send", url=link.url)
        events = events_until(running, "text")
        while FIRST not in joined(events, "text"):
            events += events_until(running, "text")
        link.cut()
        events += events_until(running, "reconnecting")
        link.restore()
        gate.open()
        events += rest(running)
    assert joined(events, "text") == alice.get("/api/responses/r/stream").text
    assert SECOND in joined(events, "text")
    assert joined(events, "thinking") == THOUGHT * 2
    assert events[-1]["status"] == "done"
    assert len(model.requests) == 1


def test_a_restart_in_mid_stream_ends_the_response_with_its_text_kept(
    model: ScriptedModel, make_client: Callable[..., Client], servers: LiveServers, start: Start
) -> None:
    model.script(broken(FIRST, Stall()))
    with servers.own(CHAT_LEASE_SECONDS=LEASE) as server:
        user = make_client(server)
        running = start(user, "send")
        events = events_until(running, "text")
        wait_until_stored(user, "r", len(FIRST.encode()))
        server.kill9()
        server.start().wait_until_ready()
        events += rest(running, RESTART_SECONDS)
    assert (joined(events, "text"), events[-1]["status"]) == (FIRST, "interrupted")
    assert len(model.requests) == 1


def test_a_stop_keeps_what_the_reader_saw(model: ScriptedModel, alice: Client, start: Start) -> None:
    model.script(answer(FIRST, Gate(), SECOND))
    events = rest(start(alice, "stop"))
    assert (joined(events, "text"), events[-1]["status"]) == (FIRST, "stopped")
    assert alice.messages(alice.response("r")["threadId"])[-1]["content"] == FIRST


def test_another_users_response_is_not_found(
    model: ScriptedModel, alice: Client, bob: Client, start: Start
) -> None:
    alice.chat(response="theirs")
    assert rest(start(bob, "refused")) == [{"status": 404, "code": "not_found"}] * 14


def test_a_long_wait_is_left_to_the_caller(
    model: ScriptedModel, make_client: Callable[..., Client], servers: LiveServers, start: Start
) -> None:
    user = make_client(servers.keep(CHAT_PER_HOUR="1"))
    user.chat()
    assert rest(start(user, "quota")) == [{"status": 429, "quota": "per_hour", "waits": True}]


def test_history_pictures_and_threads(model: ScriptedModel, alice: Client, start: Start) -> None:
    model.default(answer(FIRST))
    assert rest(start(alice, "history", base64.b64encode(PNG).decode())) == [
        {
            "versions": 2,
            "last": "Changed",
            "archived": ["New"],
            "status": "done",
            "left": ["Other"],
            "shared": True,
        }
    ]


def test_a_response_that_waits_goes_on_after_the_answer(
    model: ScriptedModel, make_client: Callable[..., Client], servers: LiveServers, start: Start
) -> None:
    user = make_client(servers.keep(CHAT_APPS="tests.fixtures", CHAT_TOOLS="pay", CHAT_THINK_ITEMS="off"))
    model.script(tool_round(Call("pay", '{"amount": 5}', "call_pay"), text=FIRST), answer(SECOND))
    events = rest(start(user, "wait"))
    assert joined(events, "text") == FIRST + SECOND
    assert [event["outcome"] for event in events if event["type"] == "answer"] == ["approved"]
    assert "paid 3" in model.requests[1].messages[-1]["content"]


def test_the_readmes_example_goes_on_after_a_cut(
    model: ScriptedModel, alice: Client, start: Start, written: Callable[[str], str]
) -> None:
    gate = Gate()
    model.script(answer(FIRST, gate, SECOND))
    with NetworkLink(urlsplit(alice.server.url).port or 0) as link:
        running = start(alice, written(example("js").replace(ADDRESS, link.url)))
        assert running.stdout
        assert running.stdout.read(len(FIRST)) == FIRST
        link.cut()
        gate.open()
        link.restore()
        output, _ = running.communicate(timeout=END_SECONDS)
    assert output == SECOND
    assert len(model.requests) == 1


def test_the_examples_of_the_guide_run(
    model: ScriptedModel, alice: Client, start: Start, written: Callable[[str], str]
) -> None:
    model.default(answer(Thought(THOUGHT), FIRST))
    head = f"""import {{ ChatClient }} from "chat-client";
        const client = new ChatClient({{ url: "{alice.server.url}", token: process.argv[2] }});
        const [png, pdf] = [new Uint8Array(Buffer.from("{base64.b64encode(PNG).decode()}", "base64")),
            new Blob([Buffer.from("{base64.b64encode(pdf(["A report."])).decode()}", "base64")])];"""
    blocks = "".join(f"{{ {source} }}\n" for source in page("guides/clients.md").blocks("js"))
    output, _ = (running := start(alice, written(head + blocks))).communicate(timeout=END_SECONDS)
    assert running.returncode == 0
    assert output.count(FIRST) == 2
