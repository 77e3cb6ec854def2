/** The messages of the open thread: those that the server lists, and the prompts of this page that it does not know yet. */

import type { ChatClient } from "chat-client";
import type { Message } from "./apiTypes";
import { Reply, type ReplyHost } from "./reply";
import { UserMessage } from "./userMessage";

export type Item = UserMessage | Reply;

/** Messages requested when a chat is opened: nearly all chats come whole, by one round trip. The server bounds the bytes. */
const NEWEST = 300;

export interface MessageListHost {
  api: ChatClient;
  replyHost(): ReplyHost;
  changed(): void;
}

export class MessageList {
  items: Item[] = [];
  hasMore = false;
  /** Number of times that the list was cleared for another thread: what was requested before is dropped. */
  generation = 0;
  #requestNumber = 0;
  #older: Promise<void> | null = null;
  #host: MessageListHost;

  constructor(host: MessageListHost) {
    this.#host = host;
  }

  /** Leave the thread. */
  clear() {
    for (const item of this.items) item.leave();
    this.items = [];
    this.hasMore = false;
    this.generation += 1;
    this.#older = null;
  }

  /** True while a prompt of this page is on its way. */
  get isSending() {
    return this.items.some((item, index) => item.running && this.#isUnsent(item, index));
  }

  has(id: string) {
    return this.items.some((item) => item.id === id);
  }

  append(...items: Item[]) {
    this.items = [...this.items, ...items];
  }

  remove(...ids: string[]) {
    this.items = this.items.filter(({ id }) => !ids.includes(id));
  }

  /** Remove the items from `index` on, which become another version. Discard a list under way, which would bring them back. */
  truncateAt(index: number) {
    for (const item of this.items.slice(index)) item.leave();
    this.items = this.items.slice(0, index);
    this.#requestNumber += 1;
  }

  /** Load the newest messages; of several requests the last one counts. */
  async load(threadId: string) {
    const request = (this.#requestNumber += 1);
    const listable = new Set(this.items.filter((item, index) => !this.#isUnsent(item, index)));
    const page = await this.#requested(this.#host.api.messages(threadId, { limit: NEWEST }));
    if (page && request === this.#requestNumber) this.#merge(page.messages, page.hasMore, listable);
  }

  /** Load the messages before the first one. Calls that meet, as by a double click, share one request. */
  older(threadId: string): Promise<void> {
    if (this.#older) return this.#older;
    const loading = this.#loadOlder(threadId).finally(() => {
      if (this.#older === loading) this.#older = null;
    });
    this.#older = loading;
    return loading;
  }

  async #loadOlder(threadId: string) {
    const [first] = this.items;
    if (!first) return;
    const page = await this.#requested(this.#host.api.messages(threadId, { before: first.id }));
    if (!page) return;
    this.items = [...page.messages.map((message) => this.#item(message)), ...this.items];
    this.hasMore = page.hasMore;
    this.#host.changed();
  }

  /** Return the answer of a request; null, also for a failure, once its thread was left. */
  async #requested<T>(answer: Promise<T>): Promise<T | null> {
    const { generation } = this;
    try {
      const found = await answer;
      return generation === this.generation ? found : null;
    } catch (problem) {
      if (generation === this.generation) throw problem;
      return null;
    }
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
    this.#host.changed();
    for (const item of shown) if (item.kind === "reply" && item.running && !known.has(item.id)) item.follow();
  }

  #item(message: Message): Item {
    return message.role === "user" ? new UserMessage(message) : new Reply(message, this.#host.replyHost());
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
}
