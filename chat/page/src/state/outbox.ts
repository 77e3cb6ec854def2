/**
 * Prompts that the server has not accepted yet: one queue per chat, kept in the browser, sent in order by one tab at a time.
 *
 * Every entry has its ids from the moment it is queued. The server attaches a repeat to the response that exists, so that a
 * prompt whose answer to the request was lost is sent again without running twice.
 */

import type { Attachment } from "./apiTypes";
import { pauseAfter, type Sleep } from "./sleep";
import { Store } from "./store";

/** Milliseconds between two attempts while an answer of another tab or device runs; its end wakes the queue earlier. */
const BUSY_PAUSE = 5000;

/** Codes for a second text under ids that the server knows: the text was edited after an attempt whose outcome was lost. */
const REUSED = new Set(["response_id_reused", "prompt_id_reused"]);

export interface Refusal {
  status: number;
  code: string;
  message: string;
  retryAfter?: number | null;
  /** The whole document of the problem. */
  problem?: Record<string, unknown>;
}

export interface Entry {
  /** The prompt's id. */
  id: string;
  responseId: string;
  threadId: string;
  content: string | object[];
  /** The pictures and files of the content, to be shown. */
  attachments?: Attachment[];
  /** The text as typed, to be shown and edited. */
  typed: string;
  /** Further fields of the request. */
  more: object;
  /** The account that wrote it; empty for a guest, whose chats move into the account that logs in. */
  owner: string;
  state: "waiting" | "sending" | "failed";
  refusal: Refusal | null;
  /** Interrupt a running answer instead of waiting for its end. */
  now: boolean;
}

export type Queue = readonly Entry[];

export interface OutboxStorage {
  all(): Promise<Map<string, Queue>>;
  /** Replace a chat's queue by `change` of it, atomically among all tabs. Return the new queue. */
  change(threadId: string, change: (queue: Queue) => Queue): Promise<Queue>;
  /** Call the listener with a chat's id after each change of another tab. */
  watch(listener: (threadId: string) => void): void;
}

export interface OutboxHost<Accepted> {
  storage: OutboxStorage;
  /** Run `work` while no other tab runs any under this name. */
  exclusive(name: string, work: () => Promise<void>): Promise<void>;
  /** Send a prompt. Throw a refusal with its `status`, or any other error without a network. */
  send(entry: Entry): Promise<Accepted>;
  /** Resolve after some milliseconds, or earlier when `wake` is called. */
  sleep(milliseconds: number): Sleep;
  /** Called with an answer that no part of the page waits for: its chat is not open. */
  discard(accepted: Accepted): void;
  newId(): string;
  /** Return true while this tab sees an answer running in the chat. */
  isAnswering(threadId: string): boolean;
  /** Called with true when the server cannot be reached, with false when it can again. */
  waiting(threadId: string, waits: boolean): void;
  /** The reason shown at a text that was edited too late. */
  tooLate(): string;
}

interface Delivery<Accepted> {
  promise: Promise<Accepted>;
  resolve(accepted: Accepted): void;
  reject(refusal: Refusal): void;
}

export class Outbox<Accepted> extends Store {
  #queues = new Map<string, Queue>();
  /** Entries of this tab on their way into the storage. */
  #unsaved = new Map<string, Entry>();
  #deliveries = new Map<string, Delivery<Accepted>>();
  #sent = new Set<string>();
  #active = new Set<string>();
  #sleeping = new Map<string, Sleep>();
  #owner: string | null = null;
  #host: OutboxHost<Accepted>;

