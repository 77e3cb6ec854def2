/** The list of threads, last activity first: search, archive, and deletion with undo. */

import type { Api } from "@plain/js/api.js";
import type { ThreadSearchResult, Thread } from "./apiTypes";
import { Store } from "./store";

/** Milliseconds in which a deletion can be undone: long enough to read the notice. */
export const UNDO_MS = 10_000;
/** Milliseconds between the last key and the search: a pause in typing. */
const PAUSE = 200;

/** A hidden thread that is deleted (or stays archived) when the time for an undo is over. */
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
  list: ThreadSearchResult[] = [];
  loading = true;
  query = "";
  archive = false;
  undoable: Undoable | null = null;
  #known = new Map<string, Thread>();
  #going = new Set<string>();
  /** Thread events since the list was requested: they are newer than the listed threads. */
  #news = new Map<string, Thread>();
  #cursor: string | null = null;
  #searching: ReturnType<typeof setTimeout> | undefined;
  #regret: ReturnType<typeof setTimeout> | undefined;
  #requestNumber = 0;
  #host: ThreadsHost;

  constructor(host: ThreadsHost) {
    super();
    this.#host = host;
    // A closed page cannot undo: delete now. The request outlives the page.
    addEventListener("pagehide", () => this.#settle());
  }

  get hasMore() {
    return this.#cursor !== null;
  }

  get(threadId: string | null): Thread | null {
    return threadId === null ? null : (this.#known.get(threadId) ?? null);
  }

  /** Return true if this page is deleting the thread: its events are ignored then. */
  going(threadId: string) {
    return this.#going.has(threadId);
  }

  /** Load the first page for the current search and archive view. */
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

  /** Insert or update a thread: it is new or renamed, or an answer began or ended. */
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

  /** Remove a deleted thread, also from lists under way. */
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

  /** Hide the thread at once and delete it later, so that it can be undone. */
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
    this.#regret = setTimeout(() => this.#settle(), UNDO_MS);
  }

  /** Carry out the pending deletion: the time for an undo is over. */
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
      // The thread is in the archive, where the user can delete it again.
      this.#going.delete(thread.threadId);
      this.#host.failed(problem);
    }
  }

  async #reload() {
    await this.load().catch((problem: unknown) => this.#host.failed(problem));
  }

  async #page(cursor: string | null) {
    const request = (this.#requestNumber += 1);
    this.#news.clear();
    const query = { q: this.query.trim(), cursor, archived: this.#scope() };
    const { threads, nextCursor } = await this.#host.api.threads(query);
    if (request !== this.#requestNumber) return;
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

/** Return each thread once, at its first position. */
function unique(threads: ThreadSearchResult[]): ThreadSearchResult[] {
  return [...new Map(threads.toReversed().map((thread) => [thread.threadId, thread])).values()].toReversed();
}
