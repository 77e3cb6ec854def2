/**
 * The prompts of the open chat that the server has not accepted. The first stands among the messages once its turn has come; the
 * others are queued.
 */

import { EntryStream } from "./entryStream";
import type { Entry } from "./outbox";
import type { PageOutbox } from "./pageOutbox";
import type { Reply, ReplyStream } from "./reply";

export interface UnsentHost {
  outbox: PageOutbox;
  /** Return true if a message with this id stands among the messages. */
  isShown(id: string): boolean;
  /** Return true if the first entry's turn has come. */
  isDue(entry: Entry): boolean;
  /** Add an entry to the messages, with a reply that reads the stream of `post`. */
  show(entry: Entry, post: () => ReplyStream): Reply;
  remove(reply: Reply, entry: Entry): void;
  /** Another tab has sent an entry, or withdrawn it. */
  removedElsewhere(): void;
}

/** `returned`: the text went back to the field, the entry out of the outbox. */
interface Shown {
  entry: Entry;
  returned: boolean;
}

export class Unsent {
  /** Prompts that wait for their turn, oldest first. */
  queued: Entry[] = [];
  #shown = new Map<Reply, Shown>();
  #host: UnsentHost;

  constructor(host: UnsentHost) {
    this.#host = host;
  }

  has(reply: Reply) {
    return this.#shown.has(reply);
  }

  /** Show what the outbox holds for the open chat. */
  sync(threadId: string | null) {
    const entries = this.#host.outbox.entries(threadId);
    for (const [reply, shown] of this.#shown) this.#compare(reply, shown, entries);
    const [first] = entries;
    if (first && !this.#host.isShown(first.id) && this.#host.isDue(first)) this.#show(first);
    this.queued = entries.filter(({ id }) => !this.#host.isShown(id));
  }

  /** Send a refused prompt again. */
  async retry(reply: Reply) {
    const shown = this.#shown.get(reply);
    if (!shown) return;
    await this.#host.outbox.retry(shown.entry);
    shown.returned = false;
    reply.resume();
  }

  /** Take a refused prompt out of the outbox; it stays among the messages. Return its entry. */
  giveBack(reply: Reply): Entry | null {
    const shown = this.#shown.get(reply);
    if (!shown) return null;
    shown.returned = true;
    void this.#host.outbox.withdraw(shown.entry);
    return shown.entry;
  }

  /** Take a prompt out of the outbox and the messages. Return its entry, or null if it is on its way. */
  async withdraw(reply: Reply): Promise<Entry | null> {
    const shown = this.#shown.get(reply);
    return shown && (await this.#host.outbox.withdraw(shown.entry)) ? shown.entry : null;
  }

  accepted(reply: Reply) {
    this.#shown.delete(reply);
  }

  clear() {
    this.#shown.clear();
    this.queued = [];
  }

  /** Remove a prompt from the messages that was withdrawn, edited, or sent by another tab. */
  #compare(reply: Reply, { entry, returned }: Shown, entries: Entry[]) {
    const stored = entries.find(({ id }) => id === entry.id);
    if (returned || this.#host.outbox.hasSent(entry.id) || stored?.typed === entry.typed) return;
    this.#shown.delete(reply);
    this.#host.remove(reply, entry);
    if (!stored) this.#host.removedElsewhere();
  }

  #show(entry: Entry) {
    const reply = this.#host.show(entry, () => new EntryStream(this.#host.outbox.delivery(entry)));
    this.#shown.set(reply, { entry, returned: false });
    reply.follow();
  }
}
