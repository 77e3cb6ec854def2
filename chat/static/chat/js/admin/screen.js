/** Where an answer is shown as it comes: as the text that readers got, or as the page that the text makes. */

import { blocksOf } from "../blocks.js";
import { storedForm } from "../envelope.js";
import { patch } from "../render.js";

/** A drawing may take a quarter of the time: the next one waits three times as long as the last one took. */
const REST = 3;

export class Screen {
  #text = "";
  #rested = 0;
  #later = null;
  #seen = [];
  #running = false;

  /** `raw`: the element for the text; `stage`: the element for what it makes, which nobody can click, in one that scrolls. */
  constructor(raw, stage) {
    this.raw = raw;
    this.stage = stage;
    this.view = stage.parentElement;
    this.node = raw.appendChild(document.createTextNode(""));
  }

  set drawn(drawn) {
    this.raw.hidden = drawn;
    this.view.hidden = !drawn;
    this.#draw();
  }

  /** Puts `text` behind what is there; `running`: more may come. */
  add(text, running) {
    this.#running = running;
    this.#text += text;
    this.node.appendData(text);
    this.raw.scrollTop = this.raw.scrollHeight;
    this.#draw();
  }

  /** Shows just this text. */
  set(text, running) {
    this.#text = "";
    this.node.data = "";
    this.add(text, running);
  }

  #draw() {
    if (this.view.hidden) return;
    clearTimeout(this.#later);
    const begun = performance.now();
    if (begun < this.#rested) {
      this.#later = setTimeout(() => this.#draw(), this.#rested - begun);
      return;
    }
    const actions = { say() {}, submit() {}, change() {}, form: storedForm(this.#text) };
    patch(this.stage, blocksOf(this.#text, this.#running), this.#seen, actions);
    if (this.#running) this.view.scrollTop = this.view.scrollHeight;
    const now = performance.now();
    this.#rested = now + (now - begun) * REST;
  }
}
