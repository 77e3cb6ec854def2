"""Figures of the built page in a Chromium: its load, its frames while an answer comes, and a long chat."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, CDPSession, sync_playwright

from chat.models import Message, Thread, User
from chat.testing import ScriptedModel, answer
from chat.testing.script import PacedSteps, Text
from chatproject.dev.bootstrap import ROOT
from chatproject.dev.frontend import page, page_build
from tests.benchmarks import processes
from tests.benchmarks.contestants import Ours
from tests.benchmarks.rounds import started
from tests.benchmarks.script import LoadScript
from tests.chromium import fixture
from tests.page.tab import ENDED, Tab

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
# One answer: so many deltas of a token's size, at the pace of a fast model.
DELTAS, DELTA_CHARACTERS, DELTA_SECONDS = 4_000, 5, 0.01
# A frame that takes longer is seen as a stutter: two of a 60 Hz screen.
SLOW_FRAME_MS = 34
MESSAGES = 300
# How many times slower than this machine a phone is taken to be.
PHONE_THROTTLE = 4

PARAGRAPH = (
    "Here is a paragraph of the answer with a **bold** word, a [link](https://example.org) and `code`, "
    "as models write them: some sentences that say one thing each, and then the next one.\n\n"
)
PROSE = f"## A heading\n\n{PARAGRAPH}- one point\n- another point\n\n```python\nprint('a line of code')\n```\n\n{PARAGRAPH}"

WATCH_SHIFTS = """() => new Promise((done) => {
  const watcher = new PerformanceObserver(() => undefined);
  watcher.observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => done(watcher.takeRecords().reduce((sum, { value }) => sum + value, 0)));
})"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
LOADED_BYTES = """() => performance.getEntries().filter(({ entryType }) => /^(navigation|resource)$/.test(entryType))
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""
# Of the scripts and styles that the page itself names: those that it loads later are linked from it too by then.
SHELL_BYTES = """async () => {
  const html = await (await fetch(location.href)).text();
  const names = performance.getEntriesByType("resource").filter(({ name }) => html.includes(new URL(name).pathname));
  return names.filter(({ name }) => /\\.(js|css)$/.test(name)).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
}"""
COUNT_FRAMES = """(slowest) => {
  window.frames34 = [0, 0];
  let last = performance.now();
  const frame = (now) => {
    window.frames34[0] += 1;
    if (now - last > slowest) window.frames34[1] += 1;
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
# Milliseconds until the messages in view stand as they stay, until the words of all are there, and until all are drawn.
OPEN_WHOLE = """async (count) => {
  const began = performance.now();
  // An answer whose drawing is still to be loaded stands there without words.
  const shown = () => [...document.querySelectorAll("#messages > article")].filter((one) => one.textContent).length;
  const isInView = (one) => one.getBoundingClientRect().bottom > 0 && one.getBoundingClientRect().top < innerHeight;
  // Drawn whole, with the colours of its code: of the newest ones, which are more than fill the view.
  const stays = (one) => !one.matches("[data-sketch]") && one.querySelector(".document")
    && [...one.querySelectorAll(".code code")].every((code) => code.querySelector("[class^=hljs]"));
  const viewed = () => {
    const replies = [...document.querySelectorAll("#messages > .reply")].slice(-8).filter(isInView);
    return replies.length > 0 && replies.every(stays);
  };
  const sketched = () => document.querySelector("#messages > [data-sketch]") !== null;
  const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  document.querySelector("#threads li a").click();
  const times = [];
  const take = (place, done) => { if (times[place] === undefined && done) times[place] = performance.now() - began; };
  while (times[0] === undefined || times[1] === undefined || sketched()) {
    document.querySelector("#earlier")?.click();
    await drawn();
    take(0, viewed());
    take(1, shown() >= count);
  }
  await drawn();
  return [...times, performance.now() - began];
}"""


@dataclass(frozen=True, slots=True)
class PageFigure:
    """A figure with its unit, and the bar that it must not exceed; None where there is none."""

    name: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def line(self) -> str:
        bar = "" if self.bar is None else f"  at most {self.bar:g}"
        over = "  over the bar" if self.bar is not None and self.value > self.bar else ""
        return f"{self.name:62} {self.value:10.3f} {self.unit:4}{bar}{over}"


def lines(found: list[PageFigure]) -> list[str]:
    """Return the table; empty where the page was not measured."""
    return ["", *(one.line for one in found)] if found else []


def measure(ours: Ours, rounds: int) -> list[PageFigure]:
    """Return the figures of the page, each the median of `rounds` runs; those of frames are of one run."""
    data_folder = Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data")
    build = page.folder_of(data_folder)
    page_build.ensure(build)
    user = User.objects.create_user("reader")
    _store_chat(user)
    session = _session_of(user)  # before the browser, whose driver keeps an event loop in this thread
    with ScriptedModel() as model:
        model.default(answer(PacedSteps([Text(piece) for piece in _deltas()], DELTA_SECONDS)))
        server = ours.twin(CHAT_PAGE_BUILD=str(build), C1_BASE_URL=model.base_url)
        with started(server, LoadScript(1)), _browser(data_folder / "browser") as browser:
            visitor = Visitor(browser, f"http://127.0.0.1:{server.port}", session)
            return [*visitor.load(rounds), *visitor.long_chat(rounds), *visitor.frames()]


class Visitor:
    """A logged-in user with a browser."""

    def __init__(self, browser: Browser, url: str, session: str) -> None:
        self._browser = browser
        self._url = url
        self._session = session

    def load(self, rounds: int) -> Iterator[PageFigure]:
        """Yield the figures of a first load, with an empty cache."""
        runs = list[list[float]]()
        for _ in range(rounds):
            with self._tab() as tab:
                tab.page.wait_for_load_state("networkidle")
                scripts = (PAINTED, WATCH_SHIFTS, SHELL_BYTES, LOADED_BYTES)
                runs.append([float(tab.page.evaluate(script)) for script in scripts])
        paint, shift, shell, total = (median(values) for values in zip(*runs, strict=True))
        yield PageFigure("first contentful paint, nothing cached", paint, "ms")
        yield PageFigure("layout shift at load", shift, "", 0.02)
        yield PageFigure(
            "shell: scripts and styles that the first paint needs, compressed", shell / 1e3, "KB", 120
        )
        yield PageFigure("all of a new chat's page, the renderer too, compressed", total / 1e3, "KB")

    def long_chat(self, rounds: int) -> Iterator[PageFigure]:
        """Yield the times from the click on a chat until the view stays as it is, all words are there, and all is drawn."""
        runs = list[list[float]]()
        for _ in range(rounds):
            with self._tab() as tab:
                tab.page.wait_for_load_state("networkidle")
                runs.append(tab.page.evaluate(OPEN_WHOLE, MESSAGES))
        view, there, whole = (median(values) / 1e3 for values in zip(*runs, strict=True))
        yield PageFigure(f"a chat of {MESSAGES} messages: its view drawn, code in colours", view, "s", 0.5)
        yield PageFigure(f"the words of all {MESSAGES} there", there, "s", 0.5)
        yield PageFigure("the same, the oldest drawn too", whole, "s")

    def frames(self) -> Iterator[PageFigure]:
        """Yield the share of slow frames while an answer comes, beyond that of the same page without one."""
        for name, throttle, bar in (
            ("desktop", 1, 1.0),
            (f"CPU {PHONE_THROTTLE} × slower", PHONE_THROTTLE, 3.0),
        ):
            with self._tab() as tab:
                tab.page.wait_for_load_state("networkidle")
                _throttle(tab.page.context.new_cdp_session(tab.page), throttle)
                tab.page.evaluate(COUNT_FRAMES, SLOW_FRAME_MS)
                time.sleep(DELTAS * DELTA_SECONDS)
                idle = _take_share(tab)
                tab.say("Tell me")
                tab.page.wait_for_selector(ENDED, timeout=DELTAS * DELTA_SECONDS * 4e3)
                busy = _take_share(tab)
            yield PageFigure(f"frames over {SLOW_FRAME_MS} ms, {name}, no answer", idle, "%")
            yield PageFigure(
                f"frames over {SLOW_FRAME_MS} ms, {name}, {DELTAS:,} deltas: more", busy - idle, "%", bar
            )

    @contextmanager
    def _tab(self) -> Iterator[Tab]:
        viewport: Any = {"width": 1280, "height": 900}
        context = self._browser.new_context(base_url=self._url, viewport=viewport, service_workers="block")
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": self._session, "url": self._url}]
        )
        tab = Tab(context.new_page())
        tab.open()
        yield tab
        tab.close()


def _take_share(tab: Tab) -> float:
    """Return the percentage of slow frames since the last call."""
    frames, slow = tab.page.evaluate("() => window.frames34.splice(0, 2, 0, 0)")
    return float(100 * slow / max(frames, 1))


def _throttle(session: CDPSession, rate: int) -> None:
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})


