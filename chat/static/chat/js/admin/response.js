/** The page of a response in the admin: replays its answer, or follows it while it runs. */

import { Player } from "./player.js";
import { Recording } from "./recording.js";
import { Screen } from "./screen.js";

/** Milliseconds between two looks at the log of an answer that runs: a little more than it is behind anyway. */
const LOOK = 500;

const room = document.querySelector("[data-chat-log]");
if (room) open(room);

function open(room) {
  const part = (name) => room.querySelector(`[data-part="${name}"]`);
  const recording = new Recording(room.dataset.chatLog);
  const screen = new Screen(part("raw"), part("stage"));
  const controls = { play: part("play"), seek: part("seek"), clock: part("clock"), note: part("note") };
  const player = new Player(recording, screen, () => show(player, controls));
  part("speeds").addEventListener("change", (event) => {
    player.speed = Number(event.target.value);
  });
  part("drawn").addEventListener("change", (event) => {
    screen.drawn = event.target.checked;
  });
  controls.play.addEventListener("click", () => (player.playing ? player.pause() : void begin(player, controls)));
  controls.seek.addEventListener("input", () => player.seek(Number(controls.seek.value)));
  part("tools").hidden = false;
  if (room.dataset.chatRuns === "yes") void follow(room, recording, screen, controls);
}

async function begin(player, controls) {
  try {
    if (!player.recording.ended) await player.recording.load();
  } catch (problem) {
    controls.note.textContent = problem.message;
    return;
  }
  controls.seek.max = player.recording.length;
  player.play();
}

function show(player, { play, seek, clock }) {
  const words = player.playing ? "Pause" : "Play";
  if (play.textContent !== words) play.textContent = words;
  seek.max = Math.max(player.recording.length, 1);
  seek.value = player.at;
  clock.textContent = `${(player.at / 1000).toFixed(1)} s of ${(player.recording.length / 1000).toFixed(1)} s`;
  seek.setAttribute("aria-valuetext", clock.textContent);
}

/** Shows what an answer that runs has said so far, and goes on until it has ended. */
async function follow(room, recording, screen, controls) {
  let shown = 0;
  controls.play.disabled = controls.seek.disabled = true;
  while (!recording.ended) {
    try {
      await recording.load();
      const news = recording.arrivals.slice(shown).map(([, text]) => text);
      shown = recording.arrivals.length;
      screen.add(news.join(""), !recording.ended);
      controls.note.textContent = `${recording.status}; readers in this process: ${recording.readers}`;
    } catch (problem) {
      controls.note.textContent = problem.message;
      if (problem.name !== "TypeError") return; // refused; a network that is away comes back
    }
    if (!recording.ended) await new Promise((wake) => setTimeout(wake, LOOK));
  }
  room.dataset.chatRuns = "no";
  controls.play.disabled = controls.seek.disabled = false;
  controls.note.textContent = `It has ended: ${recording.status}. Reload the page for its figures.`;
}
