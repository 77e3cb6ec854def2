/** The open thread: its messages, its running answers, and new prompts. */

import { announce } from "@plain/js/announce.js";
import { newId } from "@plain/js/dom.js";
import type { ProblemError, SendOptions } from "chat-client";
import { words } from "../words";
import type { Attachment, Message } from "./apiTypes";
import type { Found } from "./found";
import { type Item, MessageList } from "./messageList";
import type { Entry } from "./outbox";
import type { ConversationHost } from "./conversationHost";
import { recallUnsaved, rememberUnsaved } from "./pageOutbox";
import { promptContent, withText } from "./promptContent";
import { Reply, type ReplyHost } from "./reply";
import { Store } from "./store";
import { Unsent } from "./unsent";
import { UserMessage } from "./userMessage";

/** A new prompt, before it has its ids. */
type Prompt = Pick<Entry, "content" | "typed" | "attachments">;

export class Conversation extends Store {
  threadId: string | null = null;
  loading = false;
  waiting = false;
  /** Number of prompts sent by hand from this page: after each one the view moves to it. */
  sent = 0;
  /** The message to be shown: a search has found it. */
  found: Found | null = null;
  /** Text of the latest prompt of a thread that the server does not know yet; null for all other threads. */
  #unsavedPrompt: string | null = null;
  #host: ConversationHost;
  #list: MessageList;
  #unsent: Unsent;
  /** Entries to which the view moves when they are shown: they were sent by hand a moment ago. */
  #byHand = new Set<string>();

