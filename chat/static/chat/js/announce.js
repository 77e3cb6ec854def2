/** Announce messages and answers to screen readers. */

import { byId } from "./dom.js";

/** Lines kept in the log of an answer: some screens of text, for readers who go back in it. */
const KEPT_LINES = 60;

/** Announce one short message at once. */
export function announce(text) {
  byId("announcements").textContent = text;
}

/**
 * Announce a growing answer block by block: each one is added to a log once it is whole, for screen readers queue what is added
 * and drop what is replaced.
 */
export class Speaker {
  /** How often each line was announced. An interface may fill a gap above lines that are whole already. */
  #spoken = new Map();
  #left = false;

  /** Announce the whole lines of `text`, which is the readable text so far; the last line still grows. */
  hear(text) {
    this.#speak(linesOf(text).slice(0, -1));
  }

  /** Announce the rest of the text and the ending. */
  finish(text, ending) {
    this.#speak(linesOf(text));
    this.#add(ending);
  }

  leave() {
    this.#left = true;
  }

  #speak(lines) {
    const counts = new Map();
    for (const line of lines) {
      const count = (counts.get(line) ?? 0) + 1;
      counts.set(line, count);
      if (count <= (this.#spoken.get(line) ?? 0)) continue;
      this.#spoken.set(line, count);
      this.#add(line);
    }
  }

  #add(line) {
    if (this.#left) return;
    const log = byId("spoken");
    const element = document.createElement("p");
    element.textContent = line;
    log.append(element);
    while (log.children.length > KEPT_LINES) log.firstChild.remove();
  }
}

const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
