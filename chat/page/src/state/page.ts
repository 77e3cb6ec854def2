/** The page put together: who is here, which thread is open, what the address says, what other tabs do. */

import { announce } from "@plain/js/announce.js";
import { Api, type Problem } from "@plain/js/api.js";
import { Live } from "@plain/js/live.js";
import { recall, remember } from "@plain/js/storage.js";
import { words } from "../words";
import { Conversation } from "./conversation";
import { Draft } from "./draft";
import type { Session, Thread } from "./shapes";
import { Store } from "./store";
import { Threads } from "./threads";

/** Milliseconds until a page that found no server asks again. */
const PATIENCE = 3000;
/** Characters of the first words that stand for a title until the server has made one. */
const TITLE = 80;

export const pathOf = (threadId: string | null) => (threadId === null ? "/" : `/c/${encodeURIComponent(threadId)}`);

function addressed(): string | null {
  const found = /^\/c\/([^/]+)$/.exec(location.pathname);
  return found?.[1] ? decodeURIComponent(found[1]) : null;
}

export class Page extends Store {
  readonly api = new Api();
  readonly draft = new Draft();
  readonly threads = new Threads({
    api: this.api,
    removed: (threadId) => this.#removed(threadId),
    failed: (problem) => this.failed(problem),
  });
  readonly conversation = new Conversation({
    api: this.api,
    model: () => this.model,
    created: (threadId, said) => this.#created(threadId, said),
    accepted: () => this.draft.accepted(),
    refused: () => this.draft.refused(),
    failed: (problem) => this.failed(problem),
  });
  session: Session | null = null;
  model = "c1";
  notice = "";
  menu = false;

  async start() {
    addEventListener("popstate", () => void this.#turnTo(addressed()));
    await this.#arrive();
  }

  get models(): string[] {
    return (this.session?.models ?? []).map((model) => (typeof model === "string" ? model : model.name));
  }

  get takesPictures() {
    return this.session?.imageModels?.includes(this.model) ?? false;
  }

  get title() {
    return this.threads.get(this.conversation.threadId)?.title || words.untitled;
  }

  /** Opens a thread, or with null the start of a new one. */
  async go(threadId: string | null) {
    if (addressed() !== threadId) history.pushState({}, "", pathOf(threadId));
    await this.#turnTo(threadId);
  }

  choose(model: string) {
    this.model = model;
    remember("model", model);
    this.changed();
  }

  openMenu(open: boolean) {
    this.menu = open;
    this.changed();
  }

  /** What went wrong, and what can be done; it stays until it is closed or something else is opened. */
  failed(problem: unknown) {
    const { status, message } = problem as Problem;
    if (status === 401) location.assign(`/login/?next=${encodeURIComponent(location.pathname)}`);
    this.tell(status ? message : words.unreachable);
  }

  tell(notice: string) {
    this.notice = notice;
    this.changed();
  }

  async #arrive() {
    try {
      this.session = await this.api.session();
      this.#prefer(recall("model"));
      // Who was quicker than the session and has sent something is where they want to be.
      const turned = this.conversation.sent ? undefined : this.#turnTo(addressed());
      await Promise.all([this.threads.load(), turned]);
    } catch (problem) {
      this.failed(problem);
      if ((problem as Problem).status !== 401) setTimeout(() => void this.#arrive(), PATIENCE);
      return;
    }
    this.#prefer(this.threads.get(this.conversation.threadId)?.model);
    new Live({ thread: (event, thread) => this.#heard(event, thread), back: () => void this.#again() });
    announce(words.ready);
    this.changed();
  }

  async #turnTo(threadId: string | null) {
    this.menu = false;
    this.notice = "";
    this.draft.turnTo(threadId);
    this.changed();
    try {
      await this.conversation.open(threadId);
      await this.#acquaint(threadId);
    } catch (problem) {
      await this.#lost(problem as Problem);
    }
    this.changed();
  }

  /** A thread below the first page of the list, or an archived one, has a title and a model too. */
  async #acquaint(threadId: string | null) {
    if (threadId === null) return;
    if (!this.threads.get(threadId)) this.threads.upsert(await this.api.thread(threadId));
    this.#prefer(this.threads.get(threadId)?.model);
  }

  async #lost(problem: Problem) {
    if (problem.status !== 404) {
      this.failed(problem);
      return;
    }
    history.replaceState({}, "", "/");
    await this.#turnTo(null);
    this.tell(words.gone);
  }

  #prefer(model: string | null | undefined) {
    if (model && this.models.includes(model)) this.model = model;
    else if (!this.models.includes(this.model) && this.models[0]) this.model = this.models[0];
  }

  #created(threadId: string, said: string) {
    const now = new Date().toISOString();
    history.pushState({}, "", pathOf(threadId));
    this.draft.rename(threadId);
    const title = said.slice(0, TITLE);
    const times = { createdAt: now, updatedAt: now };
    this.threads.upsert({ threadId, title, ...times, archived: false, model: this.model, activeResponseId: null });
    this.changed();
  }

  #removed(threadId: string) {
    if (threadId === this.conversation.threadId) void this.go(null);
  }

  #heard(event: "created" | "updated" | "deleted", thread: Thread) {
    const open = thread.threadId === this.conversation.threadId;
    if (event === "deleted") {
      const mine = this.threads.going(thread.threadId);
      this.threads.drop(thread.threadId);
      if (open && !mine) void this.#lost({ status: 404 } as Problem);
      return;
    }
    this.threads.upsert(thread);
    this.changed();
    if (!open) return;
    const active = thread.activeResponseId;
    if (active ? !this.conversation.follows(active) : !this.conversation.running.length) this.#refresh();
  }

  #refresh() {
    this.conversation.refresh().catch((problem: Problem) => (problem.status === 404 ? undefined : this.failed(problem)));
  }

  async #again() {
    await this.threads.load().catch((problem: unknown) => this.failed(problem));
    this.#refresh();
  }
}
