/** Shows a response as it arrives: as raw text, or rendered as in the chat. */

import { blocksOf } from "../blocks.js";
import { storedForm } from "../envelope.js";
import { patch } from "../render.js";

/** Rendering may use a quarter of the time: the next one waits three times as long as the last one took. */
const REST = 3;

export class Screen {
  #text = "";
  #rested = 0;
  #later = null;
  #seen = [];
  #running = false;

  /**
   * `raw`: the element for the text; `stage`: the inert element for the rendered response, inside a scrolling one; `thought`: the
   * element for the thought, inside a hidden one.
   */
  constructor(raw, stage, thought) {
    this.thought = thought;
    this.raw = raw;
    this.stage = stage;
    this.view = stage.parentElement;
    this.node = raw.appendChild(document.createTextNode(""));
  }

  set rendered(rendered) {
    this.raw.hidden = rendered;
    this.view.hidden = !rendered;
    this.#render();
  }

  /** Appends `text`; `running`: more may follow. */
  add(text, running) {
    this.#running = running;
    this.#text += text;
    this.node.appendData(text);
    this.raw.scrollTop = this.raw.scrollHeight;
    this.#render();
  }

  /** Replaces the text. */
  set(text, running) {
    this.#text = "";
    this.node.data = "";
    this.add(text, running);
  }

  /** Appends to the thought, which is shown once there is one. */
  addThought(text) {
    this.setThought(this.thought.textContent + text);
  }

  /** Replaces the thought. */
  setThought(text) {
    this.thought.textContent = text;
    this.thought.parentElement.hidden = !text;
    this.thought.scrollTop = this.thought.scrollHeight;
  }

  #render() {
    if (this.view.hidden) return;
    clearTimeout(this.#later);
    const begun = performance.now();
    if (begun < this.#rested) {
      this.#later = setTimeout(() => this.#render(), this.#rested - begun);
      return;
    }
    const actions = { say() {}, submit() {}, change() {}, form: storedForm(this.#text) };
    patch(this.stage, blocksOf(this.#text, this.#running), this.#seen, actions);
    if (this.#running) this.view.scrollTop = this.view.scrollHeight;
    const now = performance.now();
    this.#rested = now + (now - begun) * REST;
  }
}