  constructor(host: ConversationHost) {
    super();
    this.#host = host;
    this.#list = new MessageList({ api: host.api, replyHost: () => this.#replyHost(), changed: () => this.changed() });
    this.#unsent = new Unsent({
      outbox: host.outbox,
      isShown: (id) => this.#list.has(id),
      isDue: (entry) => !this.loading && (entry.now || !this.running.length),
      show: (entry, post) => this.#show(entry, post),
      remove: (reply, entry) => this.#remove(reply, entry),
      removedElsewhere: () => void this.#leftOutbox(),
    });
    host.outbox.subscribe(() => this.#syncOutbox());
  }

  get items(): Item[] {
    return this.#list.items;
  }

  /** True if there are messages before the first one. */
  get hasMore() {
    return this.#list.hasMore;
  }

  /** Number of times that a chat was opened. */
  get navigation() {
    return this.#list.generation;
  }

  /** Show a thread, or with null the start of a new one. Throw a `ProblemError` if the server refuses. */
  async open(threadId: string | null) {
    const unsaved = threadId !== null && threadId === recallUnsaved() ? this.#host.outbox.entries(threadId)[0] : undefined;
    const navigation = this.#leave();
    this.threadId = threadId;
    this.loading = threadId !== null;
    // A chat of this tab that the server did not know before a reload.
    if (unsaved) this.#unsavedPrompt = unsaved.typed;
    if (unsaved) rememberUnsaved(threadId);
    this.changed();
    try {
      await this.#load();
    } finally {
      if (navigation === this.navigation) this.loading = false;
      this.#syncOutbox();
    }
  }

  /** The open thread's id once the server knows the thread. */
  get savedThreadId() {
    return this.#unsavedPrompt === null ? this.threadId : null;
  }

  /** Load messages of other tabs and follow running answers. Do nothing while a prompt is being sent. */
  async refresh() {
    if (!this.#list.isSending) await this.#load();
  }

  /** Queue a prompt and send it in its turn. Resolve when the browser has stored it. */
  say(typed: string, context: unknown[] | null = null, attachments: Attachment[] = [], now = false): Promise<void> {
    return this.#queue({ content: promptContent(typed, this.#host.model(), context, attachments), typed, attachments }, {}, now);
  }

  /** Send an edited prompt in place of `message`; the old branch stays as another version. */
  edit(message: UserMessage, changed: string) {
    const content = withText(message.content, changed, this.#host.model());
    const entry = this.entryOf(message);
    if (entry) {
      void this.#host.outbox.edit(entry, changed, content);
      return;
    }
    const index = this.items.indexOf(message);
    const before = this.items[index - 1];
    this.#list.truncateAt(index);
    void this.#queue({ content, typed: changed, attachments: message.attachments ?? undefined }, { parentId: before?.id ?? null }, true);
  }

  /** Return the entry of a prompt that the server has not accepted yet. */
  entryOf(message: UserMessage): Entry | null {
    return this.#host.outbox.entries(this.threadId).find(({ id }) => id === message.id) ?? null;
  }

  /** Prompts that wait for their turn, oldest first. */
  get queued(): Entry[] {
    return this.#unsent.queued;
  }

  /** Change the text of a queued prompt. */
  editQueued(entry: Entry, changed: string) {
    return this.#host.outbox.edit(entry, changed, withText(entry.content, changed, this.#host.model()));
  }

  /** Interrupt the running answer with a queued prompt. */
  sendNow(entry: Entry) {
    this.#byHand.add(entry.id);
    return this.#host.outbox.sendNow(entry);
  }

  /** Request another answer to the same prompt; the old one stays as another version. */
  regenerate(reply: Reply) {
    this.#list.truncateAt(this.items.indexOf(reply));
    const fresh = this.#reply(newId(), [...reply.versions]);
    fresh.post = () => this.#host.api.regenerate(reply.id, { responseId: fresh.id, ...this.#choices() });
    this.#list.append(fresh);
    this.sent += 1;
    this.changed();
    fresh.follow();
  }

  /** Show another version of a message, with the branch below it. */
  async choose(versionId: string) {
    if (this.threadId === null) return;
    await this.#host.api.updateThread(this.threadId, { leaf: versionId });
    await this.refresh();
  }

  /** Stop all running answers, also those that the server has not accepted yet. */
  stop() {
    for (const reply of this.running) void this.#stop(reply);
  }

  /** Return true while an accepted answer of the open chat runs. */
  get answering() {
    return this.running.some((reply) => !this.#unsent.has(reply));
  }

  /** Show whether the server can be reached. */
  setWaiting(waits: boolean) {
    if (this.waiting === waits) return;
    this.waiting = waits;
    this.changed();
  }

  get running(): Reply[] {
    return this.items.filter((item): item is Reply => item.kind === "reply" && item.running);
  }

  /** Return true if this page already follows the response. */
  follows(responseId: string) {
    return this.running.some((reply) => reply.id === responseId);
  }

  /** Repeat a refused send with the same ids, so that it cannot run twice; regenerate a failed answer. */
  retry(reply: Reply) {
    if (this.#unsent.has(reply)) void this.#unsent.retry(reply);
    else if (reply.post && !reply.taken) reply.resume();
    else this.regenerate(reply);
  }

  /** Load the messages before the first one. */
  async older() {
    if (this.threadId !== null) await this.#list.older(this.threadId);
  }

  /** Show a message that a search found: load the earlier ones up to it, or the version that it is part of. */
  async reveal(found: Found) {
    const { navigation } = this;
    const isThere = () => navigation !== this.navigation || this.#list.has(found.messageId);
    while (!isThere() && this.hasMore) await this.older();
    if (!isThere()) await this.choose(found.messageId);
    if (navigation !== this.navigation) return;
    this.found = found;
    this.changed();
  }

  async #load() {
    if (this.savedThreadId !== null) await this.#list.load(this.savedThreadId);
  }

  #reply(id: string, versions: string[]): Reply {
    const message = { id, role: "assistant", content: "", createdAt: "", status: "sending", offset: 0, versions, feedback: null };
    return new Reply({ ...message, thinking: null, tools: [] } as Message, this.#replyHost());
  }

  #queue(prompt: Prompt, more: SendOptions, now: boolean): Promise<void> {
    const beginning = this.savedThreadId === null ? this.#host.beginning() : {};
    if (this.savedThreadId === null) this.#unsavedPrompt ??= prompt.typed;
    const threadId = (this.threadId ??= newId());
    if (this.#unsavedPrompt !== null) rememberUnsaved(threadId);
    const ids = { id: newId(), responseId: newId(), threadId };
    const state = { state: "waiting", refusal: null, now } as const;
    const entry: Entry = { ...ids, ...prompt, more: { ...this.#choices(), ...beginning, ...more }, owner: this.#host.owner(), ...state };
    if (now || !(this.running.length || this.queued.length)) this.#byHand.add(entry.id);
    return this.#host.outbox.add(entry);
  }

  #syncOutbox() {
    this.#unsent.sync(this.threadId);
    this.changed();
  }

  #show(entry: Entry, post: NonNullable<Reply["post"]>): Reply {
    const reply = this.#reply(entry.responseId, []);
    reply.post = post;
    this.#list.append(new UserMessage({ ...entry, versions: [entry.id] }), reply);
    if (this.#byHand.delete(entry.id)) {
      this.sent += 1;
      this.found = null;
    }
    return reply;
  }

  #remove(reply: Reply, entry: Entry) {
    reply.leave();
    this.#list.remove(reply.id, entry.id);
  }

  /** Ask the server about an entry that is neither in the outbox nor sent by this tab: another one has sent it, or it was withdrawn. */
  async #leftOutbox() {
    const { threadId, navigation } = this;
    const typed = this.#unsavedPrompt;
    if (typed === null || threadId === null) return this.#refreshInBackground();
    const isKnown = await this.#host.api.thread(threadId).then(() => true, () => false);
    if (navigation !== this.navigation) return;
    if (!isKnown) return this.items.length ? undefined : this.open(null);
    this.#unsavedPrompt = null;
    this.#host.created(threadId, typed);
    this.#refreshInBackground();
  }

  #choices() {
    return { model: this.#host.model(), effort: this.#host.effort() };
  }

  #replyHost(): ReplyHost {
    return {
      api: this.#host.api,
      threadId: this.threadId ?? "",
      accepted: (reply) => this.#accepted(reply),
      changed: (reply, problem) => this.#replyChanged(reply, problem),
      asked: (reply) => this.#host.asked(reply),
      cut: () => this.#refreshInBackground(),
      waiting: (waits) => this.setWaiting(waits),
    };
  }

  #accepted(reply: Reply) {
    reply.taken = true;
    this.#unsent.accepted(reply);
    const typed = this.#unsavedPrompt;
    this.#unsavedPrompt = null;
    rememberUnsaved(null);
    if (this.threadId !== null && typed !== null) this.#host.created(this.threadId, typed);
    this.changed();
    this.#host.accepted();
  }

  #replyChanged(reply: Reply, problem: ProblemError | null) {
    if (reply.stopWanted && reply.running && reply.status !== "sending") void this.#stop(reply);
    if (problem && !reply.taken) this.#refused(reply, problem);
    // The server knows the versions: reload them after the end of an answer.
    if (!reply.running && reply.taken) this.#refreshInBackground();
    if (!reply.running) this.#ended(reply);
    this.changed();
  }

  #ended(reply: Reply) {
    this.#host.ended(reply);
    if (this.threadId !== null) this.#host.outbox.wake(this.threadId);
    this.#syncOutbox();
  }

  /** Return the text of a refused first prompt to the field: no chat exists that could keep it. */
  #refused(reply: Reply, problem: ProblemError) {
    const entry = this.#unsavedPrompt === null ? null : this.#unsent.giveBack(reply);
    if (!entry) return;
    rememberUnsaved(null);
    this.#host.refused(entry.typed, !problem.temporary);
  }

  #refreshInBackground() {
    this.refresh().catch((problem: unknown) => this.#host.failed(problem));
  }

  async #stop(reply: Reply) {
    const withdrawn = this.waiting ? await this.#unsent.withdraw(reply) : null;
    if (withdrawn) return this.#host.refused(withdrawn.typed, true);
    reply.stopWanted = true;
    if (reply.status === "sending") return;
    try {
      await this.#host.api.stop(reply.id, reply.offset);
      reply.stopWanted = false;
    } catch (problem) {
      if ((problem as ProblemError).status) this.#host.failed(problem);
      else announce(words.stopLater);
    }
  }

  #leave() {
    this.#list.clear();
    this.waiting = false;
    this.found = null;
    this.#unsent.clear();
    this.#unsavedPrompt = null;
    rememberUnsaved(null);
    return this.navigation;
  }
}
