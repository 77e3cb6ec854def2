/** One answer on the page: its text, its blocks, its status, and the reader that follows its stream. */

import { ProblemError } from "../client/index.js";
import { announce, Speaker } from "./announce.js";
import { blocksOf, plainText } from "./blocks.js";
import { el } from "./dom.js";
import { storedForm, withForm } from "./envelope.js";
import { textOf } from "./problems.js";
import { patch } from "./render.js";
import { progressWords, thinkingOf, toolsAfter } from "./thinking.js";
import { Thought } from "./thought.js";
import { gettext } from "./translation.js";

/** Milliseconds between two drawings: one frame at 60 Hz, so that text flows. */
const FRAME_MS = 16;
/** Pause after a drawing, as a multiple of its duration: drawing then takes a quarter of the time at most. */
const DRAW_BACKOFF_FACTOR = 3;

const RUNNING = new Set(["queued", "streaming", "waiting", "sending"]);
const ENDINGS = {
  stopped: gettext("Stopped."),
  interrupted: gettext("The server went away during this answer. The text received until then is kept."),
  failed: gettext("The answer failed."),
};
const USES = {
  started: (tool) => gettext("Using %(tool)s …", { tool }),
  done: (tool) => gettext("Used %(tool)s", { tool }),
  failed: (tool) => gettext("%(tool)s did not work", { tool }),
};

function toolLine({ name, state, progress }) {
  const label = USES[state](name.replaceAll("_", " "));
  return el("li", { "data-state": state }, [label, progressWords(progress)].filter(Boolean).join(" "));
}

export class Reply {
  #seen = [];
  #drawTimer = null;
  #drawDuration = 0;
  #speaker = new Speaker();
  #stream = null;

  /** `message`: as the server lists it; `host`: api, threadId, say(words, context), retry(reply), changed(reply), cut(), grown(). */
  constructor(message, host) {
    Object.assign(this, { id: message.id, text: message.content, status: message.status, host });
    this.offset = message.offset ?? 0;
    this.thinking = thinkingOf(message);
    this.tools = message.tools ?? [];
    this.thought = new Thought();
    this.uses = el("ul", { class: "tool-uses", "aria-label": gettext("Tools used") });
    this.body = el("div", { class: "body" });
    this.foot = el("div", { class: "foot" });
    this.element = el("article", { class: "reply", "aria-label": gettext("Answer") }, this.thought.element, this.uses, this.body, this.foot);
    this.#draw();
    this.#note(null);
  }

  get running() {
    return RUNNING.has(this.status);
  }

  /** Follow the response from the current offset; with `request` send its prompt, unless the server has accepted it. */
  follow() {
    const cursors = { offset: this.offset, thinkingOffset: this.thinking.offset };
    const { content, ...options } = this.request ?? {};
    this.#stream = this.#unsent ? this.host.api.send(content, options) : this.host.api.follow(this.id, cursors);
    void this.#read(this.#stream);
  }

  get #unsent() {
    return Boolean(this.request) && !this.taken;
  }

  async #read(stream) {
    try {
      for await (const event of stream) this.#take(event);
    } catch (problem) {
      this.#refused(problem);
    }
  }

  /** Show an event. Throw the refusal of a request that was not accepted yet: the user decides when to send it again. */
  #take(event) {
    if (event.type === "text") this.#append(event.text, event.offset);
    else if (event.type === "thinking") this.#think(event.text, event.thinkingOffset);
    else if (event.type === "tool") this.#tool(event);
    else if (event.type === "end") this.#end(event);
    else if (event.type === "start") this.#start(event.status);
    else if (event.type === "request") this.#setStatus("waiting");
    else if (event.type === "answer") this.#setStatus("streaming");
    else if (event.error instanceof ProblemError && this.#unsent) throw event.error;
    else this.#setWaiting(true);
  }

  #start(status) {
    this.#setWaiting(false);
    if (this.#unsent) this.host.accepted(this);
    this.#setStatus(status);
  }

  /** Reset a refused answer before it is sent again. */
  resume() {
    this.status = "sending";
    this.#draw();
    this.#note(null);
  }

  /** Stop following; the response itself goes on at the server. */
  leave() {
    this.#stream?.close();
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
    if (!this.thinking.text) announce(gettext("Thinking …"));
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
    if (this.running && this.#stream) this.#speaker.hear(plainText(this.blocks));
    this.host.grown();
    this.#drawDuration = performance.now() - begun;
  }

  /** Show the thought and the tool calls. */
  #showWork() {
    this.thought.show(this.thinking);
    this.uses.hidden = !this.tools.length;
    this.uses.replaceChildren(...this.tools.map(toolLine));
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
    this.#speaker.finish(plainText(this.blocks), ENDINGS[status] ?? gettext("End of the answer."));
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
    announce(textOf(problem));
    this.host.changed(this, problem);
  }

  /** Show the line below an answer: its status or error, and the next step. */
  #note(problem, finishReason = null, retryAfter = null) {
    const words = this.#words(problem, finishReason, retryAfter);
    const again = this.status === "failed" || this.status === "interrupted";
    const retry = again ? el("button", { type: "button", class: "chip", onclick: () => this.host.retry(this) }, gettext("Try again")) : null;
    this.foot.replaceChildren(...[words ? el("p", { class: again ? "problem" : "note" }, words) : null, retry].filter(Boolean));
    this.host.grown();
  }

  #words(problem, finishReason, retryAfter) {
    if (this.status === "queued") return gettext("Waiting for the answer before this one …");
    if (this.status === "waiting") return gettext("This answer waits for a decision of yours, for which this page has no form. Stop it, or answer it with another client.");
    if (finishReason === "length") return gettext("The answer reached its largest size and ends here.");
    const wait = retryAfter ? gettext("Try again in %(seconds)s s.", { seconds: retryAfter }) : "";
    if (problem) return [textOf(problem) ?? ENDINGS.failed, wait].filter(Boolean).join(" ");
    return ENDINGS[this.status] ?? "";
  }

  #saveForm(form) {
    const content = withForm(this.text, { ...storedForm(this.text), ...form });
    this.text = content;
    // A failure loses nothing: the values are still in the form and are sent with its button.
    this.host.api.replaceMessage(this.host.threadId, this.id, content).catch(() => undefined);
  }
}
