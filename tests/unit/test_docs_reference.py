"""docs/reference against the code: each table complete, each name real. A failure prints the row to add or to remove."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import re
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import URLPattern
from django.urls.resolvers import RoutePattern

from chat import urls
from chat.api import consumer
from chat.api.encoders import sse, websocket
from chat.api.openapi import path_of
from chat.exceptions import BY_CODE, ChatError, QuotaExceeded
from chat.sign_in import urls as sign_in_urls
from chat.web import urls as page_urls
from chatproject.dev import up
from chatproject.dev.bootstrap import ROOT
from tests.dialects import ag_ui, ai_sdk
from tests.unit import settings_page
from tests.unit.documents import Row, code, page
from tests.unit.log_events import SAMPLES

HTTP, SOCKET, EVENTS = page("reference/http.md"), page("reference/websocket.md"), page("reference/events.md")
ERRORS, LIMITS, COMMANDS = (
    page("reference/errors.md"),
    page("reference/limits.md"),
    page("reference/commands.md"),
)
PERMISSIONS, DIALECTS = page("reference/permissions.md"), page("reference/dialects.md")


def test_the_page_of_settings_is_what_the_generator_makes() -> None:
    written = settings_page.PAGE.read_text()
    assert written == settings_page.render(written), "run python -m tests.unit.settings_page"


@pytest.mark.parametrize("row", LIMITS.rows("limit"), ids=lambda row: row[0].strip("`"))
def test_a_fixed_limit_has_the_documented_value(row: Row) -> None:
    module, _, name = row[0].strip("`").rpartition(".")
    assert getattr(importlib.import_module(module), name) == int(row[1])


def methods(pattern: URLPattern) -> list[str]:
    """Return the methods that an endpoint names when it is asked with an unknown one."""
    request: HttpRequest = RequestFactory(headers={"host": "localhost"}).generic("BREW", "/")
    answer = pattern.callback(request)
    if asyncio.iscoroutine(answer):
        answer = asyncio.run(answer)
    return [method for method in answer["Allow"].split(", ") if method != "HEAD"]


def test_every_route_of_the_api_is_documented() -> None:
    written = {name for name in HTTP.names("route") if name.partition(" ")[2].startswith(urls.API_PREFIXES)}
    routes = [pattern for pattern in urls.urlpatterns if isinstance(pattern.pattern, RoutePattern)]
    HTTP.assert_names(written, {f"{method} {path_of(one)}" for one in routes for method in methods(one)})


def test_every_page_is_documented() -> None:
    paths = {name.rpartition(" ")[2] for name in HTTP.names("route")}
    written = {path for path in paths if not path.startswith(urls.API_PREFIXES)}
    pages = [*page_urls.urlpatterns, *sign_in_urls.urlpatterns]
    HTTP.assert_names(written, {path_of(pattern) for pattern in pages})


def test_every_frame_of_a_client_is_documented() -> None:
    nodes = ast.walk(ast.parse(inspect.getsource(consumer)))
    patterns = [node.pattern for node in nodes if isinstance(node, ast.match_case)]
    values = [pattern.value for pattern in patterns if isinstance(pattern, ast.MatchValue)]
    real = {str(value.value) for value in values if isinstance(value, ast.Constant)}
    SOCKET.assert_names(SOCKET.names("a client sends"), real)


def test_every_frame_of_the_server_is_documented() -> None:
    sources = inspect.getsource(consumer) + inspect.getsource(websocket)
    found = re.findall(r'"type": "(\w+)"|_frame\("(\w+)"', sources)
    SOCKET.assert_names(SOCKET.names("the server sends"), {name for pair in found for name in pair if name})


def fields(rows: list[Row]) -> dict[str, set[str]]:
    """Return each event or frame of a table with its fields."""
    return {name: set(code(row[1])) for row in rows for name in code(row[0])}


def test_the_fields_of_frames_are_documented() -> None:
    encode, written = websocket.WebSocketEncoder("r", "t"), fields(SOCKET.rows("the server sends"))
    for event in SAMPLES:
        frame = dict(ast.literal_eval((encode(event) or "").replace("null", "None").replace("true", "True")))
        assert written[frame.pop("type")] == set(frame)
    frame = dict(ast.literal_eval(websocket.error(QuotaExceeded(retry_after=1), "r")))
    assert written["error"] == set(frame) - {"type"}


def test_the_events_and_their_fields_are_documented() -> None:
    encode, real = sse.SseEncoder("r", "t"), {}
    for event in SAMPLES:
        kind, _, data = encode(event).decode().strip().split("\n")
        sent = ast.literal_eval(data.removeprefix("data: ").replace("null", "None").replace("true", "True"))
        real[kind.removeprefix("event: ")] = set(sent)
    assert fields(EVENTS.rows("event")) == real


@pytest.mark.parametrize("error", BY_CODE.values(), ids=BY_CODE.keys())
def test_an_error_is_documented_with_its_status(error: type[ChatError]) -> None:
    row = [f"`{error.code}`", str(error.status), "yes" if error.retryable else "no"]
    found = [cells[:3] for cells in ERRORS.rows("code") if cells[0] == row[0]]
    assert found == [row], f"{ERRORS.name}: write | {' | '.join(row)} | {error.__doc__} |"


def test_every_documented_error_exists() -> None:
    assert ERRORS.names("code") <= set(BY_CODE)


def command_sources() -> dict[str, Any]:
    """Return the source of each command that the project adds."""
    folders = ("chat", "chatproject", "tests/benchmarks", "tests/release")
    paths = [
        path for folder in folders for path in (ROOT / folder / "management" / "commands").glob("[!_]*.py")
    ]
    sources = {path.stem: path.read_text() for path in paths}
    return {**sources, "up": inspect.getsource(up.add_arguments)}


def test_every_command_is_documented() -> None:
    written = {name.split()[2] for name in COMMANDS.names("command")}
    COMMANDS.assert_names(written, set(command_sources()))


def test_every_option_of_a_command_is_documented() -> None:
    written = {f"{code(row[1])[0]} {code(row[0])[0]}" for row in COMMANDS.rows("option")}
    real = {
        f"{name} {option}"
        for name, source in command_sources().items()
        for option in re.findall(r'add_argument\(\s*"(--[\w-]+)"', source)
    }
    COMMANDS.assert_names(written, real)


def defaults(model: type[Model]) -> set[str]:
    """Return the permissions that Django makes of itself for a model."""
    options = model._meta
    return {f"{action}_{options.model_name}" for action in options.default_permissions}


def test_every_permission_of_the_project_is_documented_and_exists() -> None:
    models = list(apps.get_app_config("chat").get_models())
    own = {name for model in models for name, _ in model._meta.permissions}
    existing = own | {name for model in models for name in defaults(model)}
    written = PERMISSIONS.names("permission")
    PERMISSIONS.assert_names(written, own | (written & existing))


def test_the_events_of_ag_ui_and_their_fields_are_documented() -> None:
    own = {name: fields for name, fields in ag_ui.FIELDS.items() if name != "MESSAGES_SNAPSHOT"}
    assert fields_of("event") == (own, ag_ui.OPTIONAL)


def test_the_parts_of_the_ai_sdk_and_their_keys_are_documented() -> None:
    assert fields_of("part") == (ai_sdk.KEYS, ai_sdk.OPTIONAL)


def fields_of(kind: str) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return the required fields of each event of a dialect's table, and the optional ones where it has any."""
    written = {row[0].strip("`"): row[1] for row in DIALECTS.rows(kind)}
    required = {name: set(code(" ".join(re.findall(r"`\w+`(?!\?)", cell)))) for name, cell in written.items()}
    optional = {name: set(re.findall(r"`(\w+)`\?", cell)) for name, cell in written.items()}
    return required, {name: fields for name, fields in optional.items() if fields}
