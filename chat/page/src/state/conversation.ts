/** The open thread: its messages in order, what is being answered, and what is said next. */

import { announce } from "@plain/js/announce.js";
import type { Api, Problem } from "@plain/js/api.js";
import { newId } from "@plain/js/dom.js";
import { unwrap, wrap } from "@plain/js/envelope.js";
import { words } from "../words";
import { Reply, type ReplyHost } from "./reply";
import { Said } from "./said";
import type { Message } from "./shapes";
import { Store } from "./store";

/** Models that read C1's envelopes; any other gets the bare words, unless there is more to say than words. */
const ENVELOPED = new Set(["c1"]);

export type Item = Said | Reply;

export interface ConversationHost {
  api: Api;
  model(): string;
  created(threadId: string, words: string): void;
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
  /** Counts what was sent from here: who reads then wants to see the end. */
  sent = 0;
  #visit = 0;
  #asked = 0;
  #host: ConversationHost;

  constructor(host: ConversationHost) {
    super();
    this.#host = host;
  }

  /** Shows a thread, or with null the start of a new one. Throws what the server refuses. */
  async open(threadId: string | null) {
    const visit = this.#leave();
    this.threadId = threadId;
    this.loading = threadId !== null;
    this.changed();
    try {
      await this.#load(visit);
    } finally {
      if (visit === this.#visit) this.loading = false;
      this.changed();
    }
  }

  /** Takes in what other tabs said meanwhile, and follows what runs. While something is being sent there is time for that. */
  async refresh() {
    const sending = this.items.some((item, place) => item.kind === "reply" && this.#unsent(item, place));
    if (!sending) await this.#load(this.#visit);
  }

  /** Sends words, typed or clicked; `context` is what C1 gets to know of a click or a form, `pictures` are addresses. */
  say(said: string, context: unknown[] | null = null, pictures: string[] = []) {
    const text = ENVELOPED.has(this.#host.model()) || context?.[1] ? wrap(said, context) : said;
    const shown = pictures.map((url) => ({ type: "image_url", image_url: { url } }));
    this.#send(shown.length ? [{ type: "text", text }, ...shown] : text, said);
  }

  /** Says the same place in the thread in other words: what followed stays as another version. */
  edit(said: Said, changed: string) {
    const place = this.items.indexOf(said);
    const before = this.items[place - 1];
    this.#cut(place);
    const content = ENVELOPED.has(this.#host.model()) ? wrap(changed) : changed;
    this.#send(content, changed, { parentId: before?.id ?? null });
  }

  /** Asks for another answer to the same prompt; the old one stays as another version. */
  regenerate(reply: Reply) {
    this.#cut(this.items.indexOf(reply));
    const fresh = this.#reply(newId(), [...reply.versions]);
    fresh.post = (signal) => this.#host.api.regenerate(reply.id, { responseId: fresh.id, model: this.#host.model() }, signal);
    this.items = [...this.items, fresh];
    this.sent += 1;
    this.changed();
    fresh.follow();
  }

  /** Shows another version of a message, with all that followed it. */
  async choose(versionId: string) {
    if (this.threadId === null) return;
    await this.#host.api.change(this.threadId, { leaf: versionId });
    await this.refresh();
  }

  /** Stops what runs here, also before the server has taken it. */
  stop() {
    for (const reply of this.running) void this.#stop(reply);
  }

  get running(): Reply[] {
    return this.items.filter((item): item is Reply => item.kind === "reply" && item.running);
  }

  /** Whether this response is followed here already. */
  follows(responseId: string) {
    return this.running.some((reply) => reply.id === responseId);
  }

  /** A refused send is repeated with its ids, so nothing is asked twice; a failed answer is asked for anew. */
  retry(reply: Reply) {
    if (reply.post && !reply.taken) reply.resume();
    else this.regenerate(reply);
  }

  async older() {
    const [first] = this.items;
    if (this.threadId === null || !first) return;
    const visit = this.#visit;
    const { messages, hasMore } = await this.#host.api.messages(this.threadId, first.id);
    if (visit !== this.#visit) return;
    this.items = [...messages.map((message) => this.#item(message)), ...this.items];
    this.hasMore = hasMore;
    this.changed();
  }

  async #load(visit: number) {
    if (this.threadId === null) return;
    const asked = (this.#asked += 1);
    const listable = new Set(this.items.filter((item, place) => !this.#unsent(item, place)));
    const { messages, hasMore } = await this.#host.api.messages(this.threadId);
    if (visit === this.#visit && asked === this.#asked) this.#merge(messages, hasMore, listable);
  }

  /**
   * What the server lists is what there is; what was loaded above it stays, and so does what it could not know: `listable` is
   * what it had when it was asked.
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
    const unknown = this.items.filter((item, place) => !listed.has(item) && !listable.has(item) && this.#sentHere(item, place));
    for (const item of this.items) if (!listed.has(item) && !unknown.includes(item)) item.leave();
    this.items = [...kept, ...shown, ...unknown];
    this.changed();
    for (const item of shown) if (item.kind === "reply" && item.running && !known.has(item.id)) item.follow();
  }

  /** What stood here and below is another version from now on; a list that is on its way would bring it back. */
  #cut(place: number) {
    for (const item of this.items.slice(place)) item.leave();
    this.items = this.items.slice(0, place);
    this.#asked += 1;
  }

  /** The reply that was asked for here, of it and the words before it; null for what was there already. */
  #sentHere(item: Item, place: number): Reply | null {
    const reply = item.kind === "said" ? this.items[place + 1] : item;
    return reply?.kind === "reply" && reply.post !== null ? reply : null;
  }

  /** Whether the server has not taken it yet. */
  #unsent(item: Item, place: number) {
    return this.#sentHere(item, place)?.taken === false;
  }

  #item(message: Message): Item {
    return message.role === "user" ? new Said(message) : new Reply(message, this.#replyHost());
  }

  #reply(id: string, versions: string[]): Reply {
    const message = { id, role: "assistant", content: "", createdAt: "", status: "sending", offset: 0, versions, feedback: null };
    return new Reply(message as Message, this.#replyHost());
  }

  #send(content: unknown, said: string, more: object = {}) {
    const fresh = this.threadId === null;
    const threadId = (this.threadId ??= newId());
    const prompt: Prompt = { id: newId(), role: "user", content };
    const reply = this.#reply(newId(), []);
    const body = { prompt, threadId, responseId: reply.id, model: this.#host.model(), ...more };
    reply.post = (signal) => this.#host.api.send(body, signal);
    this.items = [...this.items, new Said({ ...prompt, versions: [prompt.id] }), reply];
    this.sent += 1;
    if (fresh) this.#host.created(threadId, said);
    this.changed();
    reply.follow();
  }

  #replyHost(): ReplyHost {
    return {
      api: this.#host.api,
      threadId: this.threadId ?? "",
      accepted: (reply) => this.#accepted(reply),
      changed: (reply, problem) => this.#replyChanged(reply, problem),
      cut: () => this.#refreshed(),
      waiting: (waits) => this.#waits(waits),
    };
  }

  #accepted(reply: Reply) {
    reply.taken = true;
    this.#host.accepted();
  }

  #replyChanged(reply: Reply, problem: Problem | null) {
    if (reply.stopWanted && reply.running && reply.status !== "sending") void this.#stop(reply);
    if (problem && !problem.passing && !reply.taken) this.#host.refused();
    // Versions are the server's to count: once there is another one, it is asked.
    if (!reply.running && reply.taken) this.#refreshed();
    this.changed();
  }

  #refreshed() {
    this.refresh().catch((problem: unknown) => this.#host.failed(problem));
  }

  #waits(waits: boolean) {
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
    return (this.#visit += 1);
  }
}

/** The words of a message's content, for a title or a draft. */
export const wordsOf = (content: unknown) => unwrap(content).words;
