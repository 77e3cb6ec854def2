/** One answer on the page: its text, its blocks, what became of it, and the reader that follows it. */

import { announce, Speaker } from "./announce.js";
import { blocksOf, plainText } from "./blocks.js";
import { el } from "./dom.js";
import { storedForm, withForm } from "./envelope.js";
import { patch } from "./render.js";
import { Follower } from "./stream.js";

/** Milliseconds between two drawings: a frame, so that text flows. */
const FRAME = 16;
/** A drawing may take a quarter of the time: the next one waits three times as long as the last one took. */
const REST = 3;

const RUNNING = new Set(["queued", "streaming", "sending"]);
const ENDINGS = {
  stopped: "Stopped.",
  interrupted: "The server went away during this answer. What had come is kept.",
  failed: "The answer failed.",
};
/** What to do about refusals whose own words are for programs. */
const NEXT = {
  unauthenticated: "You are no longer logged in. Reload the page to go on.",
  forbidden_origin: "This page was opened under another address than the server's own. Open it under that one.",
  not_found: "This chat is gone. Start a new one.",
  too_large: "This message is too long. Shorten it and send it again.",
};

export class Reply {
  #seen = [];
  #drawing = null;
  #took = 0;
  #speaker = new Speaker();
  #follower = null;

  /** `message`: as the server lists it; `host`: api, threadId, say(words, context), retry(reply), changed(reply), cut(), grown(). */
  constructor(message, host) {
    Object.assign(this, { id: message.id, text: message.content, status: message.status, host });
    this.offset = message.offset ?? 0;
    this.body = el("div", { class: "body" });
    this.foot = el("div", { class: "foot" });
    this.element = el("article", { class: "reply", "aria-label": "Answer" }, this.body, this.foot);
    this.#draw();
    this.#note(null);
  }

  get running() {
    return RUNNING.has(this.status);
  }

  /** Follows on from what is here; with `post` it is asked for first. */
  follow(post = null) {
    const on = {
      accepted: () => this.host.accepted?.(this),
      start: ({ status }) => this.#turn(status),
      text: (piece, offset) => this.#append(piece, offset),
      tool: (data) => this.#tool(data),
      end: (data) => this.#end(data),
      waiting: (waiting) => this.#wait(waiting),
      refused: (problem) => this.#refused(problem),
    };
    const { api } = this.host;
    this.#follower = new Follower({ api, responseId: this.id, offset: this.offset, post, on });
    void this.#follower.run();
  }

  /** Back to the moment before it was refused. */
  resume() {
    this.status = "sending";
    this.#draw();
    this.#note(null);
  }

  /** Leaves the page; the response goes on. */
  leave() {
    this.#follower?.leave();
    this.#speaker.leave();
    clearTimeout(this.#drawing);
    this.#drawing = null;
  }

  /** The message as the server has it now. */
  update(message) {
    if (this.running || (message.content === this.text && message.status === this.status)) return;
    this.text = message.content;
    this.status = message.status;
    this.offset = message.offset ?? 0;
    this.#draw();
    this.#note(null);
    if (this.running) this.follow();
  }

  #append(piece, offset) {
    this.text += piece;
    this.offset = offset;
    this.status = "streaming";
    if (this.foot.firstChild) this.#note(null);
    this.#drawing ??= setTimeout(() => this.#draw(), Math.max(FRAME, this.#took * REST));
  }

  #draw() {
    const begun = performance.now();
    clearTimeout(this.#drawing);
    this.#drawing = null;
    this.blocks = blocksOf(this.text, this.running);
    const actions = { say: this.host.say, form: storedForm(this.text), change: (form) => this.#keep(form) };
    patch(this.body, this.blocks, this.#seen, actions);
    this.element.toggleAttribute("data-empty", this.running && this.blocks.length === 0);
    this.element.setAttribute("aria-busy", String(this.running));
    if (this.running && this.#follower) this.#speaker.hear(plainText(this.blocks));
    this.host.grown();
    this.#took = performance.now() - begun;
  }

  #turn(status) {
    if (RUNNING.has(status)) this.status = status;
    this.#note(null);
    this.host.changed(this);
  }

  #tool({ name, state }) {
    const words = { started: `Using ${name} …`, failed: `${name} did not work` }[state];
    this.#note(words ?? null);
  }

  #wait(waiting) {
    this.element.toggleAttribute("data-waiting", waiting);
    this.host.waiting(waiting);
  }

  #end({ status, finishReason, error, keptOffset }) {
    this.status = status;
    this.#draw();
    this.#wait(false);
    this.#note(error, finishReason);
    this.#speaker.finish(plainText(this.blocks), ENDINGS[status] ?? "End of the answer.");
    this.host.changed(this);
    if (keptOffset !== null && keptOffset < this.offset) this.host.cut();
  }

  #refused(problem) {
    this.status = "failed";
    this.#draw();
    this.#wait(false);
    if (problem.code === "bad_offset") {
      // A process died with bytes that only this reader has seen: what is kept is shown, and followed on.
      this.host.cut();
      return;
    }
    this.#note({ code: problem.code, message: problem.message, retryable: true }, null, problem.retryAfter);
    announce(problem.message);
    this.host.changed(this, problem);
  }

  /** The line below an answer: what happened, and what to do next. */
  #note(problem, finishReason = null, retryAfter = null) {
    const words = typeof problem === "string" ? problem : this.#words(problem, finishReason, retryAfter);
    const again = this.status === "failed" || this.status === "interrupted";
    const retry = again ? el("button", { type: "button", class: "chip", onclick: () => this.host.retry(this) }, "Try again") : null;
    this.foot.replaceChildren(...[words ? el("p", { class: again ? "problem" : "note" }, words) : null, retry].filter(Boolean));
    this.host.grown();
  }

  #words(problem, finishReason, retryAfter) {
    if (this.status === "queued") return "Waiting for the answer before this one …";
    if (finishReason === "length") return "The answer reached its largest size and ends here.";
    const wait = retryAfter ? `Try again in ${retryAfter} ${retryAfter === 1 ? "second" : "seconds"}.` : "";
    if (problem) return [NEXT[problem.code] ?? problem.message ?? ENDINGS.failed, wait].filter(Boolean).join(" ");
    return ENDINGS[this.status] ?? "";
  }

  #keep(form) {
    const content = withForm(this.text, { ...storedForm(this.text), ...form });
    this.text = content;
    // A form that cannot be kept loses nothing: its values are still in it and are sent with its button.
    this.host.api.replace(this.host.threadId, this.id, content).catch(() => undefined);
  }
}
