"""The admin on a running server: probes use the models' connections, and refused prompts are counted."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chat.models import QuotaHit, Response, UpstreamCall, User
from chat.testing import ScriptedModel
from chat.testing.script import refusal
from tests.live.client import PLAIN_TEXT, Client, new_id
from tests.live.cookies import cookie
from tests.live.harness import LiveServer


@pytest.fixture
def operator(live: None, server: LiveServer) -> Any:
    """Yield the HTTP client of a superuser who is signed in to the shared server."""
    name, password = new_id("operator"), new_id("password")
    User.objects.create_superuser(name, password=password)
    with httpx.Client(base_url=server.url, timeout=20, verify=PLAIN_TEXT) as browser:
        browser.get("/login/")
        form = {
            "login": name,
            "password": password,
            "csrfmiddlewaretoken": cookie(browser.cookies, "csrf"),
        }
        assert browser.post("/login/?next=/admin/", data=form).status_code == 302
        yield browser


def probed(browser: httpx.Client, model: str) -> str:
    form = {"model": model, "csrfmiddlewaretoken": cookie(browser.cookies, "csrf")}
    sent = browser.post("/admin/models/probe/", data=form)
    assert sent.status_code == 302
    return browser.get(sent.headers["location"]).text


def test_a_probe_calls_the_model_once_and_stores_nothing(
    model: ScriptedModel, operator: httpx.Client
) -> None:
    calls, responses = UpstreamCall.objects.count(), Response.objects.count()
    assert "Model c1: first token after 0." in probed(operator, "c1")
    assert len(model.requests) == 1
    assert (UpstreamCall.objects.count(), Response.objects.count()) == (calls, responses)


def test_a_probe_reports_the_error_code(model: ScriptedModel, operator: httpx.Client) -> None:
    model.default(refusal(401))
    assert "Model c1: model_failed after 0." in probed(operator, "c1")


def test_refused_prompts_are_counted_by_quota(model: ScriptedModel, servers: Any, make_client: Any) -> None:
    client: Client = make_client(
        servers.keep(CHAT_ACTIVE_PER_USER="20", CHAT_PER_HOUR="3", CHAT_TOKENS_PER_DAY="5000")
    )
    statuses = [client.chat().status_code for _ in range(5)]
    assert statuses.count(429) == 2
    owner = User.objects.get(username=client.username)
    assert list(QuotaHit.objects.filter(owner=owner.pk).values_list("quota", "hits")) == [("per_hour", 2)]
