"""README.md against the code: each table complete, each name real. A failure prints the row to add or to remove."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import fnmatch
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import URLPattern
from django.urls.resolvers import RoutePattern

from chat import conf_models, consumers, page_urls, urls
from chat.conf import ROOT, Settings
from chat.errors import BY_CODE, ChatError, QuotaExceeded
from chat.log import End, Event, Started, Text, Tool
from chat.tools import registry
from chat.wire import sse, websocket
from chatproject import up

README = (ROOT / "README.md").read_text()
EVENTS: tuple[Event, ...] = (Started("queued", 0), Text(b"a", 1), Tool("clock", "done"), End(1, None))

Row = list[str]


def section(title: str) -> str:
    """What stands between a heading and the next one of any level."""
    found = re.search(
        rf"^#{{2,3}} {re.escape(title)}\n(.*?)(?=^#{{2,3}} |\Z)", README, re.MULTILINE | re.DOTALL
    )
    assert found, f"README.md has no section {title!r}"
    return found[1]


def table(title: str, head: str) -> list[Row]:
    """The cells of the rows of the table in a section whose first column is headed `head`."""
    lines = section(title).splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith(f"| {head} |")), None)
    assert start is not None, f"README.md, {title}: there is no table that begins with {head!r}"
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip().strip("|").split(" | ")])
    return rows


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def first(title: str, head: str) -> set[str]:
    """All names in the first column."""
    return {name for row in table(title, head) for name in code(row[0])}


def assert_same(title: str, written: set[str], real: set[str]) -> None:
    missing, stale = sorted(real - written), sorted(written - real)
    assert not missing, f"README.md, {title}: add " + "\n".join(["", *missing])
    assert not stale, f"README.md, {title}: remove " + "\n".join(["", *stale])


def shown(value: Any) -> str:
    """A default as the table writes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Path):
        value = value.relative_to(ROOT)
    if isinstance(value, tuple):
        value = ",".join(value)
    if isinstance(value, float):
        value = f"{value:g}"
    return f"`{value}`" if str(value) else "–"


@pytest.mark.parametrize("entry", dataclasses.fields(Settings), ids=lambda entry: entry.metadata["name"])
def test_a_setting_stands_in_the_readme_with_default_and_unit(entry: dataclasses.Field[Any]) -> None:
    name, unit, reason = (entry.metadata[key] for key in ("name", "unit", "reason"))
    row = [f"`{name}`", shown(entry.default), unit]
    found = [cells for cells in table("Settings", "name") if cells[0] == row[0]]
    wanted = " | ".join(["", *row, reason, ""]).strip()
    assert [cells[:3] for cells in found] == [row], f"README.md, Settings: write {wanted}"
    assert found[0][3], f"README.md, Settings: {name} has no meaning"


def test_every_setting_of_the_readme_exists() -> None:
    assert first("Settings", "name") <= {entry.metadata["name"] for entry in dataclasses.fields(Settings)}


@pytest.mark.parametrize("row", table("Settings", "limit"), ids=lambda row: row[0].strip("`"))
def test_a_fixed_limit_has_the_value_that_the_readme_tells(row: Row) -> None:
    module, _, name = row[0].strip("`").rpartition(".")
    assert getattr(importlib.import_module(module), name) == int(row[1]), f"README.md, Settings: {row[0]}"


def route(pattern: URLPattern) -> str:
    """`/api/threads/{threadId}` for `api/threads/<str:thread_id>`."""

    def name(found: re.Match[str]) -> str:
        head, *rest = found[1].split("_")
        return "{" + head + "".join(word.title() for word in rest) + "}"

    return "/" + re.sub(r"<str:(\w+)>", name, str(pattern.pattern))


def methods(pattern: URLPattern) -> list[str]:
    """The methods that a door says it takes, when asked for one that does not exist."""
    request: HttpRequest = RequestFactory(headers={"host": "localhost"}).generic("BREW", "/")
    answer = asyncio.run(pattern.callback(request))
    return [method for method in answer["Allow"].split(", ") if method != "HEAD"]


def test_every_route_stands_in_the_readme() -> None:
    written = {
        name for name in first("Routes", "route") if name.partition(" ")[2].startswith(urls.API_PREFIXES)
    }
    doors = [pattern for pattern in urls.urlpatterns if isinstance(pattern.pattern, RoutePattern)]
    real = {f"{method} {route(pattern)}" for pattern in doors for method in methods(pattern)}
    assert_same("Routes", written, real)


def test_every_page_stands_in_the_readme() -> None:
    written = {name.rpartition(" ")[2] for name in first("Routes", "route")}
    assert {route(pattern) for pattern in page_urls.urlpatterns} <= written


def test_every_frame_of_a_client_stands_in_the_readme() -> None:
    cases = [
        node.pattern
        for node in ast.walk(ast.parse(inspect.getsource(consumers)))
        if isinstance(node, ast.match_case)
    ]
    values = [case.value for case in cases if isinstance(case, ast.MatchValue)]
    real = {str(value.value) for value in values if isinstance(value, ast.Constant)}
    assert_same("WebSocket", first("WebSocket", "a client sends"), real)


