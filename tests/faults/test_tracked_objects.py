"""A server that has shown every page holds few objects for full garbage collections, which run in its event loop, to visit."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chat.models import Response
from chat.testing import ScriptedModel
from tests.faults.fault_server import start_fault_server
from tests.faults.tracked_objects import TRACKED_PATH
from tests.fuzz.inputs import templates
from tests.integration.every_admin_page import Rows, all_addresses
from tests.live.client import PLAIN_TEXT, SECONDS
from tests.live.harness import LiveServer, eventually
from tests.live.staff import staff_cookies

# Objects after every page: 6,900. Compiled templates, tables of addresses and resolved paths made it 49,400.
MAX_TRACKED = 15_000
LANGUAGES = ("en", "de", "ar")
# Their requests would end the session.
ENDING = ("/logout/",)

pytestmark = [pytest.mark.live, pytest.mark.long]


def tracked(server: LiveServer) -> int:
    return int(httpx.get(server.url + TRACKED_PATH, timeout=SECONDS, verify=PLAIN_TEXT).text)


def test_few_objects_are_tracked_once_every_page_was_shown(model: ScriptedModel, servers: Any) -> None:
    with start_fault_server(servers, "tracked_objects") as server:
        rows = Rows()
        paths = [path.replace("{}", "1") for path in templates() if path not in ENDING]
        with httpx.Client(
            base_url=server.url, cookies=staff_cookies(server), timeout=SECONDS, verify=PLAIN_TEXT
        ) as http:
            for path in (*all_addresses(rows), *paths):
                http.get(path)
            for language in LANGUAGES:
                http.get("/admin/", headers={"Accept-Language": language})
        eventually(lambda: tracked(server) < MAX_TRACKED, says=f"{tracked(server)} objects are tracked")
        # They have no valid logs, which the checks after a live test ask for.
        Response.objects.filter(owner=rows.user).delete()
