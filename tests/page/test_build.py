"""The page's build and its delivery: complete or not at all, once, without secrets, after the plain page."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory

from chat import headers
from chat.conf import settings
from chat.web import frontend_build
from chatproject.dev.frontend import node, page, page_build
from tests.live.harness import eventually

pytestmark = pytest.mark.urls("chatproject.urls")

HTML = '<script type="module" nonce="__NONCE__" src="/page/0123456789abcdef/assets/main-1.js"></script>'
HASH = "0123456789abcdef"
# Compressed scripts and styles that the page names itself: the first paint waits for them, three seconds on a slow phone.
SHELL_BYTES = 120_000


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a build that does not exist yet and that the server is configured to serve."""
    folder = tmp_path / HASH
    for room in ("chat.web.frontend_build", "chat.web.chat_page", "chat.accounts.identity"):
        changed = dataclasses.replace(settings, page_build=str(folder), guests=True)
        monkeypatch.setattr(f"{room}.settings", changed, raising=False)
    return folder


def _make(folder: Path) -> None:
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(HTML)
    (folder / "assets" / "main-1.js").write_text("let one = 1;")
    (folder / "assets" / "main-1.js.gz").write_bytes(b"packed")
    (folder / "assets" / "notes.txt").write_text("not for anybody")


@pytest.mark.django_db
def test_the_plain_page_is_served_until_the_build_is_there(build: Path) -> None:
    client = Client()
    assert b"chat/js/main.js" in client.get("/").content
    _make(build)
    assert b"main-1.js" in client.get("/c/some-thread").content


@pytest.mark.django_db
def test_each_response_has_its_own_nonce_for_styles_alone(build: Path) -> None:
    _make(build)
    client = Client()
    nonces = [client.get("/").content.split(b'nonce="')[1].split(b'"')[0].decode() for _ in range(2)]
    assert len({*nonces, frontend_build.NONCE}) == 3


def test_the_policy_names_the_nonce_of_a_view_and_no_other() -> None:
    async def view(request: Any) -> Any:
        from django.http import HttpResponse

        if request.path == "/built":
            request.style_nonce = "abc"
        return HttpResponse("")

    policy: Any = headers.ContentSecurityPolicy(view)
    factory = RequestFactory()
    answers = [asyncio.run(policy(factory.get(path))) for path in ("/built", "/plain")]
    sent = [answer["Content-Security-Policy"] for answer in answers]
    assert "style-src 'self' 'nonce-abc'" in sent[0]
    assert all("script-src 'self';" in one for one in sent)
    assert "nonce" not in sent[1]


def test_an_asset_is_served_compressed_if_accepted_and_cached_for_a_year(build: Path) -> None:
    _make(build)
    path = f"/page/{HASH}/assets/main-1.js"
    packed, plain = Client().get(path, headers={"Accept-Encoding": "br, gzip"}), Client().get(path)
    assert (packed.content, packed["Content-Encoding"]) == (b"packed", "gzip")
    assert (plain.content, "Content-Encoding" in plain) == (b"let one = 1;", False)
    assert "immutable" in plain["Cache-Control"]
    assert plain["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path",
    [
        f"{HASH}/assets/notes.txt",
        f"{HASH}/assets/main-1.js.gz",
        f"{HASH}/assets/..",
        f"{HASH}/assets/.hidden.js",
        f"{HASH}/assets/none.js",
        f"{HASH}/index.html",
        "work/assets/main-1.js",
        "../assets/main-1.js",
    ],
)
def test_nothing_else_of_the_folder_is_served(build: Path, path: str) -> None:
    _make(build)
    assert Client().get(f"/page/{path}").status_code == 404


def test_the_shell_is_small(built_page: Path) -> None:
    names = re.findall(r'/assets/([^"]+\.(?:js|css))"', (built_page / "index.html").read_text())
    sizes = {name: len(gzip.compress((built_page / "assets" / name).read_bytes())) for name in names}
    assert len(sizes) > 3
    assert sum(sizes.values()) <= SHELL_BYTES, sizes


