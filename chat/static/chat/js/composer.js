/** The field for the next message. Enter sends, Shift+Enter breaks the line; drafts are stored per thread. */

import { byId, isComposing } from "./dom.js";
import { recall, remember } from "./storage.js";

export class Composer {
  #key = "draft.new";
  #sent = null;
  /** True once the reader was told that another prompt stops the running answer. */
  #warned = false;

  /** `on`: say(words), stop(). */
  constructor(on) {
    this.on = on;
    this.form = byId("composer");
    this.input = byId("prompt");
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.input.addEventListener("input", () => this.#changed());
    this.input.addEventListener("keydown", (event) => this.#pressed(event));
    this.form.addEventListener("mousedown", (event) => this.#aimed(event));
    byId("stop").addEventListener("click", () => this.#stop());
    this.#size();
  }

  /** Focus the field by a click beside the buttons, too: the whole box is taken for the field. */
  #aimed(event) {
    if (event.target.closest("button, textarea")) return;
    event.preventDefault();
    this.input.focus();
  }

  /** Show the draft of a thread; null for a new chat. */
  switchTo(threadId) {
    this.#key = `draft.${threadId ?? "new"}`;
    this.input.value = recall(this.#key);
    this.#changed();
  }

  /** Store the draft under a new thread's id from now on; the text stays. */
  rename(threadId) {
    this.#key = `draft.${threadId}`;
    remember(this.#key, this.input.value);
  }

  /** Delete the stored draft: the server has accepted the message. */
  accepted() {
    if (this.#sent && (this.#sent !== this.#key || !this.input.value)) remember(this.#sent, "");
    this.#sent = null;
  }

  /** Restore the text for a change: the server will never accept it as it is. */
  refused() {
    if (this.#sent && !this.input.value) this.input.value = recall(this.#sent);
    this.#sent = null;
    this.#size();
  }

  running(running) {
    const stop = byId("stop");
    const focused = document.activeElement === stop;
    stop.hidden = !running;
    byId("send").hidden = running && !this.input.value.trim();
    if (focused && !running) this.input.focus();
    this.isRunning = running;
    if (!running) this.#warn(false);
  }

  focus() {
    this.input.focus();
  }

  #submit(event) {
    event.preventDefault();
    const words = this.input.value.trim();
    if (!words) return;
    if (this.isRunning && !this.#warned) {
      this.#warn(true);
      return;
    }
    this.#warn(false);
    this.#sent = this.#key;
    this.input.value = "";
    this.#size();
    this.on.say(words);
  }

  #warn(warned) {
    this.#warned = warned;
    byId("interrupts").hidden = !warned;
  }

  #changed() {
    remember(this.#key, this.input.value);
    this.#size();
  }

  #size() {
    this.input.style.blockSize = "auto";
    this.input.style.blockSize = `${this.input.scrollHeight}px`;
    byId("send").disabled = !this.input.value.trim();
    this.running(this.isRunning ?? false);
  }

  #pressed(event) {
    if (isComposing(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.form.requestSubmit();
    }
    if (event.key === "Escape" && this.isRunning) this.#stop();
  }

  #stop() {
    this.on.stop();
    this.input.focus();
  }
}
