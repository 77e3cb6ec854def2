/** Shows a response as it arrives: as in the chat, or as raw text. */

import { blocksOf } from "../blocks.js";
import { storedForm } from "../envelope.js";
import { patch } from "../render.js";
import { AnswerFrame } from "./answerFrame.js";

/** Rendering may use a quarter of the time: the next one waits three times as long as the last one took. */
const REST = 3;
/** Milliseconds between two texts for the frame, which draws them in its own time. */
const FRAME_INTERVAL = 100;

export class Screen {
  #text = "";
  #rested = 0;
  #later = null;
  #seen = [];
  #running = false;
  #frame = null;

  /**
   * `raw`: the element for the text; `stage`: the element for the rendered response, inside a scrolling one; `thought`: the
   * element for the thought, inside a hidden one; `steps`: a hidden list for requests and their ends; `address`: that of the
   * frame which renders, if the page is built.
   */
  constructor(raw, stage, thought, steps, address) {
    this.thought = thought;
    this.steps = steps;
    this.raw = raw;
    this.stage = stage;
    this.view = stage.parentElement;
    this.node = raw.appendChild(document.createTextNode(""));
    if (address) {
      this.#frame = new AnswerFrame(address, () => this.#drawHere());
      stage.append(this.#frame.element);
    }
  }

  #drawHere() {
    this.#frame = null;
    this.stage.replaceChildren();
    this.#render();
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

  /** Shows the requests to a person and their ends: [milliseconds, line]. */
  setSteps(steps) {
    if (this.steps.childElementCount === steps.length) return;
    const lines = steps.map(([at, line]) => {
      const item = document.createElement("li");
      item.textContent = `${(at / 1000).toFixed(1)} s: ${line}`;
      return item;
    });
    this.steps.replaceChildren(...lines);
    this.steps.hidden = !lines.length;
  }

  #render() {
    if (this.view.hidden) return;
    clearTimeout(this.#later);
    const begun = performance.now();
    if (begun < this.#rested) {
      this.#later = setTimeout(() => this.#render(), this.#rested - begun);
      return;
    }
    if (this.#frame) this.#frame.show(this.#text, this.#running);
    else this.#patch();
    if (this.#running) this.view.scrollTop = this.view.scrollHeight;
    const now = performance.now();
    this.#rested = now + (this.#frame ? FRAME_INTERVAL : (now - begun) * REST);
  }

  #patch() {
    const actions = { say() {}, submit() {}, change() {}, form: storedForm(this.#text) };
    patch(this.stage, blocksOf(this.#text, this.#running), this.#seen, actions);
    for (const control of this.stage.querySelectorAll("button, input, select, textarea")) control.disabled = true;
  }
}
