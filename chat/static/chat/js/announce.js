/** Announce a growing answer to screen readers in whole sentences, so that they can keep up. */

import { byId } from "./dom.js";

/** Milliseconds between two announcements: shorter pauses make common screen readers interrupt themselves. */
const PAUSE = 1500;
const SENTENCE = /[.!?…:](?=\s)|\n/g;

const region = () => byId("announcements");

/** Announce one short message at once. */
export function announce(text) {
  region().textContent = text;
}

export class Speaker {
  #announced = 0;
  #text = "";
  #timer = null;

  /** Announce the new part of `text`, which is the whole readable text so far. */
  hear(text) {
    this.#text = text;
    this.#timer ??= setTimeout(() => this.#speak(false), PAUSE);
  }

  /** Announce the rest of the text and the ending. */
  finish(text, ending) {
    clearTimeout(this.#timer);
    this.#text = text;
    this.#speak(true, ending);
  }

  leave() {
    clearTimeout(this.#timer);
  }

  #speak(all, ending = "") {
    this.#timer = null;
    const rest = this.#text.slice(this.#announced);
    const end = all ? rest.length : lastSentence(rest);
    this.#announced += end;
    const words = `${rest.slice(0, end)} ${ending}`.trim();
    if (words) announce(words);
  }
}

function lastSentence(text) {
  let end = 0;
  for (const match of text.matchAll(SENTENCE)) end = match.index + 1;
  return end;
}
