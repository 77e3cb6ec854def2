"""The page of models and tools: configuration without keys, health, and probes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from chat import service
from chat.admin.reports import health
from chat.conf import settings
from chat.exceptions import ModelTimeout
from chat.llm import config
from chat.llm.clients.probe import ProbeResult
from chat.llm.config import ModelSpec
from chat.models import User
from chat.process import process
from chat.tools import ServerState, configured_tools
from chat.tools.available import MAX_TOOLS
from chat.tools.mcp import spec as mcp_spec
from tests.integration.admin.reports.test_dashboard import call, fill_panels
from tests.integration.admin_rows import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def test_the_models_page_shows_health_price_and_the_presence_of_keys_but_no_key(
    admin: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_panels(owner)
    call(owner, outcome="failed", error_code="model_timeout", first_token_at=None)
    secret = "sk-never-shown"
    monkeypatch.setenv("LOCAL_KEY", secret)
    url = f"http://user:{secret}@host:81/v1?token={secret}"
    specs = {
        "local": ModelSpec(
            base_url=url, api_key_env="LOCAL_KEY", model="m", parameters={"user": secret, "top_p": 0.5}
        ),
        "other": ModelSpec(
            base_url=url, api_key_env="NOT_THERE", model="m", system=secret, tools=("calculate",)
        ),
    }
    known = {**config.specs(), **specs}
    monkeypatch.setattr(health, "specs", lambda: known)
    monkeypatch.setattr(
        health, "settings", replace(settings, thesys_api_key=secret, c1_base_url="https://c1.example/v1/")
    )
    text = page(admin, "models")
    assert secret not in text
    rows = {
        row[0]: " ".join(re.sub(r"<[^>]+>", " ", row[1]).split())
        for row in re.findall(r'<tr>\s*<th scope="row">(.*?)</th>(.*?)</tr>', text, re.DOTALL)[
            : len(specs) + 2
        ]
    }
    assert "https://c1.example/v1/" in rows["c1"]
    assert "set 2 1 1.50 s model_timeout 3 + 4 USD" in rows["c1"]
    assert "http://host:81/v1 m set 1 1 - unavailable none" in rows["local"]
    assert "not set 0 0" in rows["other"]
    assert "user, top_p = 0.5" in text


def test_the_models_page_lists_tools_and_mcp_servers(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    servers = '{"wiki": {"url": "https://u:pw@wiki.example/mcp?key=pw", "permission": "chat.view_thread"}}'
    monkeypatch.setattr(mcp_spec, "settings", replace(settings, mcp=servers))
    text = page(admin, "models")
    assert "calculate" in text
    assert "&quot;expression&quot;" in text
    assert "https://wiki.example/mcp, for users with chat.view_thread" in text
    assert "not needed yet" in text
    assert "pw" not in text


@pytest.mark.parametrize(("listed", "warning"), [(200, True), (100, False)])
def test_the_models_page_warns_of_tools_that_requests_leave_out(
    admin: Client, monkeypatch: pytest.MonkeyPatch, listed: int, warning: bool
) -> None:
    clock = configured_tools()["current_time"]
    many = [replace(clock, name=f"wiki_{number}") for number in range(listed)]
    state = "connected; only 64 of its tools are offered"
    server = ServerState("wiki", state, "https://wiki.example/mcp", "", many)
    monkeypatch.setattr(service, "tool_servers", lambda: [server])
    text = page(admin, "models")
    left_out = len(configured_tools()) + listed - MAX_TOOLS
    assert state in text
    assert (f"{left_out} tools left out: a request offers at most {MAX_TOOLS}" in text) == warning


def probing(monkeypatch: pytest.MonkeyPatch, result: ProbeResult) -> list[str]:
    """Replace the probe with a fixed result. Return the list of probed models."""
    probed: list[str] = []

    async def probe(model: str) -> ProbeResult:
        probed.append(model)
        return result

    monkeypatch.setattr(service, "probe", probe)
    return probed


def test_a_probe_reports_its_duration_or_the_error_code(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    probed = probing(monkeypatch, ProbeResult(0.25))
    text = admin.post(reverse("admin:probe"), {"model": "c1"}, follow=True).content.decode()
    assert "Model c1: first token after 0.25 s." in text
    probing(monkeypatch, ProbeResult(10, ModelTimeout()))
    text = admin.post(reverse("admin:probe"), {"model": "c1"}, follow=True).content.decode()
    assert "Model c1: model_timeout after 10.00 s." in text
    assert probed == ["c1"]


def test_a_probe_needs_its_permission_a_post_and_a_configured_model(
    admin: Client, staff: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    probed = probing(monkeypatch, ProbeResult(0.25))
    client = staff("view_dashboard")
    assert "Probe<" not in page(client, "models")
    assert client.post(reverse("admin:probe"), {"model": "c1"}).status_code == 403
    assert admin.get(reverse("admin:probe"), {"model": "c1"}).status_code == 405
    text = admin.post(reverse("admin:probe"), {"model": "none"}, follow=True).content.decode()
    assert "There is no such model." in text
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="root"))
    assert strict.post(reverse("admin:probe"), {"model": "c1"}).status_code == 403
    assert probed == []


def test_one_probe_at_a_time(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    probed = probing(monkeypatch, ProbeResult(0.25))
    with process.part(health.ProbeLock).lock:
        text = admin.post(reverse("admin:probe"), {"model": "c1"}, follow=True).content.decode()
    assert "Another probe is under way." in text
    assert probed == []
    admin.post(reverse("admin:probe"), {"model": "c1"})
    assert probed == ["c1"]
