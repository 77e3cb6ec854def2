/** The open thread: its messages, its running answers, and new prompts. */

import { announce } from "./announce.js";
import { byId, el, newId } from "./dom.js";
import { holdsMarker, unwrap, wrap } from "./envelope.js";
import { Reply } from "./reply.js";
import { gettext } from "./translation.js";

/** Models that read C1's envelopes; any other model gets the bare text. */
const ENVELOPED = new Set(["c1"]);

export class Conversation {
  /** Text of the latest prompt of a thread that the server does not know yet; null for all other threads. */
  #unsavedPrompt = null;
  #navigation = 0;
  #items = new Map();
  /** Number of prompts sent from this page. */
  sent = 0;

  /** `on`: created(threadId, words), accepted(), refused(), running(bool), waiting(bool), failed(problem). `model()` returns the selected model. */
  constructor({ api, view, model, on }) {
    Object.assign(this, { api, view, model, on, threadId: null });
    this.list = byId("messages");
    this.earlier = byId("earlier");
    this.earlier.addEventListener("click", () => this.#older());
  }

  /** Show a thread, or with null the start of a new one. Throw a `ProblemError` if the server refuses. */
  async open(threadId) {
    const navigation = this.#leave();
    this.threadId = threadId;
    this.#showState();
    if (threadId === null) return;
    document.body.toggleAttribute("data-loading", true);
    try {
      const page = await this.api.messages(threadId);
      if (navigation === this.#navigation) this.#show(page);
    } finally {
      if (navigation === this.#navigation) document.body.toggleAttribute("data-loading", false);
    }
  }

  /** The open thread's id once the server knows the thread. */
  get savedThreadId() {
    return this.#unsavedPrompt === null ? this.threadId : null;
  }

  /** Load messages of other tabs and follow running answers. */
  async refresh() {
    const navigation = this.#navigation;
    if (this.savedThreadId === null) return;
    const { messages } = await this.api.messages(this.savedThreadId);
    if (navigation !== this.#navigation) return;
    const newest = this.#newestPrompt();
    this.#merge(messages);
    if (this.#newestPrompt() !== newest) this.view.next(() => this.#newestPrompt());
  }

  /** Send a prompt; `context` is C1's context of a click or a form. */
  say(words, context = null) {
    const model = this.model();
    const content = ENVELOPED.has(model) || holdsMarker(words) || context?.[1] ? wrap(words, context) : words;
    this.#send(content, model, words);
  }

  /** Stop all running answers, also those that the server has not accepted yet. */
  stop() {
    for (const reply of this.#running()) void this.#stop(reply);
  }

  get busy() {
    return this.#running().length > 0;
  }

  /** Return true if this page already follows the response. */
  follows(responseId) {
    return this.#items.get(responseId)?.running === true;
  }

  #newestPrompt() {
    return [...this.list.querySelectorAll(":scope > .said")].at(-1) ?? null;
  }

  #running() {
    return [...this.#items.values()].filter((item) => item.running);
  }

  #leave() {
    for (const item of this.#items.values()) item.leave?.();
    this.#items.clear();
    this.list.replaceChildren();
    this.earlier.hidden = true;
    this.on.waiting(false);
    this.#unsavedPrompt = null;
    return (this.#navigation += 1);
  }

  #show({ messages, hasMore }) {
    this.earlier.hidden = !hasMore;
    this.#merge(messages);
    this.view.open(() => this.#newestPrompt(), this.busy);
  }

  #merge(messages) {
    let before = null;
    for (const message of messages) {
      const item = this.#items.get(message.id);
      if (item) item.update?.(message);
      else this.#insert(message, before);
      before = this.#items.get(message.id).element;
    }
    this.#showState();
  }

  #insert(message, before) {
    const item = this.#item(message);
    if (before) before.after(item.element);
    else this.list.prepend(item.element);
    if (item.running) item.follow();
  }

  #item(message) {
    const item = message.role === "user" ? userMessage(message) : new Reply(message, this.#host());
    this.#items.set(message.id, item);
    return item;
  }

  #host() {
    return {
      api: this.api,
      threadId: this.threadId,
      say: (words, context) => this.say(words, context),
      retry: (reply) => this.#retry(reply),
      changed: (reply, problem) => this.#changed(reply, problem),
      cut: () => this.#reload(),
      accepted: (reply) => this.#accepted(reply),
      waiting: (waiting) => this.on.waiting(waiting),
      grown: () => this.view.update(),
    };
  }

  #send(content, model, words) {
    if (this.savedThreadId === null) this.#unsavedPrompt = words;
    this.threadId ??= newId();
    const prompt = { id: newId(), role: "user", content };
    const reply = { id: newId(), role: "assistant", content: "", status: "sending", offset: 0 };
    const { element } = this.#item(prompt);
    this.list.append(element);
    const item = this.#item(reply);
    item.request = { content, promptId: prompt.id, threadId: this.threadId, responseId: reply.id, model };
    this.list.append(item.element);
    this.sent += 1;
    this.#showState();
    this.view.begin(() => element);
    item.follow();
  }

  #accepted(reply) {
    reply.taken = true;
    const words = this.#unsavedPrompt;
    this.#unsavedPrompt = null;
    if (words !== null) this.on.created(this.threadId, words);
    this.on.accepted();
  }

  #changed(reply, problem) {
    if (reply.stopWanted && reply.running) void this.#stop(reply);
    if (problem && !problem.temporary && !reply.taken) this.on.refused();
    this.#showState();
  }

