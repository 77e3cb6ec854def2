/** The list of threads: last activity first, found by words, archived, or deleted unless somebody says no in time. */

import type { Api } from "@plain/js/api.js";
import type { Excerpted, Thread } from "./shapes";
import { Store } from "./store";

/** Milliseconds in which a deletion can be taken back. */
export const REGRET = 10_000;
/** Milliseconds after the last key until it is searched: a pause in typing. */
const PAUSE = 200;

/** A thread that is hidden already, and is deleted (or stays archived) when the time is over. */
export interface Undoable {
  thread: Thread;
  kind: "removed" | "archived";
}

export interface ThreadsHost {
  api: Api;
  removed(threadId: string): void;
  failed(problem: unknown): void;
}

export class Threads extends Store {
  list: Excerpted[] = [];
  loading = true;
  query = "";
  archive = false;
  undoable: Undoable | null = null;
  #known = new Map<string, Thread>();
  #going = new Set<string>();
  /** News since the list was asked for: what comes back is older than they are. */
  #news = new Map<string, Thread>();
  #cursor: string | null = null;
  #searching: ReturnType<typeof setTimeout> | undefined;
  #regret: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #host: ThreadsHost;

  constructor(host: ThreadsHost) {
    super();
    this.#host = host;
    // Who leaves does not come back to regret it. The request outlives the page.
    addEventListener("pagehide", () => this.#settle());
  }

  get hasMore() {
    return this.#cursor !== null;
  }

  get(threadId: string | null): Thread | null {
    return threadId === null ? null : (this.#known.get(threadId) ?? null);
  }

  /** Whether this page is deleting it: no news then. */
  going(threadId: string) {
    return this.#going.has(threadId);
  }

  /** The first page of what is wanted now. */
  async load() {
    await this.#page(null);
  }

  async more() {
    await this.#page(this.#cursor).catch((problem: unknown) => this.#host.failed(problem));
  }

  search(query: string) {
    this.query = query;
    this.changed();
    clearTimeout(this.#searching);
    this.#searching = setTimeout(() => void this.#reload(), PAUSE);
  }

  showArchive(shown: boolean) {
    this.archive = shown;
    void this.#reload();
  }

  /** News of a thread: it is new or renamed, or an answer began or ended. */
  upsert(thread: Thread) {
    this.#known.set(thread.threadId, thread);
    this.#news.set(thread.threadId, thread);
    const before = this.list.find((one) => one.threadId === thread.threadId);
    const rest = this.list.filter((one) => one !== before);
    if (this.#hides(thread)) this.list = rest;
    else if (this.query) this.list = this.list.map((one) => (one === before ? { ...one, ...thread } : one));
    else if (before?.updatedAt === thread.updatedAt) this.list = this.list.map((one) => (one === before ? thread : one));
    else this.list = [thread, ...rest];
    this.changed();
  }

  /** A deleted thread is gone from here, and comes back in no list that was asked for before. */
  drop(threadId: string) {
    this.#known.delete(threadId);
    this.#news.delete(threadId);
    this.#going.add(threadId);
    this.list = this.list.filter((one) => one.threadId !== threadId);
    this.changed();
  }

  async rename(thread: Thread, title: string) {
    await this.#try(async () => this.upsert(await this.#host.api.change(thread.threadId, { title })));
  }

  async setArchived(thread: Thread, archived: boolean) {
    this.#settle();
    await this.#try(async () => {
      this.upsert(await this.#host.api.change(thread.threadId, { archived }));
      if (archived) this.#offer({ thread, kind: "archived" });
    });
  }

  /** Hides the thread at once and deletes it later, so that it can be taken back. */
  async remove(thread: Thread) {
    this.#settle();
    this.#going.add(thread.threadId);
    this.list = this.list.filter((one) => one.threadId !== thread.threadId);
    this.#offer({ thread, kind: "removed" });
    this.#host.removed(thread.threadId);
    if (!thread.archived) await this.#try(() => this.#host.api.change(thread.threadId, { archived: true }));
  }

  async undo() {
    const undoable = this.undoable;
    clearTimeout(this.#regret);
    this.undoable = null;
    if (!undoable) return;
    const { thread } = undoable;
    this.#going.delete(thread.threadId);
    this.changed();
    await this.#try(async () => {
      this.upsert(await this.#host.api.change(thread.threadId, { archived: thread.archived }));
      await this.load();
    });
  }

  #hides(thread: Thread) {
    return this.#going.has(thread.threadId) || (!this.query && thread.archived !== this.archive);
  }

  #offer(undoable: Undoable) {
    this.undoable = undoable;
    this.changed();
    this.#regret = setTimeout(() => this.#settle(), REGRET);
  }

  /** The time to take it back is over. */
  #settle() {
    clearTimeout(this.#regret);
    const undoable = this.undoable;
    this.undoable = null;
    if (undoable?.kind === "removed") void this.#delete(undoable.thread);
    if (undoable) this.changed();
  }

  async #delete(thread: Thread) {
    try {
      await this.#host.api.remove(thread.threadId);
      this.drop(thread.threadId);
    } catch (problem) {
      // It is in the archive, where it can be deleted again.
      this.#going.delete(thread.threadId);
      this.#host.failed(problem);
    }
  }

  async #reload() {
    await this.load().catch((problem: unknown) => this.#host.failed(problem));
  }

  async #page(cursor: string | null) {
    const asked = (this.#asked += 1);
    this.#news.clear();
    const wanted = { q: this.query.trim(), cursor, archived: this.#scope() };
    const { threads, nextCursor } = await this.#host.api.threads(wanted);
    if (asked !== this.#asked) return;
    const latest = threads.map((thread) => ({ ...thread, ...this.#news.get(thread.threadId) }));
    for (const thread of latest) this.#known.set(thread.threadId, thread);
    const shown = latest.filter((thread) => !this.#going.has(thread.threadId));
    const kept = this.list.filter((thread) => cursor !== null || (!this.query && this.#news.has(thread.threadId)));
    this.list = unique([...kept, ...shown]);
    this.#cursor = nextCursor;
    this.loading = false;
    this.changed();
  }

  #scope(): "true" | "any" | undefined {
    if (this.query.trim()) return "any";
    return this.archive ? "true" : undefined;
  }

  async #try(work: () => Promise<unknown>) {
    try {
      await work();
    } catch (problem) {
      this.#host.failed(problem);
    }
  }
}

/** Each thread once, where it comes first. */
function unique(threads: Excerpted[]): Excerpted[] {
  return [...new Map(threads.toReversed().map((thread) => [thread.threadId, thread])).values()].toReversed();
}
