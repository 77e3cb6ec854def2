/** The state of the page: session, open thread, address, and events of other tabs. */

import { announce } from "@plain/js/announce.js";
import { Api, type Problem } from "@plain/js/api.js";
import { Live } from "@plain/js/live.js";
import { recall, remember } from "@plain/js/storage.js";
import { words } from "../words";
import { Conversation } from "./conversation";
import { Draft } from "./draft";
import type { Session, Thread } from "./apiTypes";
import { Store } from "./store";
import { Threads } from "./threads";

/** Milliseconds until a page that did not reach the server tries again: short enough for a restart. */
const RETRY_DELAY_MS = 3000;
/** Characters of the first prompt used as title until the server has made one; as many as the server's own. */
const MAX_PROVISIONAL_TITLE = 80;

export const pathOf = (threadId: string | null) => (threadId === null ? "/" : `/c/${encodeURIComponent(threadId)}`);

function threadIdFromLocation(): string | null {
  const match = /^\/c\/([^/]+)$/.exec(location.pathname);
  return match?.[1] ? decodeURIComponent(match[1]) : null;
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
    effort: () => this.effort || undefined,
    created: (threadId, text) => this.#created(threadId, text),
    accepted: () => this.draft.accepted(),
    refused: () => this.draft.refused(),
    failed: (problem) => this.failed(problem),
  });
  session: Session | null = null;
  model = "c1";
  #effort = recall("effort");
  notice = "";
  menu = false;

  async start() {
    addEventListener("popstate", () => void this.#switchTo(threadIdFromLocation()));
    await this.#loadSession();
  }

  get models(): string[] {
    return (this.session?.models ?? []).map((model) => (typeof model === "string" ? model : model.name));
  }

  get takesPictures() {
    return this.session?.imageModels?.includes(this.model) ?? false;
  }

  get efforts(): string[] {
    return this.session?.efforts?.[this.model] ?? [];
  }

  /** The chosen effort; empty where the model does not offer it. */
  get effort() {
    return this.efforts.includes(this.#effort) ? this.#effort : "";
  }

  get title() {
    return this.threads.get(this.conversation.threadId)?.title || words.untitled;
  }

  /** Open a thread, or with null the start of a new one. */
  async go(threadId: string | null) {
    if (threadIdFromLocation() !== threadId) history.pushState({}, "", pathOf(threadId));
    await this.#switchTo(threadId);
  }

  choose(model: string) {
    this.model = model;
    remember("model", model);
    this.changed();
  }

  chooseEffort(effort: string) {
    this.#effort = effort;
    remember("effort", effort);
    this.changed();
  }

  openMenu(open: boolean) {
    this.menu = open;
    this.changed();
  }

  /** Show an error until it is closed or another thread is opened. Status 401 leads to the log-in page. */
  failed(problem: unknown) {
    const { status, quota, message } = problem as Problem;
    if (status === 401) location.assign(`/login/?next=${encodeURIComponent(location.pathname)}`);
    this.showNotice(status ? (words.quotas[quota] ?? message) : words.unreachable);
  }

  showNotice(notice: string) {
    this.notice = notice;
    this.changed();
  }

  async #loadSession() {
    try {
      this.session = await this.api.session();
      this.#selectModel(recall("model"));
      // A prompt sent before the session was loaded has opened its thread already.
      const turned = this.conversation.sent ? undefined : this.#switchTo(threadIdFromLocation());
      await Promise.all([this.threads.load(), turned]);
    } catch (problem) {
      this.failed(problem);
      const { status, retryAfter } = problem as Problem;
      if (status !== 401) setTimeout(() => void this.#loadSession(), retryAfter ? retryAfter * 1000 : RETRY_DELAY_MS);
      return;
    }
    this.#selectModel(this.threads.get(this.conversation.threadId)?.model);
    new Live({ thread: (event, thread) => this.#onThreadEvent(event, thread), back: () => void this.#onReconnect() });
    announce(words.ready);
    this.changed();
  }

  async #switchTo(threadId: string | null) {
    this.menu = false;
    this.notice = "";
    this.draft.switchTo(threadId);
    this.changed();
    try {
      await this.conversation.open(threadId);
      await this.#loadThreadDetails(threadId);
    } catch (problem) {
      await this.#onThreadMissing(problem as Problem);
    }
    this.changed();
  }

  /** Load title and model of a thread that is not in the list: archived, or below its first page. */
  async #loadThreadDetails(threadId: string | null) {
    if (threadId === null) return;
    if (!this.threads.get(threadId)) this.threads.upsert(await this.api.thread(threadId));
    this.#selectModel(this.threads.get(threadId)?.model);
  }

  async #onThreadMissing(problem: Problem) {
    if (problem.status !== 404) {
      this.failed(problem);
      return;
    }
    history.replaceState({}, "", "/");
    await this.#switchTo(null);
    this.showNotice(words.gone);
  }

  #selectModel(model: string | null | undefined) {
    if (model && this.models.includes(model)) this.model = model;
    else if (!this.models.includes(this.model) && this.models[0]) this.model = this.models[0];
  }

  #created(threadId: string, text: string) {
    const now = new Date().toISOString();
    history.pushState({}, "", pathOf(threadId));
    this.draft.rename(threadId);
    const title = text.slice(0, MAX_PROVISIONAL_TITLE);
    const times = { createdAt: now, updatedAt: now };
    this.threads.upsert({ threadId, title, ...times, archived: false, model: this.model, activeResponseId: null });
    this.changed();
  }

  #removed(threadId: string) {
    if (threadId === this.conversation.threadId) void this.go(null);
  }

  #onThreadEvent(event: "created" | "updated" | "deleted", thread: Thread) {
    const open = thread.threadId === this.conversation.threadId;
    if (event === "deleted") {
      const mine = this.threads.going(thread.threadId);
      this.threads.drop(thread.threadId);
      if (open && !mine) void this.#onThreadMissing({ status: 404 } as Problem);
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

  async #onReconnect() {
    await this.threads.load().catch((problem: unknown) => this.failed(problem));
    this.#refresh();
  }
}
