/** A reply drawn by the built page's renderer, in a sandboxed frame: it has neither this page's cookies nor its document. */

import { gettext } from "../translation.js";

/** Milliseconds for the frame to load its script, on a slow line. */
const DEADLINE = 15_000;

export class AnswerFrame {
  #ready = false;
  #last = null;

  /** `address`: that of the frame. Calls `failed()` if it does not load in time. */
  constructor(address, failed) {
    this.element = document.createElement("iframe");
    Object.assign(this.element, { className: "chat-drawn-frame", title: gettext("Answer as in the chat"), src: address });
    this.element.setAttribute("sandbox", "allow-scripts");
    addEventListener("message", ({ source, data }) => {
      if (source === this.element.contentWindow) this.#hear(data);
    });
    new MutationObserver(() => this.#send()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    setTimeout(() => this.#ready || failed(), DEADLINE);
  }

  /** Shows `text`; `running`: more may follow. */
  show(text, running) {
    this.#last = { text, running };
    this.#send();
  }

  #hear({ ready, height }) {
    if (ready) {
      this.#ready = true;
      this.#send();
    }
    if (Number.isFinite(height)) this.element.style.blockSize = `${height}px`;
  }

  #send() {
    if (!this.#ready || !this.#last) return;
    this.element.contentWindow?.postMessage({ ...this.#last, theme: document.documentElement.dataset.theme ?? "" }, "*");
  }
}