  /** Show the stored text: the server kept less than this page has read. */
  #reload() {
    this.refresh().catch((problem) => this.on.failed(problem));
  }

  /** Repeat a refused send with the same ids, so that it cannot run twice; send the prompt of a failed answer again. */
  #retry(reply) {
    if (reply.request && !reply.taken) {
      reply.resume();
      reply.follow();
    } else {
      const ids = [...this.#items.keys()];
      const prompt = ids.slice(0, ids.indexOf(reply.id)).reverse().map((id) => this.#items.get(id)).find((item) => item.content);
      if (prompt) this.#send(prompt.content, this.model(), unwrap(prompt.content).words);
    }
    this.#showState();
  }

  async #stop(reply) {
    reply.stopWanted = true;
    if (reply.status === "sending") return;
    try {
      await this.api.stop(reply.id, reply.offset);
      reply.stopWanted = false;
    } catch (problem) {
      if (problem.status) this.on.failed(problem);
      else announce(gettext("No connection. The answer is stopped as soon as there is one."));
    }
  }

  async #older() {
    const first = this.#items.keys().next().value;
    // A second click meanwhile would show the same messages twice.
    this.earlier.disabled = true;
    const { messages, hasMore } = await this.api.messages(this.threadId, { before: first }).catch((problem) => {
      this.on.failed(problem);
      return { messages: [], hasMore: true };
    });
    this.earlier.disabled = false;
    const later = this.#items;
    this.#items = new Map();
    this.view.hold(() => this.#merge(messages));
    for (const [id, item] of later) this.#items.set(id, item);
    this.earlier.hidden = !hasMore;
  }

  #showState() {
    byId("welcome").hidden = this.threadId !== null;
    if (this.threadId === null) this.view.rest();
    this.on.running(this.busy);
  }
}

/** Return the item of a user's message: its text, and the form values sent with it. */
function userMessage(message) {
  const { words, form } = unwrap(message.content);
  const values = form ? el("dl", {}, ...Object.values(form).flatMap(formLines)) : null;
  const element = el("article", { class: "said", "aria-label": gettext("You") }, el("div", { class: "bubble" }, words, values));
  return { element, content: message.content, running: false };
}

function formLines(fields) {
  if (fields === null || typeof fields !== "object") return [];
  return Object.entries(fields).flatMap(([name, field]) => [el("dt", {}, name), el("dd", {}, shown(field?.value))]);
}

function shown(value) {
  if (value === null || typeof value !== "object") return String(value ?? "");
  return Object.keys(value).filter((key) => value[key]).join(", ");
}
