"""Load times of the admin's pages on a data set, to the last byte: of the first request and of later ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlencode

import httpx2
from django.db.models import Max

from chat.models import Message, Response, Thread, User
from tests.benchmarks.contestants import Ours
from tests.live.cookies import cookie

# Time limit of a page; a longer one is a fault.
SECONDS = 60.0
# Milliseconds that no page may exceed.
BAR_MS = 500.0

_LISTS = {
    "threads": ("thread", {}),
    "threads, failed": ("thread", {"state": "failed"}),
    "threads, interrupted": ("thread", {"state": "interrupted"}),
    "threads, with errors": ("thread", {"errors": "yes"}),
    "threads, without hidden": ("thread", {"hidden": "no"}),
    "threads, flagged": ("thread", {"flagged": "yes"}),
    "threads, no response": ("thread", {"state": "none"}),
    "threads, a common word": ("thread", {"q": "sales"}),
    "threads, a rare word": ("thread", {"q": "case123"}),
    "threads, a rare one among common ones": ("thread", {"q": "sales report case12"}),
    "messages": ("message", {}),
    "messages, hidden": ("message", {"hidden__exact": "1"}),
    "messages, a common word": ("message", {"q": "sales"}),
    "messages, a rare word": ("message", {"q": "case123"}),
    "responses": ("response", {}),
    "responses, interrupted": ("response", {"status__exact": "interrupted"}),
    "responses, by user": ("response", {"q": "person-00002"}),
    "calls of models": ("upstreamcall", {}),
    "calls of models, by error": ("upstreamcall", {"error_code": "model_timeout"}),
    "users": ("user", {}),
}


@dataclass(frozen=True, slots=True)
class PageTime:
    """Milliseconds: the first request, and the median of later ones."""

    name: str
    first: float
    again: float

    @property
    def line(self) -> str:
        over = "  over the bar" if max(self.first, self.again) > BAR_MS else ""
        return f"{self.name:40} {self.first:8.0f} {self.again:8.0f}{over}"


def measure(server: Ours, rounds: int) -> list[PageTime]:
    """Return the load times of each page: the first, and of `rounds` more. Raise httpx2.HTTPError where a page fails."""
    password = "of-this-run-alone"
    User.objects.create_superuser("operator", password=password)
    with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}/admin/", timeout=SECONDS) as browser:
        form = {"login": "operator", "password": password}
        login = f"http://127.0.0.1:{server.port}/login/"
        form["csrfmiddlewaretoken"] = cookie(browser.get(login).cookies, "csrf")
        browser.post(login, data=form)
        return [_timed(browser, name, path, rounds) for name, path in _pages()]


def lines(found: list[PageTime]) -> list[str]:
    """Return the table; empty where no page was measured."""
    if not found:
        return []
    return ["", f"{'admin page':40} {'first':>8} {'again':>8}  ms", *(one.line for one in found)]


def _pages() -> Iterator[tuple[str, str]]:
    yield from ((f"dashboard, {name}", f"dashboard/?range={name}") for name in ("24h", "7d", "30d", "90d"))
    for name, (kind, query) in _LISTS.items():
        yield name, f"chat/{kind}/" + (f"?{urlencode(query)}" if query else "")
    month = Thread.objects.aggregate(last=Max("updated_at"))["last"]
    dates = urlencode({"updated_at__year": month.year, "updated_at__month": month.month})
    yield "threads, of a month", f"chat/thread/?{dates}"
    longest = Thread.objects.order_by("-turns", "pk").values_list("pk", flat=True)[0]
    yield "transcript, the longest thread", f"chat/thread/{longest}/change/"
    yield "messages, the longest thread", f"chat/message/?thread__id__exact={longest}"
    newest = Response.objects.order_by("-pk").values_list("pk", flat=True)[0]
    yield "a response", f"chat/response/{newest}/change/"
    yield (
        "a message",
        f"chat/message/{Message.objects.order_by('-pk').values_list('pk', flat=True)[0]}/change/",
    )
    yield "models and tools", "models/"


def _timed(browser: httpx2.Client, name: str, path: str, rounds: int) -> PageTime:
    times = [_milliseconds(browser, path) for _ in range(rounds + 1)]
    return PageTime(name, times[0], median(times[1:]))


def _milliseconds(browser: httpx2.Client, path: str) -> float:
    began = time.perf_counter()
    browser.get(path).raise_for_status()
    return (time.perf_counter() - began) * 1e3