  constructor(host: OutboxHost<Accepted>) {
    super();
    this.#host = host;
    host.storage.watch((threadId) => void this.#onOtherTab(threadId));
  }

  /** Load the queues and send those of this account, and those of guests. */
  async start(owner: string) {
    this.#owner = owner;
    for (const [threadId, queue] of await this.#host.storage.all()) this.#queues.set(threadId, queue);
    this.changed();
    for (const threadId of this.#queues.keys()) this.#run(threadId);
  }

  /** Return the chat's entries, oldest first. */
  entries(threadId: string | null): Entry[] {
    if (threadId === null) return [];
    const stored = this.#queues.get(threadId) ?? [];
    const added = [...this.#unsaved.values()].filter((entry) => entry.threadId === threadId && !stored.some(({ id }) => id === entry.id));
    return [...stored, ...added].filter((entry) => this.#mine(entry));
  }

  /** Return true once this tab has sent the entry. */
  hasSent(id: string) {
    return this.#sent.has(id);
  }

  /** Queue a prompt and send it in its turn; one to be sent `now` goes first. Resolve when it is stored. */
  async add(entry: Entry) {
    this.#unsaved.set(entry.id, entry);
    this.changed();
    await this.#change(entry.threadId, (queue) => (entry.now ? withFirst(queue, entry) : [...queue, entry]));
    this.#unsaved.delete(entry.id);
    this.#run(entry.threadId);
  }

  /** Resolve with the server's answer when this tab has sent the entry. Reject with the refusal. */
  delivery(entry: Entry): Promise<Accepted> {
    const latest = this.#find(entry);
    if (latest?.refusal) return Promise.reject(latest.refusal);
    return this.#delivery(entry.id).promise;
  }

  /** Replace the text of an entry. Return false if it is on its way already. */
  async edit(entry: Entry, typed: string, content: Entry["content"]): Promise<boolean> {
    return this.#replace(entry, (found) => ({ ...found, typed, content, state: "waiting", refusal: null }));
  }

  /** Send a refused entry again, under the same ids; also one that was withdrawn. */
  async retry(entry: Entry) {
    const again: Entry = { ...entry, state: "waiting", refusal: null };
    await this.#change(entry.threadId, (queue) => {
      const found = queue.find(({ id }) => id === entry.id);
      if (!found) return [...queue, again];
      return queue.map((one) => (one === found && one.state === "failed" ? { ...one, state: "waiting", refusal: null } : one));
    });
    this.#run(entry.threadId);
  }

  /** Send an entry ahead of all others, and interrupt the running answer. */
  async sendNow(entry: Entry) {
    await this.#change(entry.threadId, (queue) => {
      const found = queue.find(({ id }) => id === entry.id);
      return found && found.state !== "sending" ? withFirst(queue, { ...found, now: true, state: "waiting", refusal: null }) : queue;
    });
    this.#run(entry.threadId);
  }

  /** Move an entry one place up (-1) or down (1). */
  async move(entry: Entry, by: -1 | 1) {
    await this.#change(entry.threadId, (queue) => swapped(queue, queue.findIndex(({ id }) => id === entry.id), by));
  }

  /** Remove an entry. Return false if it is on its way already. */
  async withdraw(entry: Entry): Promise<boolean> {
    const queue = await this.#change(entry.threadId, (queue) => queue.filter(({ id, state }) => id !== entry.id || state === "sending"));
    this.#run(entry.threadId);
    return !queue.some(({ id }) => id === entry.id);
  }

  /** Remove the queue of a deleted chat. */
  async forget(threadId: string) {
    if (this.#queues.has(threadId)) await this.#change(threadId, () => []);
  }

  /** Try at once: the answer of a chat has ended, or the network is back. */
  wake(threadId?: string) {
    const sleeping = threadId === undefined ? [...this.#sleeping.values()] : [this.#sleeping.get(threadId)];
    for (const sleep of sleeping) sleep?.wake();
  }

  #mine({ owner }: Entry) {
    return owner === "" || this.#owner === null || owner === this.#owner;
  }

  #find(entry: Entry) {
    return this.entries(entry.threadId).find(({ id }) => id === entry.id);
  }

  #delivery(id: string) {
    const known = this.#deliveries.get(id);
    if (known) return known;
    const delivery = {} as Delivery<Accepted>;
    delivery.promise = new Promise((resolve, reject) => Object.assign(delivery, { resolve, reject }));
    this.#deliveries.set(id, delivery);
    return delivery;
  }