def _deltas() -> list[str]:
    text = PROSE * (DELTAS * DELTA_CHARACTERS // len(PROSE) + 1)
    starts = range(0, DELTAS * DELTA_CHARACTERS, DELTA_CHARACTERS)
    return [text[start : start + DELTA_CHARACTERS] for start in starts]


@contextmanager
def _browser(folder: Path) -> Iterator[Browser]:
    """Start the browser that the tests use, on all cores: the benchmark itself runs on one."""
    chromium = fixture.find(folder, "")
    processes.pin([os.getpid()], *range(len(processes.CORES)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path, env={**chromium.environ}, args=FLAGS
        )
        yield browser
        browser.close()


def _session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _store_chat(owner: User) -> None:
    thread = Thread.objects.create(owner=owner, public_id="long-chat", model="c1", title="A long chat")
    parent = None
    for number in range(MESSAGES):
        role, text = (
            ("user", f"Question {number}?"),
            ("assistant", PROSE.replace("answer", f"answer {number}")),
        )[number % 2]
        parent = Message.objects.create(
            owner=owner, thread=thread, public_id=f"m{number}", parent=parent, turn=number // 2, position=number % 2,
            role=role, content=text, plain_text=text,
        )  # fmt: skip
    thread.leaf = parent
    thread.save()
