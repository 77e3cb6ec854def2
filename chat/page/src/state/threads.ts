/** The list of threads, last activity first: search, archive, and deletion with undo. */

import type { ChatClient } from "chat-client";
import type { ThreadSearchResult, Thread } from "./apiTypes";
import { Store } from "./store";

/** Milliseconds in which a deletion can be undone: long enough to read the notice. */
export const UNDO_MS = 10_000;
/** Pinned threads that are shown: the largest page of the server. */
const MAX_PINNED = 100;
/** Milliseconds between the last key and the search: a pause in typing. */
const PAUSE = 200;

/** Hidden threads that are deleted (or stay archived) when the time for an undo is over. */
export interface Undoable {
  threads: Thread[];
  kind: "removed" | "archived";
}

export interface ThreadsHost {
  api: ChatClient;
  removed(threadId: string): void;
  /** Take in threads as the server has them now. */
  known(threads: Thread[]): void;
  failed(problem: unknown): void;
}

export class Threads extends Store {
  list: ThreadSearchResult[] = [];
  loading = true;
  query = "";
  archive = false;
  undoable: Undoable | null = null;
  /** Ids of the selected threads; null while none can be selected. */
  selection: Set<string> | null = null;
  #known = new Map<string, Thread>();
  #deleting = new Set<string>();
  /** Thread events since the list was requested: they are newer than the listed threads. */
  #changes = new Map<string, Thread>();
  #cursor: string | null = null;
  #searching: ReturnType<typeof setTimeout> | undefined;
  #undoTimer: ReturnType<typeof setTimeout> | undefined;
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
  isDeleting(threadId: string) {
    return this.#deleting.has(threadId);
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
    this.#host.known([thread]);
    this.#changes.set(thread.threadId, thread);
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
    this.#changes.delete(threadId);
    this.#deleting.add(threadId);
    this.list = this.list.filter((one) => one.threadId !== threadId);
    this.changed();
  }

  async rename(thread: Thread, title: string) {
    await this.#try(async () => this.upsert(await this.#host.api.updateThread(thread.threadId, { title })));
  }

  async setPinned(thread: Thread, pinned: boolean) {
    await this.#try(async () => this.upsert(await this.#host.api.updateThread(thread.threadId, { pinned })));
  }

  async setArchived(threads: Thread[], archived: boolean) {
    this.#settle();
    await this.#try(async () => {
      for (const thread of await this.#changeAll(threads, () => archived)) this.upsert(thread);
      if (archived) this.#offer({ threads, kind: "archived" });
    });
  }

  /** Hide the threads at once and delete them later, so that it can be undone. */
  async remove(threads: Thread[]) {
    this.#settle();
    for (const { threadId } of threads) this.#deleting.add(threadId);
    this.list = this.list.filter((one) => !this.#deleting.has(one.threadId));
    this.#offer({ threads, kind: "removed" });
    for (const { threadId } of threads) this.#host.removed(threadId);
    const kept = threads.filter((thread) => !thread.archived);
    await this.#try(() => this.#changeAll(kept, () => true));
  }

  async undo() {
    const undoable = this.undoable;
    clearTimeout(this.#undoTimer);
    this.undoable = null;
    if (!undoable) return;
    for (const { threadId } of undoable.threads) this.#deleting.delete(threadId);
    this.changed();
    await this.#try(async () => {
      for (const thread of await this.#changeAll(undoable.threads, ({ archived }) => archived)) this.upsert(thread);
      await this.load();
    });
  }

  /** Begin or end a selection. */
  select(on: boolean) {
    this.selection = on ? new Set() : null;
    this.changed();
  }

  toggle(threadId: string) {
    const selection = new Set(this.selection);
    if (!selection.delete(threadId)) selection.add(threadId);
    this.selection = selection;
    this.changed();
  }

  selectAll() {
    this.selection = new Set(this.list.map((thread) => thread.threadId));
    this.changed();
  }

  get selected(): Thread[] {
    return this.list.filter((thread) => this.selection?.has(thread.threadId));
  }

  #changeAll(threads: Thread[], archived: (thread: Thread) => boolean) {
    return Promise.all(threads.map((one) => this.#host.api.updateThread(one.threadId, { archived: archived(one) })));
  }

  #hides(thread: Thread) {
    return this.#deleting.has(thread.threadId) || thread.temporary || (!this.query && thread.archived !== this.archive);
  }

  #offer(undoable: Undoable) {
    this.undoable = undoable;
    this.changed();
    this.#undoTimer = setTimeout(() => this.#settle(), UNDO_MS);
  }

  /** Carry out the pending deletion: the time for an undo is over. */
  #settle() {
    clearTimeout(this.#undoTimer);
    const undoable = this.undoable;
    this.undoable = null;
    if (undoable?.kind === "removed") for (const thread of undoable.threads) void this.#delete(thread);
    if (undoable) this.changed();
  }

  async #delete(thread: Thread) {
    try {
      await this.#host.api.deleteThread(thread.threadId);
      this.drop(thread.threadId);
    } catch (problem) {
      // The thread is in the archive, where the user can delete it again.
      this.#deleting.delete(thread.threadId);
      this.#host.failed(problem);
    }
  }

  async #reload() {
    await this.load().catch((problem: unknown) => this.#host.failed(problem));
  }

  async #page(cursor: string | null) {
    const request = (this.#requestNumber += 1);
    this.#changes.clear();
    const query = { q: this.query.trim(), cursor, archived: this.#scope() };
    const [{ threads, nextCursor }, pinned] = await Promise.all([this.#host.api.threads(query), this.#pinned(cursor)]);
    if (request !== this.#requestNumber) return;
    const latest = [...threads, ...pinned].map((thread) => ({ ...thread, ...this.#changes.get(thread.threadId) }));
    for (const thread of latest) this.#known.set(thread.threadId, thread);
    this.#host.known(latest);
    const shown = latest.filter((thread) => !this.#deleting.has(thread.threadId));
    const kept = this.list.filter((thread) => cursor !== null || (!this.query && this.#changes.has(thread.threadId)));
    this.list = unique([...kept, ...shown]);
    this.#cursor = nextCursor;
    this.loading = false;
    this.changed();
  }

  /** Return the pinned threads with the first page of the list: they are at its top, however old they are. */
  async #pinned(cursor: string | null): Promise<Thread[]> {
    if (cursor !== null || this.archive || this.query.trim()) return [];
    return (await this.#host.api.threads({ pinned: "true", limit: MAX_PINNED })).threads;
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