  async #change(threadId: string, change: (queue: Queue) => Queue): Promise<Queue> {
    const queue = await this.#host.storage.change(threadId, change);
    this.#keep(threadId, queue);
    return queue;
  }

  #keep(threadId: string, queue: Queue) {
    if (queue.length) this.#queues.set(threadId, queue);
    else this.#queues.delete(threadId);
    for (const { id, refusal } of queue) if (refusal) this.#settle(id)?.reject(refusal);
    this.changed();
  }

  /** Forget the delivery of an entry, and return it if a part of the page waits for it. */
  #settle(id: string) {
    const delivery = this.#deliveries.get(id);
    this.#deliveries.delete(id);
    return delivery;
  }

  async #replace(entry: Entry, change: (entry: Entry) => Entry): Promise<boolean> {
    let changed = false;
    await this.#change(entry.threadId, (queue) =>
      queue.map((one) => {
        if (one.id !== entry.id || one.state === "sending") return one;
        changed = true;
        return change(one);
      }),
    );
    this.#run(entry.threadId);
    return changed;
  }

  async #onOtherTab(threadId: string) {
    this.#keep(threadId, await this.#host.storage.change(threadId, (queue) => queue));
    this.#run(threadId);
  }

  /** Send the chat's queue unless this tab does already; then wake it up. */
  #run(threadId: string) {
    this.wake(threadId);
    if (this.#active.has(threadId) || !this.#next(threadId)) return;
    this.#active.add(threadId);
    void this.#host
      .exclusive(threadId, () => this.#empty(threadId))
      .finally(() => {
        this.#active.delete(threadId);
        // An entry may have come after the last check.
        if (this.#next(threadId)) this.#run(threadId);
      });
  }

  /** The entry to send: the oldest, unless it was refused and waits for its author. */
  #next(threadId: string) {
    const [entry] = this.#queues.get(threadId) ?? [];
    return entry && entry.state !== "failed" && this.#mine(entry) ? entry : null;
  }

  async #empty(threadId: string) {
    this.#keep(threadId, await this.#host.storage.change(threadId, (queue) => queue));
    for (let failures = 0, next = this.#next(threadId); next; next = this.#next(threadId)) {
      if (!next.now && this.#host.isAnswering(threadId)) {
        await this.#sleep(threadId, BUSY_PAUSE);
        continue;
      }
      const entry = await this.#claim(threadId);
      if (!entry) continue;
      const reached = await this.#attempt(entry);
      this.#host.waiting(threadId, !reached);
      failures = reached ? 0 : failures + 1;
      if (!reached) await this.#sleep(threadId, pauseAfter(failures));
    }
  }

  /** Mark the first entry as being sent: it cannot be changed any more. */
  async #claim(threadId: string): Promise<Entry | null> {
    const claimed = await this.#change(threadId, ([first, ...rest]) => {
      if (!first) return [];
      return [first.state === "failed" || !this.#mine(first) ? first : { ...first, state: "sending" }, ...rest];
    });
    return this.#next(threadId) ? (claimed[0] ?? null) : null;
  }

  /** Send an entry once. Return false if the server could not be reached. */
  async #attempt(entry: Entry): Promise<boolean> {
    try {
      this.#accepted(entry, await this.#host.send(entry));
      await this.#change(entry.threadId, (queue) => queue.filter(({ id }) => id !== entry.id));
      return true;
    } catch (problem) {
      const refusal = refusalOf(problem);
      if (refusal?.code === "thread_busy") await this.#busy(entry);
      else if (refusal) await this.#refused(entry, refusal);
      else await this.#release(entry);
      return refusal !== null;
    }
  }

  #accepted(entry: Entry, accepted: Accepted) {
    this.#sent.add(entry.id);
    const delivery = this.#settle(entry.id);
    if (delivery) delivery.resolve(accepted);
    else this.#host.discard(accepted);
  }

  async #busy(entry: Entry) {
    await this.#release(entry);
    await this.#sleep(entry.threadId, BUSY_PAUSE);
  }

  #release(entry: Entry) {
    return this.#change(entry.threadId, (queue) => queue.map((one) => (one.id === entry.id ? { ...one, state: "waiting" } : one)));
  }

  /** Keep a refused entry with the reason; its author decides. */
  async #refused(entry: Entry, refusal: Refusal) {
    const reused = REUSED.has(refusal.code);
    const reason = reused ? { ...refusal, message: this.#host.tooLate() } : refusal;
    const ids = reused ? { id: this.#host.newId(), responseId: this.#host.newId() } : {};
    await this.#change(entry.threadId, (queue) =>
      queue.map((one) => (one.id === entry.id ? { ...one, ...ids, state: "failed", refusal: reason } : one)),
    );
  }

  async #sleep(threadId: string, milliseconds: number) {
    const sleep = this.#host.sleep(milliseconds);
    this.#sleeping.set(threadId, sleep);
    await sleep.done;
    this.#sleeping.delete(threadId);
  }
}

/** Return the queue with this entry first; one that is being sent stays ahead of it. */
function withFirst(queue: Queue, entry: Entry): Queue {
  const others = queue.filter(({ id }) => id !== entry.id);
  const ahead = others.filter(({ state }) => state === "sending");
  return [...ahead, entry, ...others.filter(({ state }) => state !== "sending")];
}

function swapped(queue: Queue, at: number, by: -1 | 1): Queue {
  const [one, other] = [queue[at], queue[at + by]];
  if (!one || !other || one.state === "sending" || other.state === "sending") return queue;
  return queue.map((entry, index) => (index === at ? other : index === at + by ? one : entry));
}

function refusalOf(problem: unknown): Refusal | null {
  const { status, code = "", message = "", retryAfter = null, problem: fields = {} } = problem as Partial<Refusal>;
  return typeof status === "number" && status > 0 ? { status, code, message, retryAfter, problem: fields } : null;
}