def told(title: str, head: str) -> dict[str, set[str]]:
    """Each event or frame of a table, with its fields."""
    return {name: set(code(row[1])) for row in table(title, head) for name in code(row[0])}


def test_every_frame_of_the_server_stands_in_the_readme() -> None:
    sources = inspect.getsource(consumers) + inspect.getsource(websocket)
    real = set(re.findall(r'"type": "(\w+)"|_frame\("(\w+)"', sources))
    names = {name for pair in real for name in pair if name}
    assert_same("WebSocket", first("WebSocket", "the server sends"), names)


def test_the_fields_of_frames_are_those_of_the_readme() -> None:
    encode, written = websocket.Encoder("r", "t"), told("WebSocket", "the server sends")
    for event in EVENTS:
        frame = dict(ast.literal_eval((encode(event) or "").replace("null", "None")))
        name = frame.pop("type")
        assert_same(f"WebSocket, {name}", written[name], set(frame))
    frame = dict(ast.literal_eval(websocket.error(QuotaExceeded(retry_after=1), "r")))
    assert_same("WebSocket, error", written["error"], set(frame) - {"type"})


def test_the_events_and_their_fields_are_those_of_the_readme() -> None:
    encode, written = sse.Encoder("r", "t"), told("Server-sent events", "event")
    real = {}
    for event in EVENTS:
        kind, _, data = encode(event).decode().strip().split("\n")
        fields = ast.literal_eval(data.removeprefix("data: ").replace("null", "None"))
        real[kind.removeprefix("event: ")] = set(fields)
    assert written == real


@pytest.mark.parametrize("error", BY_CODE.values(), ids=BY_CODE.keys())
def test_an_error_stands_in_the_readme_with_its_status(error: type[ChatError]) -> None:
    row = [f"`{error.code}`", str(error.status), "yes" if error.retryable else "no"]
    wanted = " | ".join(["", *row, error.__doc__ or "", ""]).strip()
    found = [cells[:3] for cells in table("Errors", "code") if cells[0] == row[0]]
    assert found == [row], f"README.md, Errors: write {wanted}"


def test_every_error_of_the_readme_exists() -> None:
    assert first("Errors", "code") <= set(BY_CODE)


def test_every_command_and_option_stands_in_the_readme() -> None:
    start = section("Start")
    commands = (ROOT / "chat" / "management" / "commands").glob("[!_]*.py")
    missing = [path.stem for path in commands if f"`python3 manage.py {path.stem}" not in start]
    assert not missing, f"README.md, Start: add the commands {missing}"
    options = re.findall(r'"(--[\w-]+)"', inspect.getsource(up.add_arguments))
    assert_same("Start", set(re.findall(r"`(--[\w-]+)`", start)), set(options))


def entries(folder: Path) -> set[str]:
    """The files and folders that belong to the project, named as the map names them."""
    ignored = [
        line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if not line.startswith("#")
    ]
    names = {f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir()} - {".git/", ".git"}
    return {name for name in names if not any(fnmatch.fnmatch(name.strip("/"), one) for one in ignored)}


@pytest.mark.parametrize(
    ("head", "folder", "apart"),
    [("place", ".", set()), ("room", "chat", {"__init__.py", "LOG.md", "SCALE.md"})],
)
def test_the_map_shows_every_place_and_no_other(head: str, folder: str, apart: set[str]) -> None:
    assert_same(f"Map, {head}", first("Map", head), entries(ROOT / folder) - apart)


def proofs() -> set[str]:
    """Every test and check that there is."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def test_every_promise_names_tests_that_exist() -> None:
    rows = table("Promises", "promise")
    assert [row[0] for row in rows if not code(row[1])] == []
    named = {
        name for text in [section("Promises")] for name in re.findall(r"`((?:test_|assert_|Test)\w+)`", text)
    }
    assert named - proofs() == set()


def test_every_link_leads_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
        for line in re.findall(r"^##+ (.+)$", README, re.MULTILINE)
    }
    links = re.findall(r"\]\(([^)]+)\)", README)
    broken = [
        link for link in links if not (link[1:] in headings if link[0] == "#" else (ROOT / link).exists())
    ]
    assert broken == []


def test_the_picture_is_small() -> None:
    picture = (ROOT / "chat" / "static" / "chat" / "page.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 80 * 1024


def test_the_tool_of_the_readme_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_tools", {})
    source = re.findall(r"```python\n(.*?)```", section("A tool of your own"), re.DOTALL)[0]
    exec(compile(source, "README.md", "exec"), {"__name__": "readme"})
    parameters = registry._tools["find_orders"].schema["function"]["parameters"]
    assert set(parameters["properties"]) == {"customer", "limit"}


def test_every_field_of_a_model_stands_in_the_readme() -> None:
    real = {field.encode_name for field in msgspec.structs.fields(conf_models.ModelSpec)}
    assert_same("Another model", first("Another model", "field"), real)


def test_the_models_of_the_readme_are_understood() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", section("Another model"), re.DOTALL)
    assert set(conf_models.read(example.strip())) == {"c1", "openassistant", "local"}
