"""The page of a response in a real browser: a replay keeps the recorded times; a running response is followed and stopped."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chat.models import Response, User
from chat.testing import Gate, ScriptedModel, answer
from tests.chromium.choice import Chromium
from tests.integration.thought_rows import write_thought
from tests.integration.trace_rows import make_recorded
from tests.live.browser import DevToolsTab, browser
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer
from tests.live.staff import staff_cookies
from tests.live.transports import SSE

pytestmark = pytest.mark.live

# Milliseconds; the accuracy that the documentation promises.
TOLERANCE = 50
# A loaded machine may halt a browser within a frame; the text must be right in every attempt.
ATTEMPTS = 3

# Collects the visible text with its time since the button shows that the replay runs, and the times of all frames: a loaded
# machine draws fewer than sixty a second.
WATCH = """new Promise((done) => {
  const part = (name) => document.querySelector(`[data-part="${name}"]`);
  const [raw, play, seen, frames] = [part("raw"), part("play"), [], []];
  let begun = null;
  const frame = () => {
    if (begun !== null) frames.push(performance.now() - begun);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new MutationObserver(() => {
    if (begun !== null) seen.push([performance.now() - begun, raw.textContent]);
  }).observe(raw, { characterData: true, childList: true, subtree: true });
  new MutationObserver(() => {
    if (play.textContent === "Pause") begun = performance.now();
    else if (begun !== null) done(JSON.stringify({ seen, frames }));
  }).observe(play, { characterData: true, childList: true, subtree: true });
  document.querySelector(`[name="chat-speed"][value="SPEED"]`).click();
  play.click();
})"""


# Collects the different pairs of thought and text from the beginning of the replay, which stands at its end before.
WATCH_THOUGHT = """new Promise((done) => {
  const part = (name) => document.querySelector(`[data-part="${name}"]`);
  const seen = [];
  const collect = () => {
    const now = [part("thought").textContent, part("raw").textContent];
    if ((seen.length || !now[1]) && `${now}` !== `${seen.at(-1)}`) seen.push(now);
    if (seen.length && now[1] === "Hello") done(JSON.stringify(seen));
    else requestAnimationFrame(collect);
  };
  collect();
  part("play").click();
})"""


@dataclass(frozen=True)
class Watched:
    """A watched replay: pairs of time and text so far, and the times of all frames; in milliseconds."""

    seen: list[tuple[float, str]]
    frames: list[float]

    def deviations(self, said: list[tuple[int, str]], speed: int) -> list[tuple[float, float]]:
        """Return for each arrival its distance from its recorded time, and from the first frame that could show it."""
        text, found = "", []
        for moment, words in said:
            before, text, due = text, text + words, moment / speed
            shown = next(at for at, visible in self.seen if len(visible) > len(before))
            frame = next((at for at in self.frames if at >= due), shown)
            found.append((abs(shown - due), shown - frame if shown >= due else due - shown))
        return found


@pytest.fixture
def tab(chromium: Chromium, tmp_path: Path) -> Iterator[DevToolsTab]:
    with browser(chromium, tmp_path) as opened:
        yield opened
        assert opened.mistakes == []


def address(server: LiveServer, response: Response) -> str:
    return f"{server.url}/admin/chat/response/{response.pk}/change/"


@pytest.mark.long
@pytest.mark.parametrize("speed", [1, 4])
def test_a_replay_shows_each_word_at_its_recorded_time(
    live: None, server: LiveServer, tab: DevToolsTab, speed: int
) -> None:
    said = [(300 + 40 * number, f"word {number} ñ🍎 ") for number in range(30)]
    said += [(2100, "after a silence "), (2400, "the end")]
    response = make_recorded(User.objects.create(username=new_id("user")), said)
    tab.open(address(server, response), staff_cookies(server))
    for _ in range(ATTEMPTS):
        watched = Watched(**json.loads(tab.run(WATCH.replace("SPEED", str(speed)))))
        assert watched.seen[-1][1] == "".join(words for _, words in said)
        from_moment, from_frame = zip(*watched.deviations(said, speed), strict=True)
        if max(from_frame) <= TOLERANCE:
            break
    assert max(from_frame) <= TOLERANCE
    assert statistics.median(from_moment) <= TOLERANCE


def test_a_replay_shows_the_thought_ahead_of_the_text_that_followed_it(
    live: None, server: LiveServer, tab: DevToolsTab
) -> None:
    response = make_recorded(User.objects.create(username=new_id("user")), [(1_600, "Hello")])
    # Far enough apart for a busy browser, which may draw two frames a second.
    write_thought(response, (0, [(100, "They "), (800, "greet")]))
    tab.open(address(server, response), staff_cookies(server))
    assert tab.run("document.querySelector('[data-part=raw]').textContent") == "Hello"
    seen = json.loads(tab.run(WATCH_THOUGHT))
    assert seen == [["", ""], ["They ", ""], ["They greet", ""], ["They greet", "Hello"]]
    assert tab.run("!document.querySelector('[data-part=thought]').parentElement.hidden")


def test_a_running_response_is_followed_and_stopped(
    model: ScriptedModel, alice: Client, server: LiveServer, tab: DevToolsTab
) -> None:
    gate, name = Gate(), new_id("r")
    model.script(answer("Hello", gate, " there", Gate()))
    reader = SSE.send(alice, response=name).until("Hello")
    row = Response.objects.get(owner__username=alice.username, public_id=name)
    tab.open(address(server, row), staff_cookies(server))
    tab.wait_for("document.querySelector('[data-part=raw]').textContent === 'Hello'")
    tab.wait_for(
        "document.querySelector('[data-part=note]').textContent.includes('readers in this process: 1')"
    )
    gate.open()
    tab.wait_for("document.querySelector('[data-part=raw]').textContent === 'Hello there'")
    tab.run("document.querySelector('.chat-stop button').click()")
    end: Any = reader.rest().end
    assert end["status"] == "stopped"
    tab.wait_for("document.body?.textContent.includes('The response is being stopped.')")
