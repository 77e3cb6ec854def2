/** The state of the page: session, open thread, address, and events of other tabs. */

import { announce } from "@plain/js/announce.js";
import { recall, remember } from "@plain/js/storage.js";
import { ChatClient, ConnectionLostError, type ProblemError, type SendOptions } from "chat-client";
import { language, words } from "../words";
import { budgetRefusal } from "./budgetRefusal";
import { Conversation } from "./conversation";
import { Draft } from "./draft";
import type { Found } from "./found";
import { Notifier } from "./notifier";
import { pageOutbox, recallUnsaved } from "./pageOutbox";
import type { Session, Thread } from "./apiTypes";
import { Overlays } from "./overlays";
import { takeSignInOutcome } from "./signInOutcome";
import { Store } from "./store";
import { Threads } from "./threads";
import { Unread } from "./unread";
import { awaitReading } from "./upload";

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
  readonly api = new ChatClient({ maxRetries: Infinity });
  readonly draft = new Draft();
  readonly threads = new Threads({
    api: this.api,
    removed: (threadId) => this.#removed(threadId),
    known: (threads) => this.unread.note(threads, this.conversation.threadId),
    failed: (problem) => this.failed(problem),
  });
  readonly unread = new Unread();
  readonly notifier = new Notifier();
  readonly outbox = pageOutbox({
    api: this.api,
    isAnswering: (threadId) => threadId === this.conversation.threadId && this.conversation.answering,
    waiting: (threadId, waits) => threadId === this.conversation.threadId && this.conversation.setWaiting(waits),
  });
  readonly conversation: Conversation = new Conversation({
    api: this.api,
    outbox: this.outbox,
    owner: () => this.#owner,
    model: () => this.model,
    effort: () => this.effort || undefined,
    beginning: (): SendOptions => (this.temporary ? { temporary: true } : {}),
    created: (threadId, text) => this.#created(threadId, text),
    accepted: () => this.draft.accepted(),
    refused: (typed, shown) => this.draft.refused(typed, shown),
    failed: (problem) => this.failed(problem),
    ended: (reply) => {
      if (this.conversation.threadId !== null) this.unread.ended(this.conversation.threadId);
      this.notifier.show(this.title, reply);
    },
    asked: (reply) => this.notifier.show(this.title, reply),
  });
  readonly overlays = new Overlays();
  session: Session | null = null;
  model = "c1";
  #effort = recall("effort");
  /** Number of choices of a model by hand: a thread that is being loaded does not undo one. */
  #choices = 0;
  notice = "";
  menu = false;
  /** True while the list of chats is folded away in a wide window. */
  folded = recall("sidebar") === "folded";
  #temporary = false;

  async start() {
    addEventListener("popstate", () => void this.#switchTo(threadIdFromLocation()));
    // Drafts are here without the server.
    this.draft.switchTo(threadIdFromLocation());
    const signIn = takeSignInOutcome();
    if (signIn) this.overlays.open({ kind: "settings", signIn });
    await this.#loadSession();
  }

  get models(): string[] {
    return (this.session?.models ?? []).map((model) => (typeof model === "string" ? model : model.name));
  }

  /** The account that the outbox sends for; empty for a guest, whose chats move into the account that logs in. */
  get #owner() {
    return this.session && !this.session.guest ? this.session.user.username : "";
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

  /** True if the open thread is in no list and expires, or the next one will be. */
  get temporary(): boolean {
    const { threadId } = this.conversation;
    return threadId === null ? this.#temporary : (this.threads.get(threadId)?.temporary ?? this.#temporary);
  }

  /** Make the next thread a temporary one, or not. */
  setTemporary(temporary: boolean) {
    this.#temporary = temporary;
    this.changed();
  }

  fold(folded: boolean) {
    this.folded = folded;
    remember("sidebar", folded ? "folded" : "");
    this.changed();
  }

  get title() {
    return this.threads.get(this.conversation.threadId)?.title || words.untitled;
  }

  /** Open a thread, or with null the start of a new one; at the message that a search found, if there is one. */
  async go(threadId: string | null, found: Found | null = null) {
    if (threadIdFromLocation() !== threadId) history.pushState({}, "", pathOf(threadId));
    await this.#switchTo(threadId, found);
  }

  choose(model: string) {
    this.model = model;
    this.#choices += 1;
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
    if ((problem as ProblemError).status === 401) location.assign(`/login/?next=${encodeURIComponent(location.pathname)}`);
    this.showNotice(this.describe(problem));
  }

  /** Return a problem in the reader's language. The server speaks English, and says more than the page's own sentence. */
  describe(problem: unknown): string {
    const { status, quota, code, message } = problem as ProblemError;
    if (!status) return problem instanceof ConnectionLostError ? words.unreachable : message;
    const own = language === "en" ? undefined : (words.problems[code] ?? words.codes[code]);
    return words.quotas[quota] ?? budgetRefusal(problem as ProblemError) ?? own ?? message;
  }

  showNotice(notice: string) {
    this.notice = notice;
    this.changed();
  }

  async #loadSession() {
    const choices = this.#choices;
    try {
      this.session = await this.api.session();
      this.#selectModel(recall("defaultModel") || recall("model"));
      const unsaved = recallUnsaved();
      await this.outbox.start(this.#owner);
      // A prompt sent before the session was loaded has opened its thread already.
      const turned = this.conversation.sent ? undefined : this.#switchTo(threadIdFromLocation() ?? this.#withEntries(unsaved));
      await Promise.all([this.threads.load(), turned]);
    } catch (problem) {
      this.failed(problem);
      const { status, retryAfter } = problem as ProblemError;
      if (status !== 401) setTimeout(() => void this.#loadSession(), retryAfter ? retryAfter * 1000 : RETRY_DELAY_MS);
      return;
    }
    if (choices === this.#choices) this.#selectModel(this.threads.get(this.conversation.threadId)?.model);
    this.api.watch({ thread: (event, thread) => this.#onThreadEvent(event, thread), back: () => void this.#onReconnect() });
    announce(words.ready);
    this.changed();
  }

  /** Return the chat of this tab that the server did not know before the reload, if prompts of it are still to be sent. */
  #withEntries(threadId: string | null) {
    return this.outbox.entries(threadId).length ? threadId : null;
  }

  async #switchTo(threadId: string | null, found: Found | null = null) {
    const choices = this.#choices;
    const { threadId: left, running } = this.conversation;
    if (left !== null && running.length) this.unread.leave(left);
    this.menu = false;
    this.notice = "";
    this.#temporary = false;
    if (threadId === null) this.#selectModel(recall("defaultModel"));
    this.draft.switchTo(threadId);
    this.unread.open(this.threads.get(threadId));
    awaitReading(this);
    this.changed();
    try {
      await this.conversation.open(threadId);
      if (found) await this.conversation.reveal(found);
      await this.#loadThreadDetails(threadId, choices);
    } catch (problem) {
      await this.#onThreadMissing(problem as ProblemError);
    }
    this.changed();
  }

  /** Load title and model of a thread that is not in the list: archived, or below its first page. */
  async #loadThreadDetails(threadId: string | null, choices: number) {
    if (threadId === null || threadId !== this.conversation.savedThreadId) return;
    if (!this.threads.get(threadId)) this.threads.upsert(await this.api.thread(threadId));
    if (choices === this.#choices && threadId === this.conversation.threadId) this.#selectModel(this.threads.get(threadId)?.model);
  }

  async #onThreadMissing(problem: ProblemError) {
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
    const marks = { archived: false, pinned: false, temporary: this.#temporary };
    this.threads.upsert({ threadId, title, ...times, ...marks, model: this.model, activeResponseId: null });
    this.changed();
  }

  #removed(threadId: string) {
    if (threadId === this.conversation.threadId) void this.go(null);
  }

  #onThreadEvent(event: "created" | "updated" | "deleted", thread: Thread) {
    const open = thread.threadId === this.conversation.threadId;
    if (event === "deleted") {
      const mine = this.threads.isDeleting(thread.threadId);
      this.threads.drop(thread.threadId);
      void this.outbox.forget(thread.threadId);
      if (open && !mine) void this.#onThreadMissing({ status: 404 } as ProblemError);
      return;
    }
    const waited = this.threads.get(thread.threadId)?.waiting;
    this.threads.upsert(thread);
    this.changed();
    // In the open chat the answer itself says so.
    if (!open && thread.waiting && !waited) this.#asked(thread);
    if (!thread.activeResponseId) this.outbox.wake(thread.threadId);
    if (!open) return;
    const active = thread.activeResponseId;
    if (active ? !this.conversation.follows(active) : !this.conversation.running.length) this.#refresh();
  }

  /** Announce that an answer in another chat waits for the user. */
  #asked({ title, activeResponseId }: Thread) {
    announce(words.requests.asks(title || words.untitled));
    this.notifier.show(title || words.untitled, { id: activeResponseId ?? "", status: "waiting" });
  }

  #refresh() {
    this.conversation.refresh().catch((problem: ProblemError) => (problem.status === 404 ? undefined : this.failed(problem)));
  }

  async #onReconnect() {
    await this.threads.load().catch((problem: unknown) => this.failed(problem));
    this.#refresh();
  }
}
