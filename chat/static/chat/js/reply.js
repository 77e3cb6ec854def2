/** One answer on the page: its text, its blocks, its status, and the reader that follows its stream. */

import { announce, Speaker } from "./announce.js";
import { blocksOf, plainText } from "./blocks.js";
import { el } from "./dom.js";
import { storedForm, withForm } from "./envelope.js";
import { patch } from "./render.js";
import { Follower } from "./stream.js";
import { thinkingOf, toolsAfter } from "./thinking.js";
import { Thought } from "./thought.js";

/** Milliseconds between two drawings: one frame at 60 Hz, so that text flows. */
const FRAME_MS = 16;
/** Pause after a drawing, as a multiple of its duration: drawing then takes a quarter of the time at most. */
const DRAW_BACKOFF_FACTOR = 3;

const RUNNING = new Set(["queued", "streaming", "sending"]);
const ENDINGS = {
  stopped: "Stopped.",
  interrupted: "The server went away during this answer. The text received until then is kept.",
  failed: "The answer failed.",
};
const USES = {
  started: (tool) => `Using ${tool} …`,
  done: (tool) => `Used ${tool}`,
  failed: (tool) => `${tool} did not work`,
};
/** Advice for refusals whose own text is written for programmers. */
const NEXT = {
  unauthenticated: "You are no longer logged in. Reload the page to go on.",
  forbidden_origin: "This page was opened under an address that the server does not accept. Open it under the server's own address.",
  not_found: "This chat no longer exists. Start a new one.",
  too_large: "This message is too large. Shorten it and send it again.",
};

export class Reply {
  #seen = [];
  #drawTimer = null;
  #drawDuration = 0;
  #speaker = new Speaker();
  #follower = null;

  /** `message`: as the server lists it; `host`: api, threadId, say(words, context), retry(reply), changed(reply), cut(), grown(). */
  constructor(message, host) {
    Object.assign(this, { id: message.id, text: message.content, status: message.status, host });
    this.offset = message.offset ?? 0;
    this.thinking = thinkingOf(message);
    this.tools = message.tools ?? [];
    this.thought = new Thought();
    this.uses = el("ul", { class: "tool-uses", "aria-label": "Tools" });
    this.body = el("div", { class: "body" });
    this.foot = el("div", { class: "foot" });
    this.element = el("article", { class: "reply", "aria-label": "Answer" }, this.thought.element, this.uses, this.body, this.foot);
    this.#draw();
    this.#note(null);
  }

  get running() {
    return RUNNING.has(this.status);
  }

  /** Follow the stream from the current offset; with `post` send the request first. */
  follow(post = null) {
    const on = {
      accepted: () => this.host.accepted?.(this),
      start: ({ status }) => this.#setStatus(status),
      text: (piece, offset) => this.#append(piece, offset),
      thought: (piece, offset) => this.#think(piece, offset),
      tool: (data) => this.#tool(data),
      end: (data) => this.#end(data),
      waiting: (waiting) => this.#setWaiting(waiting),
      refused: (problem) => this.#refused(problem),
    };
    const cursors = { offset: this.offset, thinkingOffset: this.thinking.offset };
    this.#follower = new Follower({ api: this.host.api, responseId: this.id, ...cursors, post, on });
    void this.#follower.run();
  }

  /** Reset a refused answer before it is sent again. */
  resume() {
    this.status = "sending";
    this.#draw();
    this.#note(null);
  }

  /** Stop following; the response itself goes on at the server. */
  leave() {
    this.#follower?.leave();
    this.#speaker.leave();
    this.thought.leave();
    clearTimeout(this.#drawTimer);
    this.#drawTimer = null;
  }

  /** Take over the message as the server lists it. */
  update(message) {
    if (this.running) return;
    const same = message.content === this.text && message.status === this.status;
    this.thinking = thinkingOf(message);
    this.tools = message.tools ?? [];
    this.#showWork();
    if (same) return;
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
    this.#goOn();
    this.thinking.pause();
    if (this.foot.firstChild) this.#note(null);
  }

  #think(piece, offset) {
    if (!this.thinking.text) announce("Thinking …");
    this.thinking.append(piece, offset);
    this.#goOn();
  }

  #goOn() {
    this.status = "streaming";
    this.#drawTimer ??= setTimeout(() => this.#draw(), Math.max(FRAME_MS, this.#drawDuration * DRAW_BACKOFF_FACTOR));
  }

  #draw() {
    const begun = performance.now();
    clearTimeout(this.#drawTimer);
    this.#drawTimer = null;
    this.blocks = blocksOf(this.text, this.running);
    const actions = { say: this.host.say, form: storedForm(this.text), change: (form) => this.#saveForm(form) };
    patch(this.body, this.blocks, this.#seen, actions);
    this.#showWork();
    const atWork = this.thinking.active || this.tools.some(({ state }) => state === "started");
    this.element.toggleAttribute("data-empty", this.running && !this.blocks.length && !atWork);
    this.element.setAttribute("aria-busy", String(this.running));
    if (this.running && this.#follower) this.#speaker.hear(plainText(this.blocks));
    this.host.grown();
    this.#drawDuration = performance.now() - begun;
  }

  /** Show the thought and the tool calls. */
  #showWork() {
    this.thought.show(this.thinking);
    this.uses.hidden = !this.tools.length;
    this.uses.replaceChildren(...this.tools.map(({ name, state }) => el("li", { "data-state": state }, USES[state](name.replaceAll("_", " ")))));
  }

  #setStatus(status) {
    if (RUNNING.has(status)) this.status = status;
    this.#note(null);
    this.host.changed(this);
  }

  #tool(data) {
    this.tools = toolsAfter(this.tools, data);
    this.thinking.pause();
    this.#draw();
  }

  #setWaiting(waiting) {
    this.element.toggleAttribute("data-waiting", waiting);
    this.host.waiting(waiting);
  }

  #end({ status, finishReason, error, keptOffset }) {
    this.status = status;
    this.thinking.pause();
    this.#draw();
    this.#setWaiting(false);
    this.#note(error, finishReason);
    this.#speaker.finish(plainText(this.blocks), ENDINGS[status] ?? "End of the answer.");
    this.host.changed(this);
    if (keptOffset !== null && keptOffset < this.offset) this.host.cut();
  }

  #refused(problem) {
    this.status = "failed";
    this.thinking.pause();
    this.#draw();
    this.#setWaiting(false);
    if (problem.code === "bad_offset") {
      // A process died with bytes that it had not stored yet: show the stored text and follow on from it.
      this.host.cut();
      return;
    }
    this.#note({ code: problem.code, message: problem.message, retryable: true }, null, problem.retryAfter);
    announce(problem.message);
    this.host.changed(this, problem);
  }

  /** Show the line below an answer: its status or error, and the next step. */
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

  #saveForm(form) {
    const content = withForm(this.text, { ...storedForm(this.text), ...form });
    this.text = content;
    // A failure loses nothing: the values are still in the form and are sent with its button.
    this.host.api.replace(this.host.threadId, this.id, content).catch(() => undefined);
  }
}
