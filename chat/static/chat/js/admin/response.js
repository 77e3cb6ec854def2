/** Script of a response's page in the admin: replays the log, or follows it while the response runs. */

import { Player } from "./player.js";
import { Recording } from "./recording.js";
import { Screen } from "./screen.js";
import { gettext } from "../translation.js";

/** Milliseconds between two requests for the log of a running response: text is stored about as often. */
const POLL_INTERVAL = 500;

const section = document.querySelector("[data-chat-log]");
if (section) open(section);

function open(section) {
  const part = (name) => section.querySelector(`[data-part="${name}"]`);
  const recording = new Recording(section.dataset.chatLog);
  const screen = new Screen(part("raw"), part("stage"), part("thought"), part("steps"), section.dataset.chatFrame);
  const controls = { play: part("play"), seek: part("seek"), clock: part("clock"), note: part("note") };
  const player = new Player(recording, screen, () => show(player, controls));
  part("speeds").addEventListener("change", (event) => {
    player.speed = Number(event.target.value);
  });
  part("as-text").addEventListener("change", (event) => {
    screen.rendered = !event.target.checked;
  });
  controls.play.addEventListener("click", () => (player.playing ? player.pause() : void begin(player, controls)));
  controls.seek.addEventListener("input", () => void seek(player, controls));
  part("tools").hidden = false;
  if (section.dataset.chatRuns === "yes") void follow(section, recording, screen, controls);
  else showEnd(screen, controls);
}

/** Shows the text that the page has anyway, until the log with its times is asked for, which is a view that is recorded. */
function showEnd(screen, { seek }) {
  const pieces = [...document.querySelectorAll("[aria-labelledby=log] .chat-section pre")].map((piece) => piece.textContent);
  if (!pieces.length) return;
  screen.set(pieces.join(""), false);
  seek.value = seek.max;
}

async function begin(player, controls) {
  if (await load(player, controls)) player.play();
}

/** Moves to the chosen share of the recording. */
async function seek(player, controls) {
  const share = controls.seek.value / controls.seek.max;
  if (await load(player, controls)) player.seek(share * player.recording.length);
}

/** Loads the recording at its first use, and goes to its beginning. Returns false if it cannot be had. */
async function load(player, controls) {
  if (player.recording.ended) return true;
  try {
    await player.recording.load();
  } catch (problem) {
    controls.note.textContent = problem.message;
    return false;
  }
  player.seek(0);
  return true;
}

function show(player, { play, seek, clock }) {
  const label = player.playing ? gettext("Pause") : gettext("Play");
  if (play.textContent !== label) play.textContent = label;
  seek.max = Math.max(player.recording.length, 1);
  seek.value = player.at;
  const [at, length] = [player.at, player.recording.length].map((time) => (time / 1000).toFixed(1));
  clock.textContent = gettext("%(at)s s of %(length)s s", { at, length });
  seek.setAttribute("aria-valuetext", clock.textContent);
}

/** Shows the log of a running response and polls it until the response has ended. */
async function follow(section, recording, screen, controls) {
  let [shown, shownThoughts] = [0, 0];
  controls.play.disabled = controls.seek.disabled = true;
  while (!recording.ended) {
    try {
      await recording.load();
      const added = recording.arrivals.slice(shown).map(([, text]) => text);
      shown = recording.arrivals.length;
      screen.add(added.join(""), !recording.ended);
      const thoughts = recording.thoughts.slice(shownThoughts).map(([, text]) => text);
      shownThoughts = recording.thoughts.length;
      if (thoughts.length) screen.addThought(thoughts.join(""));
      screen.setSteps(recording.steps);
      controls.note.textContent = gettext("%(status)s; readers in this process: %(number)s", { status: recording.status, number: recording.readers });
    } catch (problem) {
      controls.note.textContent = problem.message;
      if (problem.name !== "TypeError") return; // a refusal is final; a network failure (TypeError) is retried
    }
    if (!recording.ended) await new Promise((wake) => setTimeout(wake, POLL_INTERVAL));
  }
  section.dataset.chatRuns = "no";
  controls.play.disabled = controls.seek.disabled = false;
  controls.note.textContent = gettext("The response has ended: %(status)s. Reload the page for its figures.", { status: recording.status });
}
