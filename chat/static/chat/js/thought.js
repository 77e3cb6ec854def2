/** The folded thought above an answer. It is drawn when it is opened, since it may be long. */

import { el } from "./dom.js";
import { patch } from "./render.js";
import { durationOf, thoughtBlocks } from "./thinking.js";
import { gettext } from "./translation.js";

/** Milliseconds between two updates of the running time, which is shown in seconds. */
const TICK = 1000;
/** Blocks drawn at once when a long thought is opened; the others follow, so that the page stays responsive. */
const BLOCKS_AT_ONCE = 8;

/** Draw a part of a long thought, and the rest after pauses. Return a function that ends the drawing. */
export function drawThought(container, seen, text) {
  const blocks = thoughtBlocks(text);
  let timer;
  const draw = () => {
    const shown = Math.min(blocks.length, Math.max(seen.length, 1) + BLOCKS_AT_ONCE);
    patch(container, blocks.slice(0, shown), seen, {});
    if (shown < blocks.length) timer = setTimeout(draw);
  };
  draw();
  return () => clearTimeout(timer);
}

export class Thought {
  #seen = [];
  #timer;
  #stopDrawing = () => undefined;

  constructor() {
    this.summary = el("summary");
    this.tail = el("p", { class: "thought-tail", dir: "auto", "aria-hidden": "true" });
    this.text = el("div", { class: "thought-text", dir: "auto", tabindex: "0", role: "group", "aria-label": gettext("Thought") });
    this.details = el("details", { ontoggle: () => this.#draw() }, this.summary, this.text);
    this.element = el("div", { class: "thought", hidden: true }, this.details, this.tail);
  }

  /** Show the state of a thought; while the model thinks, its time goes on by itself. */
  show(thinking) {
    clearInterval(this.#timer);
    this.thinking = thinking;
    this.element.hidden = !thinking.text;
    if (thinking.active) this.#timer = setInterval(() => this.#label(), TICK);
    this.#label();
    this.#draw();
  }

  leave() {
    clearInterval(this.#timer);
    this.#stopDrawing();
  }

  #label() {
    const { active, seconds } = this.thinking;
    const time = seconds === null ? "" : durationOf(seconds);
    this.summary.textContent = active ? gettext("Thinking … %(time)s", { time }) : time ? gettext("Thought for %(time)s", { time }) : gettext("Thought");
  }

  #draw() {
    const { open } = this.details;
    this.element.toggleAttribute("data-open", open);
    this.tail.hidden = open || !this.thinking.active;
    if (!this.tail.hidden) this.tail.textContent = this.thinking.tail;
    this.#stopDrawing();
    if (!open) return;
    const atEnd = isAtEnd(this.text);
    this.#stopDrawing = drawThought(this.text, this.#seen, this.thinking.text);
    if (this.thinking.active && atEnd) this.text.scrollTop = this.text.scrollHeight;
  }
}

/** Pixels from the end that still count as the end: a line. */
const NEAR = 24;

export const isAtEnd = ({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < NEAR;