def test_the_hash_changes_with_any_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chat" / "page").mkdir(parents=True)
    monkeypatch.setattr(page, "ROOT", tmp_path)
    monkeypatch.setattr(page, "SOURCES", tmp_path / "chat" / "page")
    monkeypatch.setattr(page, "SHARED", tmp_path / "chat" / "static")
    monkeypatch.setattr(page, "CLIENT", tmp_path / "chat" / "clients")
    source = tmp_path / "chat" / "page" / "a.ts"
    source.write_text("1")
    first = page.source_hash()
    (tmp_path / "chat" / "page" / "node_modules").mkdir()
    (tmp_path / "chat" / "page" / "node_modules" / "b.js").write_text("not ours")
    assert page.source_hash() == first
    source.write_text("2")
    assert page.source_hash() != first


def test_the_lock_names_no_address_and_every_platform() -> None:
    lock = (page.SOURCES / "package-lock.json").read_text()
    assert "resolved" not in lock
    for platform in ("darwin-arm64", "darwin-x64", "linux-x64-gnu", "linux-arm64-gnu", "linux-x64-musl"):
        assert f"node_modules/@rollup/rollup-{platform}" in lock


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Replace npm and Vite: record their commands; a build writes its index.html."""
    ran: list[list[str]] = []

    def run(command: list[str], work: Path, environ: dict[str, str], seconds: float) -> None:
        ran.append(command)
        if "build" in command:
            out = Path(environ["CHAT_PAGE_OUT"])
            (out / "assets").mkdir(parents=True)
            (out / "index.html").write_text(HTML)
            (out / "assets" / "a.js").write_text("x" * 5000)

    monkeypatch.setattr(page_build, "_run", run)
    monkeypatch.setattr(node, "find", lambda _tools: node.Node(("node",), ("npm",)))
    return ran


def test_two_concurrent_builders_build_once(tools: list[list[str]], tmp_path: Path) -> None:
    folder = tmp_path / "page" / HASH
    threads = [threading.Thread(target=page_build.ensure, args=(folder,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum("build" in command for command in tools) == 1
    assert (folder / "assets" / "a.js.gz").exists()


def test_packages_run_no_scripts_and_are_installed_once_for_a_lock(
    tools: list[list[str]], tmp_path: Path
) -> None:
    for name in (HASH, HASH[::-1]):
        page_build.ensure(tmp_path / "page" / name)
    installs = [command for command in tools if "ci" in command]
    assert len(installs) == 1
    assert "--ignore-scripts" in installs[0]


def test_a_build_that_fails_leaves_nothing_to_serve_and_one_line(
    tools: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail(command: list[str], work: Path, environ: dict[str, str], seconds: float) -> None:
        if "build" in command:
            Path(environ["CHAT_PAGE_OUT"]).mkdir()
            raise page_build.BuildFailed("the disk is full")

    monkeypatch.setattr(page_build, "_run", fail)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    folder = tmp_path / "page" / HASH
    assert page_build.main(folder) == 1
    assert not folder.exists()
    assert capsys.readouterr().err == "The page was not built, the plain one stays: the disk is full.\n"


def test_the_newest_earlier_build_stays_for_open_tabs(tools: list[list[str]], tmp_path: Path) -> None:
    names = [f"{number:016x}" for number in range(4)]
    for age, name in enumerate(names):
        _make(tmp_path / "page" / name)
        seconds = time.time() - 1000 + age
        os.utime(tmp_path / "page" / name, (seconds, seconds))
    page_build.ensure(tmp_path / "page" / HASH)
    left = {path.name for path in (tmp_path / "page").iterdir() if path.name != "work"}
    assert left == {HASH, names[-1]}


def test_the_builder_gets_no_secret_and_no_database_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    class StartedProcess:
        pid, stdin = 0, None

        def __init__(self, _command: list[str], **options: Any) -> None:
            seen.update(options["env"])

    monkeypatch.setattr(subprocess, "Popen", StartedProcess)
    given = {"THESYS_API_KEY": "k", "DATABASE_URL": "d", "SECRET_KEY": "s", "CHAT_X": "c", "PATH": "/bin"}
    page.Builder(tmp_path / "none", {**given, "npm_config_registry": "r"}).start()
    assert seen == {"PATH": "/bin", "npm_config_registry": "r"}


def test_stopping_a_builder_ends_its_child_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/sh")
    real = subprocess.Popen
    made: list[Any] = []

    def start(_command: list[str], **options: Any) -> Any:
        made.append(real(["/bin/sh", "-c", "sleep 60 & wait"], **options))
        return made[0]

    monkeypatch.setattr(subprocess, "Popen", start)
    builder = page.Builder(tmp_path / "none", {"PATH": "/usr/bin:/bin"})
    builder.start()
    builder.stop()
    assert made[0].poll() is not None
    eventually(lambda: not _group_lives(made[0].pid), says="something of the group lives on")


def test_an_ended_builder_is_reaped_with_the_children_it_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.Popen
    made: list[Any] = []

    def start(_command: list[str], **options: Any) -> Any:
        made.append(real(["/bin/sh", "-c", "sleep 60 & exit 1"], **options))
        return made[0]

    monkeypatch.setattr(subprocess, "Popen", start)
    builder = page.Builder(tmp_path / "none", {"PATH": "/usr/bin:/bin"})

    def collected() -> bool:
        builder.reap()
        return made[0].returncode is not None

    builder.start()
    eventually(collected, says="it was not collected")
    eventually(lambda: not _group_lives(made[0].pid), says="something of the group lives on")
    builder.stop()  # must do nothing: the process id may belong to another process by now


def _group_lives(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("version", "taken"),
    [((20, 19, 0), True), ((20, 18, 9), False), ((21, 7, 0), False), ((22, 11, 0), False), ((22, 12, 0), True),
     ((24, 0, 0), True), ((18, 20, 0), False), ((), False)],
)  # fmt: skip
def test_a_node_that_vite_takes_is_new_enough(version: tuple[int, ...], taken: bool) -> None:
    assert node.suits(version) is taken


def test_the_error_of_a_failed_program_is_its_telling_line() -> None:
    output = (
        "npm warn old: x\nnpm error code ENOTFOUND\nnpm error network request failed, reason: nobody\nmore"
    )
    assert page_build.first_error_line(output) == "network request failed, reason: nobody"
    unknown = "npm error code ETARGET\nnpm error notarget No matching version found for x@9.\n"
    log = "npm error A complete log of this run can be found in: /home/x"
    assert page_build.first_error_line(unknown + log) == "notarget No matching version found for x@9"
    vite = (
        'transforming...\nerror during build:\n[vite]: Rollup failed to resolve import "x".\nThis is\n  at x'
    )
    assert page_build.first_error_line(vite) == '[vite]: Rollup failed to resolve import "x"'
    esbuild = (
        'error during build:\n[vite:esbuild] Transform failed with 1 error:\na.tsx:3:5: ERROR: Expected ")"'
    )
    assert page_build.first_error_line(esbuild) == 'a.tsx:3:5: ERROR: Expected ")"'
    assert (
        page_build.first_error_line("src/a.ts(1,2): error TS2345: It is wrong.")
        == "src/a.ts(1,2): error TS2345: It is wrong"
    )
    assert page_build.first_error_line("") == "no reason given"


def test_a_machine_without_node_and_registry_gets_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    missing: Callable[..., Any] = lambda *_, **__: type("Done", (), {"returncode": 1})()  # noqa: E731
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(subprocess, "run", missing)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    assert page_build.main(tmp_path / "page" / HASH) == 1
    assert "the plain one stays: no Node 20.19" in capsys.readouterr().err
