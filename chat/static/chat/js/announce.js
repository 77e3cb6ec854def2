/** Says an answer aloud as it comes: whole sentences, never tokens, so a screen reader can keep up. */

import { byId } from "./dom.js";

/** Time between two announcements, milliseconds: shorter ones interrupt each other in common screen readers. */
const PAUSE = 1500;
const SENTENCE = /[.!?…:](?=\s)|\n/g;

const region = () => byId("announcements");

/** One short message, at once. */
export function announce(text) {
  region().textContent = text;
}

export class Speaker {
  #said = 0;
  #text = "";
  #timer = null;

  /** `text` is all that is readable so far; what was said already is not said again. */
  hear(text) {
    this.#text = text;
    this.#timer ??= setTimeout(() => this.#speak(false), PAUSE);
  }

  /** The last words, and how it ended. */
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
    const rest = this.#text.slice(this.#said);
    const end = all ? rest.length : lastSentence(rest);
    this.#said += end;
    const words = `${rest.slice(0, end)} ${ending}`.trim();
    if (words) announce(words);
  }
}

function lastSentence(text) {
  let end = 0;
  for (const found of text.matchAll(SENTENCE)) end = found.index + 1;
  return end;
}
