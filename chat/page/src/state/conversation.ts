/** The open thread: its messages, its running answers, and new prompts. */

import { announce } from "@plain/js/announce.js";
import type { Api, Problem } from "@plain/js/api.js";
import { newId } from "@plain/js/dom.js";
import { holdsMarker, unwrap, wrap } from "@plain/js/envelope.js";
import { words } from "../words";
import { Reply, type ReplyHost } from "./reply";
import { UserMessage } from "./userMessage";
import type { Message } from "./apiTypes";
import { Store } from "./store";

/** Models that read C1's envelopes; any other model gets the bare text, unless form values go with it. */
const ENVELOPED = new Set(["c1"]);

export type Item = UserMessage | Reply;

export interface ConversationHost {
  api: Api;
  model(): string;
  /** The effort to ask for, if the model offers any. */
  effort(): string | undefined;
  created(threadId: string, typed: string): void;
  accepted(): void;
  refused(): void;
  failed(problem: unknown): void;
}

interface Prompt {
  id: string;
  role: "user";
  content: unknown;
}

export class Conversation extends Store {
  threadId: string | null = null;
  items: Item[] = [];
  hasMore = false;
  loading = false;
  waiting = false;
  /** Number of prompts sent from this page: after each one the view moves to the end. */
  sent = 0;
  /** Text of the latest prompt of a thread that the server does not know yet; null for all other threads. */
  #unsavedPrompt: string | null = null;
  #navigation = 0;
  #requestNumber = 0;
  #host: ConversationHost;

  constructor(host: ConversationHost) {
    super();
    this.#host = host;
  }

