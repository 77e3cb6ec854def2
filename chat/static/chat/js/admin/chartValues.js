/** The values of a chart: shown beside the pointer, and by arrow keys on a focused chart. */

import { gettext } from "../translation.js";

/** Pixels between the pointer and the box with the values. */
const DISTANCE = 12;

export class ChartValues {
  #box = document.createElement("div");
  #chosen = null;

  /** `root` contains the charts. */
  constructor(root) {
    this.#box.className = "chat-tip";
    this.#box.setAttribute("role", "status");
    this.#box.hidden = true;
    root.append(this.#box);
    this.prepare(root);
    root.addEventListener("pointermove", (event) => this.#point(event));
    root.addEventListener("pointerleave", () => this.#hide());
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("focusout", () => this.#hide());
  }

  /** Makes new charts focusable, and keeps the browser from showing a second box. */
  prepare(root) {
    for (const chart of root.querySelectorAll(".chat-chart > svg")) {
      chart.tabIndex = 0;
      chart.setAttribute("aria-description", gettext("Arrow keys read its values"));
    }
    for (const title of root.querySelectorAll(".chat-slot > title")) {
      title.parentElement.dataset.values = title.textContent;
      title.remove();
    }
  }

  #point(event) {
    const slot = event.target.closest?.(".chat-slot");
    if (slot) this.#show(slot, event.clientX, event.clientY);
    else if (!this.#chosen?.parentElement?.matches(":focus")) this.#hide();
  }

  #key(event) {
    const slots = [...(event.target.closest?.(".chat-chart > svg")?.querySelectorAll(".chat-slot") ?? [])];
    if (!slots.length) return;
    if (event.key === "Escape") return void this.#hide();
    const now = slots.indexOf(this.#chosen);
    const next = { ArrowRight: now + 1, ArrowLeft: now < 0 ? slots.length - 1 : now - 1, Home: 0, End: slots.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const slot = slots[Math.min(Math.max(next, 0), slots.length - 1)];
    const { left, right, top } = slot.getBoundingClientRect();
    this.#show(slot, (left + right) / 2, top);
  }

  #show(slot, x, y) {
    if (slot !== this.#chosen) {
      this.#chosen?.classList.remove("chat-chosen");
      slot.classList.add("chat-chosen");
      this.#chosen = slot;
      const [label, ...values] = slot.dataset.values.split("; ");
      const lines = [label, ...values].map((text, index) => Object.assign(document.createElement(index ? "div" : "strong"), { textContent: text }));
      this.#box.replaceChildren(...lines);
      this.#box.hidden = false;
    }
    const { width, height } = this.#box.getBoundingClientRect();
    const left = x + DISTANCE + width > innerWidth ? x - DISTANCE - width : x + DISTANCE;
    this.#box.style.left = `${Math.max(0, left)}px`;
    this.#box.style.top = `${Math.max(0, Math.min(y - height / 2, innerHeight - height))}px`;
  }

  #hide() {
    this.#chosen?.classList.remove("chat-chosen");
    this.#chosen = null;
    this.#box.hidden = true;
  }
}
