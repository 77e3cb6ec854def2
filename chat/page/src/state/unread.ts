/**
 * Chats whose answer ended while they were not open, until they are opened. The browser keeps it, so that a reload changes nothing
 * and what one tab shows is read in all.
 */

import { recall, remember } from "@plain/js/storage.js";
import type { Thread } from "./apiTypes";
import { Store } from "./store";

/** Chats that are kept in mind, the latest: more than a list shows at once. */
const KEPT = 200;

/** Moments of the server by the id of a chat. */
type Moments = Record<string, string>;

/** The moment of an answer that still runs. */
const RUNNING = "";

export class Unread extends Store {
  /** Ends of answers that were seen running. */
  #ends = new Kept("ends");
  /** The latest activity of chats that were open. */
  #seen = new Kept("seen");

  constructor() {
    super();
    // Another tab has written.
    addEventListener("storage", () => this.changed());
  }

  has(threadId: string): boolean {
    const end = this.#ends.read()[threadId] ?? RUNNING;
    return end !== RUNNING && end > (this.#seen.read()[threadId] ?? "");
  }

  /** Take in the state of chats; `open` is the id of the one that is shown. */
  note(threads: Thread[], open: string | null) {
    const ends = this.#ends.read();
    for (const { threadId, activeResponseId, updatedAt } of threads) {
      if (activeResponseId) this.#ends.write(threadId, RUNNING);
      else if (ends[threadId] === RUNNING) this.#ends.write(threadId, updatedAt);
      if (threadId === open) this.#seen.write(threadId, updatedAt);
    }
    this.changed();
  }

  /** Take in that a chat is left while its answer runs: the server's event of its start may have come before this page listened. */
  leave(threadId: string) {
    this.#ends.write(threadId, RUNNING);
  }

  /** Forget a running answer whose end is shown: the server's event of it may come when the chat is left already. */
  ended(threadId: string) {
    this.#ends.remove(threadId);
  }

  /** Forget that a chat had a new answer: it is shown now. */
  open(thread: Thread | null) {
    if (!thread) return;
    this.#seen.write(thread.threadId, thread.updatedAt);
    this.changed();
  }
}

/** Moments in the browser's storage, under a name of their own. */
class Kept {
  constructor(readonly name: string) {}

  read(): Moments {
    try {
      return JSON.parse(recall(this.name) || "{}") as Moments;
    } catch {
      return {};
    }
  }

  write(threadId: string, moment: string) {
    const { [threadId]: before, ...others } = this.read();
    if (before !== moment) this.#keep([...Object.entries(others), [threadId, moment]]);
  }

  remove(threadId: string) {
    this.#keep(Object.entries(this.read()).filter(([id]) => id !== threadId));
  }

  #keep(entries: [string, string][]) {
    remember(this.name, JSON.stringify(Object.fromEntries(entries.slice(-KEPT))));
  }
}
