"""The trace of a response: its figures, its chart, and the permissions it needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat.admin.inspection.call_attempts import call_attempts, calls_of, total_cost
from chat.admin.inspection.throughput import throughput
from chat.admin.inspection.timeline import timeline
from chat.models import AuditLogEntry, Response, Status, User
from chat.streams.timing import Arrival, arrivals, thought_times
from tests.integration.admin_rows import page
from tests.integration.thought_rows import write_thought
from tests.integration.trace_rows import BEGAN, make_call, make_price, make_recorded, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def test_a_timeline_has_a_span_for_each_phase(owner: User) -> None:
    response = make_recorded(owner)
    found = timeline(response, calls_of(response.pk))
    spans = [(span.kind, round(span.start, 2), round(span.stop, 2)) for span in found.spans]
    assert spans == [
        ("queued", 0, 0.5),
        ("failed", 0.5, 1.0),
        ("waiting", 1.0, 1.2),
        ("writing", 1.2, 1.5),
        ("tools", 1.5, 3.0),
        ("waiting", 3.0, 3.25),
        ("writing", 3.25, 3.75),
        ("ending", 3.75, 4.0),
    ]
    assert (found.seconds, round(found.first_token or 0, 2)) == (4.0, 1.2)
    assert "tools of round 1: 1.50 s" in found.summary


def test_a_timeline_shows_the_time_before_the_first_call(owner: User) -> None:
    response = make_recorded(owner, started_at=BEGAN + timedelta(seconds=0.2))
    spans = timeline(response, calls_of(response.pk)).spans
    assert [(span.kind, round(span.start, 2), round(span.stop, 2)) for span in spans[:3]] == [
        ("queued", 0, 0.2),
        ("starting", 0.2, 0.5),
        ("failed", 0.5, 1.0),
    ]


def test_the_call_for_the_title_is_no_part_of_the_timeline(owner: User) -> None:
    response = make_recorded(owner)
    before = timeline(response, calls_of(response.pk)).spans
    make_call(response, 9, 0, 4.5, 4.6, 5.0)
    assert timeline(response, calls_of(response.pk)).spans == before
    assert [attempt.name for attempt in call_attempts(calls_of(response.pk))][1:] == [
        "Round 1, fallback 1",
        "Round 2",
        "Title",
    ]


def test_a_timeline_shows_thought_within_the_calls_that_thought(owner: User) -> None:
    response = make_recorded(owner)
    write_thought(
        response, (0, [(1050, "a"), (1150, "b"), (3050, "c"), (3200, "d")]), (5, [(1300, "e"), (1400, "f")])
    )
    found = timeline(response, calls_of(response.pk), thought_times([response.pk])[response.pk])
    spans = [(span.kind, round(span.start, 2), round(span.stop, 2)) for span in found.spans]
    assert spans[2:11] == [
        ("waiting", 1.0, 1.05),
        ("thinking", 1.05, 1.15),
        ("waiting", 1.15, 1.2),
        ("writing", 1.2, 1.3),
        ("thinking", 1.3, 1.4),
        ("writing", 1.4, 1.5),
        ("tools", 1.5, 3.0),
        ("waiting", 3.0, 3.05),
        ("thinking", 3.05, 3.2),
    ]
    assert "round 1, spare: thinking: 0.10 s" in found.summary
    assert found.first_token == timeline(response, calls_of(response.pk)).first_token


def test_clock_differences_produce_no_span_outside_the_axis(owner: User) -> None:
    response = make_recorded(owner)
    Response.objects.filter(pk=response.pk).update(created_at=BEGAN + timedelta(seconds=2))
    response.refresh_from_db()
    found = timeline(response, calls_of(response.pk))
    assert all(0 <= span.start <= span.stop <= found.seconds for span in found.spans)


def test_an_active_response_has_a_timeline_up_to_now(owner: User) -> None:
    still: dict[str, Any] = {
        "status": Status.QUEUED,
        "started_at": None,
        "finished_at": None,
        "kept_offset": None,
    }
    response = make_recorded(owner, **still)
    found = timeline(response, [])
    assert [span.kind for span in found.spans] == ["queued"]
    assert found.spans[0].stop == found.seconds


def test_throughput_has_the_first_text_the_gaps_and_the_rate(owner: User) -> None:
    response = make_recorded(owner)
    write(response, [(2000, "an ephemeral think item")], 17, think=True)
    found = throughput(arrivals(response.pk), 4.0)
    assert (found.first, found.longest, found.median) == ("1.20", "2.00", "250")
    assert [(gap.since, gap.seconds, gap.x, gap.width) for gap in found.gaps] == [
        ("1.25", "2.00", "312.50", "500.00"),
        ("3.25", "0.25", "812.50", "62.50"),
    ]
    assert (found.size, found.arrivals) == (17, 4)
    assert sum(stretch.size for stretch in found.intervals) == 17
    assert found.intervals[6].rate == 55  # 11 bytes from 1.2 s to 1.4 s


def test_the_throughput_of_an_empty_log_is_empty() -> None:
    found = throughput([], 1.0)
    assert (found.path, found.first, found.longest, found.gaps) == ("", None, None, [])
    assert (
        throughput([Arrival(5000, 1, False)], 1.0).size == 1
    )  # after the end, because of a clock difference


def test_bytes_without_timings_belong_to_the_last_known_time(owner: User) -> None:
    response = make_recorded(owner)
    response.chunks.update(timings=b"")
    assert arrivals(response.pk) == [Arrival(0, 17, False)]


def test_each_call_is_priced_at_its_start(owner: User) -> None:
    response = make_recorded(owner)
    make_price("c1", "2", "4")
    make_price("c1", "20", "40", BEGAN + timedelta(seconds=2))
    calls = calls_of(response.pk)
    costs = [attempt.cost for attempt in call_attempts(calls)]
    assert costs == ["0.004000 USD", None, "0.040000 USD"]
    assert total_cost(calls) == "0.044000 USD"


def test_the_page_shows_calls_with_times_tokens_and_causes_of_failures(admin: Client, owner: User) -> None:
    response = make_recorded(owner)
    causes = [{"kind": "chat.exceptions.Unavailable", "text": "Overloaded."}, {"kind": "OSError", "text": ""}]
    calls_of(response.pk)[0].delete()
    failed = {"outcome": "failed", "error_code": "unavailable", "causes": causes}
    make_call(response, 0, 0, 0.5, None, 1.0, parameters={"temperature": 0.1}, **failed)
    text = " ".join(re.sub(r"<[^>]+>", " ", page(admin, "chat_response_change", response.pk)).split())
    assert "Round 1 c1 failed" in text
    assert "chat.exceptions.Unavailable Overloaded. OSError" in text
    assert "Round 1, fallback 1 spare done" in text
    assert "1,000 + 500 (provider)" in text
    assert "temperature" in text
    assert "round 2, c1: writing 3.25 0.50" in text


def test_numbers_in_a_chart_are_not_localised(admin: Client, owner: User) -> None:
    response = make_recorded(owner)
    address = reverse("admin:chat_response_change", args=[response.pk])
    text = admin.get(address, headers={"Accept-Language": "de"}).content.decode()
    assert 'lang="de"' in text
    shapes = " ".join(re.findall(r"<(?:rect|line) [^>]*>", text))
    numbers = re.findall(r' (?:x|y|x1|x2|width|height)="([^"]*)"', shapes)
    assert len(numbers) > 30
    assert [number for number in numbers if not re.fullmatch(r"[0-9.]+", number)] == []
    assert re.search(r' d="M0 100[VH0-9.]+Z"', text)


def test_figures_are_shown_without_the_permission_to_read_but_content_is_not(
    staff: Callable[..., Client], owner: User
) -> None:
    response = make_recorded(owner)
    text = page(staff("view_response"), "chat_response_change", response.pk)
    assert "Phases" in text
    assert "Hello" not in text
    assert "data-chat-log" not in text
    assert not AuditLogEntry.objects.exists()


def test_a_page_costs_as_many_queries_for_many_calls_and_chunks_as_for_few(
    admin: Client, owner: User
) -> None:
    response = make_recorded(owner)
    address = reverse("admin:chat_response_change", args=[response.pk])
    admin.get(address)
    with CaptureQueriesContext(connection) as few:
        admin.get(address)
    end = 17
    for number in range(2, 20):
        make_call(response, number, 0, 3.0, 3.1, 3.2, model=f"model{number}")
        make_price(f"model{number}", "1", "1")
        end = write(response, [(3600, "more"), (3700, "and more")], end)
    with CaptureQueriesContext(connection) as many:
        admin.get(address)
    assert len(many) == len(few)