  /** Show a thread, or with null the start of a new one. Throw a `Problem` if the server refuses. */
  async open(threadId: string | null) {
    const navigation = this.#leave();
    this.threadId = threadId;
    this.loading = threadId !== null;
    this.changed();
    try {
      await this.#load(navigation);
    } finally {
      if (navigation === this.#navigation) this.loading = false;
      this.changed();
    }
  }

  /** The open thread's id once the server knows the thread. */
  get savedThreadId() {
    return this.#unsavedPrompt === null ? this.threadId : null;
  }

  /** Load messages of other tabs and follow running answers. Do nothing while a prompt is being sent. */
  async refresh() {
    const sending = this.items.some((item, index) => item.kind === "reply" && this.#isUnsent(item, index));
    if (!sending) await this.#load(this.#navigation);
  }

  /** Send a prompt. `context` is C1's context of a click or a form, `pictures` are addresses. */
  say(typed: string, context: unknown[] | null = null, pictures: string[] = []) {
    const text = this.#wraps(typed) || context?.[1] ? wrap(typed, context) : typed;
    const shown = pictures.map((url) => ({ type: "image_url", image_url: { url } }));
    this.#send(shown.length ? [{ type: "text", text }, ...shown] : text, typed);
  }

  /** Return true if a text needs an envelope: for the model, or because it looks like sections. */
  #wraps(typed: string) {
    return ENVELOPED.has(this.#host.model()) || holdsMarker(typed);
  }

  /** Send an edited prompt in place of `message`; the old branch stays as another version. */
  edit(message: UserMessage, changed: string) {
    const index = this.items.indexOf(message);
    const before = this.items[index - 1];
    this.#truncateAt(index);
    const content = this.#wraps(changed) ? wrap(changed) : changed;
    this.#send(content, changed, { parentId: before?.id ?? null });
  }

  /** Request another answer to the same prompt; the old one stays as another version. */
  regenerate(reply: Reply) {
    this.#truncateAt(this.items.indexOf(reply));
    const fresh = this.#reply(newId(), [...reply.versions]);
    fresh.post = (signal) => this.#host.api.regenerate(reply.id, { responseId: fresh.id, ...this.#choices() }, signal);
    this.items = [...this.items, fresh];
    this.sent += 1;
    this.changed();
    fresh.follow();
  }

  /** Show another version of a message, with the branch below it. */
  async choose(versionId: string) {
    if (this.threadId === null) return;
    await this.#host.api.change(this.threadId, { leaf: versionId });
    await this.refresh();
  }

  /** Stop all running answers, also those that the server has not accepted yet. */
  stop() {
    for (const reply of this.running) void this.#stop(reply);
  }

  get running(): Reply[] {
    return this.items.filter((item): item is Reply => item.kind === "reply" && item.running);
  }

  /** Return true if this page already follows the response. */
  follows(responseId: string) {
    return this.running.some((reply) => reply.id === responseId);
  }

  /** Repeat a refused send with the same ids, so that it cannot run twice; regenerate a failed answer. */
  retry(reply: Reply) {
    if (reply.post && !reply.taken) reply.resume();
    else this.regenerate(reply);
  }

  async older() {
    const [first] = this.items;
    if (this.threadId === null || !first) return;
    const navigation = this.#navigation;
    const { messages, hasMore } = await this.#host.api.messages(this.threadId, first.id);
    if (navigation !== this.#navigation) return;
    this.items = [...messages.map((message) => this.#item(message)), ...this.items];
    this.hasMore = hasMore;
    this.changed();
  }

  async #load(navigation: number) {
    const threadId = this.savedThreadId;
    if (threadId === null) return;
    const request = (this.#requestNumber += 1);
    const listable = new Set(this.items.filter((item, index) => !this.#isUnsent(item, index)));
    const { messages, hasMore } = await this.#host.api.messages(threadId);
    if (navigation === this.#navigation && request === this.#requestNumber) this.#merge(messages, hasMore, listable);
  }

  /**
   * Replace the items by the server's list. Keep the pages loaded above it, and prompts sent since the request: `listable` holds
   * the items that the server could list at that time.
   */
  #merge(messages: Message[], hasMore: boolean, listable: Set<Item>) {
    const known = new Map(this.items.map((item) => [item.id, item]));
    const above = this.items.findIndex((item) => item.id === messages[0]?.id);
    const kept = hasMore && above > 0 ? this.items.slice(0, above) : [];
    if (!kept.length) this.hasMore = hasMore;
    const shown = messages.map((message): Item => {
      const item = known.get(message.id);
      item?.update(message);
      return item ?? this.#item(message);
    });
    const listed = new Set([...kept, ...shown]);
    const unknown = this.items.filter((item, index) => !listed.has(item) && !listable.has(item) && this.#sentHere(item, index));
    for (const item of this.items) if (!listed.has(item) && !unknown.includes(item)) item.leave();
    this.items = [...kept, ...shown, ...unknown];
    this.changed();
    for (const item of shown) if (item.kind === "reply" && item.running && !known.has(item.id)) item.follow();
  }

  /** Remove the items from `index` on, which become another version. Discard a list under way, which would bring them back. */
  #truncateAt(index: number) {
    for (const item of this.items.slice(index)) item.leave();
    this.items = this.items.slice(0, index);
    this.#requestNumber += 1;
  }

  /** Return the reply of a prompt sent from this page, for the prompt and for the reply; null for loaded items. */
  #sentHere(item: Item, index: number): Reply | null {
    const reply = item.kind === "user" ? this.items[index + 1] : item;
    return reply?.kind === "reply" && reply.post !== null ? reply : null;
  }

  /** Return true if the server has not accepted the prompt yet. */
  #isUnsent(item: Item, index: number) {
    return this.#sentHere(item, index)?.taken === false;
  }

  #item(message: Message): Item {
    return message.role === "user" ? new UserMessage(message) : new Reply(message, this.#replyHost());
  }

  #reply(id: string, versions: string[]): Reply {
    const message = { id, role: "assistant", content: "", createdAt: "", status: "sending", offset: 0, versions, feedback: null };
    return new Reply({ ...message, thinking: null, tools: [] } as Message, this.#replyHost());
  }

  #send(content: unknown, typed: string, more: object = {}) {
    if (this.savedThreadId === null) this.#unsavedPrompt = typed;
    const threadId = (this.threadId ??= newId());
    const prompt: Prompt = { id: newId(), role: "user", content };
    const reply = this.#reply(newId(), []);
    const body = { prompt, threadId, responseId: reply.id, ...this.#choices(), ...more };
    reply.post = (signal) => this.#host.api.send(body, signal);
    this.items = [...this.items, new UserMessage({ ...prompt, versions: [prompt.id] }), reply];
    this.sent += 1;
    this.changed();
    reply.follow();
  }

  #choices() {
    return { model: this.#host.model(), effort: this.#host.effort() };
  }

  #replyHost(): ReplyHost {
    return {
      api: this.#host.api,
      threadId: this.threadId ?? "",
      accepted: (reply) => this.#accepted(reply),
      changed: (reply, problem) => this.#replyChanged(reply, problem),
      cut: () => this.#refreshInBackground(),
      waiting: (waits) => this.#setWaiting(waits),
    };
  }

  #accepted(reply: Reply) {
    reply.taken = true;
    const typed = this.#unsavedPrompt;
    this.#unsavedPrompt = null;
    if (this.threadId !== null && typed !== null) this.#host.created(this.threadId, typed);
    this.changed();
    this.#host.accepted();
  }

  #replyChanged(reply: Reply, problem: Problem | null) {
    if (reply.stopWanted && reply.running && reply.status !== "sending") void this.#stop(reply);
    if (problem && !problem.passing && !reply.taken) this.#host.refused();
    // The server knows the versions: reload them after the end of an answer.
    if (!reply.running && reply.taken) this.#refreshInBackground();
    this.changed();
  }

  #refreshInBackground() {
    this.refresh().catch((problem: unknown) => this.#host.failed(problem));
  }

  #setWaiting(waits: boolean) {
    if (this.waiting === waits) return;
    this.waiting = waits;
    this.changed();
  }

  async #stop(reply: Reply) {
    reply.stopWanted = true;
    if (reply.status === "sending") return;
    try {
      await this.#host.api.stop(reply.id, reply.offset);
      reply.stopWanted = false;
    } catch (problem) {
      if ((problem as Problem).status) this.#host.failed(problem);
      else announce(words.stopLater);
    }
  }

  #leave() {
    for (const item of this.items) item.leave();
    this.items = [];
    this.hasMore = false;
    this.waiting = false;
    this.#unsavedPrompt = null;
    return (this.#navigation += 1);
  }
}

/** Return the text of a message's content, for a title or a draft. */
export const wordsOf = (content: unknown) => unwrap(content).words;
