"""The dashboard: permissions, figures, and escaping."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat.admin.reports import health, panels
from chat.llm import config
from chat.llm.config import ModelSpec
from chat.models import Price, Status, UpstreamCall, User
from chat.reporting import quota_hits
from tests.integration.admin.test_access import PAYLOADS
from tests.integration.admin_rows import client_of, make_response, make_thread, page

pytestmark = pytest.mark.django_db

REPORTS = ("dashboard", "models")


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def call(owner: User, **fields: Any) -> UpstreamCall:
    now = datetime.now(UTC)
    given = {
        "model": "c1",
        "round": 0,
        "attempt": 0,
        "outcome": "done",
        "prompt_tokens": 1_000_000,
        "completion_tokens": 0,
        "source": "provider",
        "first_token_at": now + timedelta(seconds=1.5),
        **fields,
    }
    number = UpstreamCall.objects.count()
    times = {"started_at": now, "finished_at": now + timedelta(seconds=2)}
    return UpstreamCall.objects.create(owner=owner, thread=1, response=number, **{**times, **given})


def fill_panels(owner: User) -> None:
    """Create data for each panel."""
    Price.objects.create(
        model="c1", valid_from=datetime(2020, 1, 1, tzinfo=UTC), prompt_price=3, completion_price=4
    )
    call(owner)
    call(owner, outcome="failed", error_code="unavailable", model="local", first_token_at=None)
    quota_hits.record_refusal(owner.pk, "per_hour")


def table(client: Client, panel: str, **query: str) -> list[list[str]]:
    answer = client.get(reverse("admin:dashboard_csv", args=[panel]), query)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/csv")
    assert f'attachment; filename="{panel}-' in answer["Content-Disposition"]
    return list(csv.reader(answer.content.decode().splitlines()))


def test_dashboard_tables_and_models_need_the_permission(
    staff: Callable[..., Client],
) -> None:
    client = staff("view_thread", "view_upstreamcall", "probe_model")
    for name in REPORTS:
        assert client.get(reverse(f"admin:{name}")).status_code == 403
    for panel in panels.PANELS:
        assert client.get(reverse("admin:dashboard_csv", args=[panel])).status_code == 403
    assert "Dashboard" not in page(client, "index")


def test_the_permission_alone_opens_both_reports_and_lists_them_first(staff: Callable[..., Client]) -> None:
    client = staff("view_dashboard")
    for name in REPORTS:
        assert page(client, name)
    index = page(client, "index")
    assert "Overview" in index
    assert reverse("admin:dashboard") in index
    assert "Threads" not in index


def test_users_who_are_no_staff_are_sent_to_the_login(owner: User) -> None:
    owner.user_permissions.set(Permission.objects.filter(codename="view_dashboard"))
    for name in REPORTS:
        assert client_of(owner).get(reverse(f"admin:{name}")).status_code == 302


def test_the_index_lists_every_table_by_subject(admin: Client) -> None:
    text = page(admin, "index")
    places = [text.index(f">{name}<") for name in ("Overview", "Conversations", "Usage", "People")]
    assert places == sorted(places)
    for kind in ("thread", "message", "response", "upstreamcall", "price", "user", "apitoken"):
        assert text.count(f'href="{reverse(f"admin:chat_{kind}_changelist")}"') >= 1


def test_every_panel_shows_its_figures(admin: Client, owner: User) -> None:
    fill_panels(owner)
    thread = make_thread(owner)
    make_response(thread, 2, thread.messages.get(position=0), status=Status.STREAMING)
    text = " ".join(re.sub(r"<[^>]+>", " ", page(admin, "dashboard")).split())
    for words in ("streaming now 1", "responses 2", "tokens 2M", "failed calls 1"):
        assert words in text
    assert "Calls without a price, not included: 1." in text
    assert table(admin, "responses")[0] == ["hour (UTC)", "c1", "local"]
    assert table(admin, "responses")[1][1:] == ["1", "1"]
    assert table(admin, "tokens")[1][1:] == ["2000000", "0"]
    assert table(admin, "first-token")[1][1:] == ["1", "1.5", "1.5"]
    assert table(admin, "failures")[0][1:] == ["unavailable"]
    assert table(admin, "failures-by-model")[1:] == [["unavailable", "local", "1", "100.0"]]
    assert [row[1:] for row in table(admin, "cost")[1:]] == [["c1", "USD", "3.000000"]]
    assert table(admin, "users")[1] == ["olga", "1", "1000000", "USD", "3.000000"]
    assert table(admin, "quota-hits")[1][1] == "1"
    assert table(admin, "refused-users")[1][:3] == ["olga", "per_hour", "1"]


def test_a_stopped_call_is_not_a_failure(admin: Client, owner: User) -> None:
    call(owner, outcome="stopped")
    assert len(table(admin, "failures-by-model")) == 1


def test_the_dashboard_can_show_a_single_model(admin: Client, owner: User) -> None:
    fill_panels(owner)
    assert table(admin, "responses", model="local")[0] == ["hour (UTC)", "local"]
    assert len(table(admin, "first-token", model="local")) == 1
    assert len(table(admin, "first-token", model="c1")) == 2
    assert page(admin, "dashboard", model="local").count("All models together.") == 3
    assert "All models together." not in page(admin, "dashboard")


def test_each_period_is_offered_and_kept_in_the_links_to_tables(admin: Client, owner: User) -> None:
    fill_panels(owner)
    text = page(admin, "dashboard", range="30d", model="c1")
    assert "Responses per day" in text
    assert "responses.csv?range=30d&amp;model=c1" in text
    assert "errornote" not in page(admin, "dashboard", **{"from": "2026-01-01", "to": "2026-01-03"})
    assert "Write dates as" in page(admin, "dashboard", **{"from": "<b>"})


def test_an_unknown_panel_is_not_found(admin: Client) -> None:
    assert admin.get(reverse("admin:dashboard_csv", args=["secrets"])).status_code == 404


def test_a_name_that_is_a_formula_is_quoted_in_csv(admin: Client) -> None:
    fill_panels(User.objects.create(username="=HYPERLINK(1)"))
    assert table(admin, "users")[1][0] == "'=HYPERLINK(1)"
    assert table(admin, "refused-users")[1][0] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markup_anywhere_is_shown_as_text(
    admin: Client, payload: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = User.objects.create(username=payload)
    call(owner, model=payload[:64])
    call(owner, model="c1", outcome="failed", error_code=payload[:32], first_token_at=None)
    quota_hits.record_refusal(owner.pk, payload[:32])
    Price.objects.create(
        model="c1", valid_from=datetime(2020, 1, 1, tzinfo=UTC), prompt_price=3, completion_price=4
    )
    spec = ModelSpec(
        base_url=f"http://h/{payload}", model=payload, parameters={payload: 1}, fallbacks=(payload,)
    )
    known = {**config.specs(), payload: spec}
    monkeypatch.setattr(health, "specs", lambda: known)
    shown = [
        page(admin, "dashboard"),
        page(admin, "models"),
        page(admin, "dashboard", model=payload, range=payload),
    ]
    for text in shown:
        assert payload not in text
        assert payload[:32] not in text
        assert escape(payload[:32]) in text


def test_both_reports_comply_with_the_content_security_policy(admin: Client, owner: User) -> None:
    fill_panels(owner)
    for name in REPORTS:
        text = page(admin, name)
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)
        assert not re.search(r'(?:src|href|action)="(?!/|#|\?)', text)


def test_every_chart_has_its_figures_in_a_table(admin: Client, owner: User) -> None:
    fill_panels(owner)
    text = page(admin, "dashboard")
    sections = re.findall(r'<section class="chat-panel".*?</section>', text, re.DOTALL)
    drawn = [section for section in sections if "<svg viewBox" in section]
    assert len(sections) == len(panels.PANELS)
    assert len(drawn) >= 6
    for section in drawn:
        assert "<table>" in section
        assert 'role="img" aria-label=' in section


def test_the_dashboard_costs_as_many_queries_for_many_calls_as_for_few(admin: Client, owner: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(admin, "dashboard", range="90d")
        return len(captured)

    fill_panels(owner)
    cost()
    few = cost()
    for number in range(30):
        busier = User.objects.create(username=f"user{number}")
        call(busier, model=f"model{number}")
        quota_hits.record_refusal(busier.pk, f"quota{number}")
    assert cost() == few


def test_totals_are_compared_with_the_period_before_by_whole_hours(admin: Client, owner: User) -> None:
    now = datetime.now(UTC)
    for hours, number in ((1, 3), (26, 2)):
        for _ in range(number):
            call(owner, started_at=now - timedelta(hours=hours, minutes=1))
    call(owner, started_at=now)  # its hour still lasts, and counts in the total alone
    text = " ".join(re.sub(r"<[^>]+>", " ", page(admin, "dashboard")).split())
    assert "responses 4 50 % more: 3, before 2" in text
    assert table(admin, "responses")[0][-1] == "period before"
    assert [row[-1] for row in table(admin, "responses")[1:]].count("2") == 1


def test_a_period_without_one_before_it_has_nothing_to_compare(admin: Client, owner: User) -> None:
    call(owner, started_at=datetime.now(UTC) - timedelta(hours=2))
    assert "none in the period before" in page(admin, "dashboard")
    assert table(admin, "responses")[0] == ["hour (UTC)", "c1"]
