/** One answer: its text, its status, and the reader that follows its stream. */

import { announce, Speaker } from "@plain/js/announce.js";
import { storedForm, withForm } from "@plain/js/envelope.js";
import { type Thinking, thinkingOf, toolsAfter } from "@plain/js/thinking.js";
import { type ChatClient, ProblemError, type Stream, type StreamEvent, type ToolUpdate } from "chat-client";
import { language, words } from "../words";
import type { Attachment, End, FormState, Message, Status, Tool } from "./apiTypes";
import { budgetRefusal } from "./budgetRefusal";
import { Requests } from "./requests";
import { spokenText } from "./spoken";
import { Store } from "./store";

/** Milliseconds between two drawings: one frame at 60 Hz, so that text flows. */
const FRAME_MS = 16;
/** Pause after a drawing, as a multiple of its duration: drawing then takes a quarter of the time at most. */
const DRAW_BACKOFF_FACTOR = 3;
/** Milliseconds between two extractions of the text for screen readers: one costs as much as a drawing. */
const ANNOUNCE_INTERVAL_MS = 1500;
/** Milliseconds between the last change of a form and its storing: a pause in typing. */
const FORM_SAVE_DELAY_MS = 600;

const RUNNING = new Set<Status>(["queued", "streaming", "waiting", "sending"]);
const RETRYABLE = new Set<Status>(["failed", "interrupted"]);

/** The line below an answer; one with `problem` offers to try again. */
export interface Note {
  words: string;
  problem: boolean;
}

/** The events of an answer: of a stream, or of one that begins later. */
export type ReplyStream = AsyncIterable<StreamEvent> & Pick<Stream, "close">;

export interface ReplyHost {
  api: ChatClient;
  threadId: string;
  accepted(reply: Reply): void;
  changed(reply: Reply, problem: ProblemError | null): void;
  /** The answer waits for a person from now on. */
  asked(reply: Reply): void;
  cut(): void;
  waiting(waits: boolean): void;
}

export class Reply extends Store {
  readonly kind = "reply";
  readonly id: string;
  text: string;
  status: Status;
  offset: number;
  versions: string[];
  score: number;
  note: Note | null = null;
  thinking: Thinking;
  tools: Tool[];
  /** Files that tools gave with the answer. */
  attachments: Attachment[];
  waiting = false;
  readonly requests: Requests;
  /** Return the stream that requests this answer; null for answers loaded from the server. */
  post: (() => ReplyStream) | null = null;
  taken = false;
  stopWanted = false;
  #host: ReplyHost;
  #speaker = new Speaker();
  #stream: ReplyStream | null = null;
  #drawTimer: ReturnType<typeof setTimeout> | undefined;
  #formTimer: ReturnType<typeof setTimeout> | undefined;
  #drawStartedAt = 0;
  #drawDuration = 0;
  #announcedAt = 0;

  constructor(message: Message, host: ReplyHost) {
    super();
    this.#host = host;
    this.id = message.id;
    this.text = String(message.content);
    this.status = message.status;
    this.offset = message.offset ?? 0;
    this.thinking = thinkingOf(message);
    this.tools = message.tools;
    this.attachments = message.attachments ?? [];
    this.versions = message.versions;
    this.score = message.feedback?.score ?? 0;
    this.requests = new Requests(host.api, this.id, message.requests ?? [], () => this.#requestsChanged());
    this.#updateNote(null);
  }

  get running() {
    return RUNNING.has(this.status);
  }

  /** True if the answer can be requested again. */
  get canRetry() {
    return RETRYABLE.has(this.status);
  }

  get form(): FormState | null {
    return storedForm(this.text);
  }

  /** Follow the stream from the current offset; send the request first if the server has not accepted it. */
  follow() {
    const cursors = { offset: this.offset, thinkingOffset: this.thinking.offset };
    this.#stream = this.post && !this.taken ? this.post() : this.#host.api.follow(this.id, cursors);
    void this.#read(this.#stream);
  }

  /** Send a refused request again with the same ids. */
  resume() {
    this.status = "sending";
    this.#updateNote(null);
    this.#draw();
    this.follow();
  }

  /** Stop following; the answer itself goes on at the server. */
  leave() {
    this.#stream?.close();
    this.#speaker.leave();
    clearTimeout(this.#drawTimer);
    if (this.#formTimer !== undefined) this.#saveForm();
  }

  /** Take over the message as the server lists it. */
  update(message: Message) {
    this.versions = message.versions;
    this.score = message.feedback?.score ?? 0;
    this.attachments = message.attachments ?? [];
    const same = message.content === this.text && message.status === this.status;
    if (!this.running) {
      this.thinking = thinkingOf(message);
      this.tools = message.tools;
      this.requests.update(message.requests ?? []);
    }
    if (!this.running && !same && this.#formTimer === undefined) {
      this.text = String(message.content);
      this.status = message.status;
      this.offset = message.offset ?? 0;
      this.#updateNote(null);
      if (this.running) this.follow();
    }
    this.changed();
  }

  rate(score: number) {
    this.score = score;
    this.changed();
    return this.#host.api.rateMessage(this.#host.threadId, this.id, score);
  }

  /** Store a form's values with the answer, so that they survive a reload. */
  keep(form: FormState) {
    this.text = withForm(this.text, { ...this.form, ...form });
    clearTimeout(this.#formTimer);
    this.#formTimer = setTimeout(() => this.#saveForm(), FORM_SAVE_DELAY_MS);
  }

  /** Measure the drawing that has just ended: the next one waits accordingly. */
  drawn() {
    if (this.#drawStartedAt) this.#drawDuration = performance.now() - this.#drawStartedAt;
    this.#drawStartedAt = 0;
  }

  #saveForm() {
    clearTimeout(this.#formTimer);
    this.#formTimer = undefined;
    // A failure loses nothing: the values are still in the form and are sent with its button.
    this.#host.api.replaceMessage(this.#host.threadId, this.id, this.text).catch(() => undefined);
  }

  async #read(stream: ReplyStream) {
    try {
      for await (const event of stream) this.#take(event);
    } catch (error) {
      this.#refused(error as ProblemError);
    }
  }

  /** Show an event. Throw the refusal of a request that was not accepted yet: the user decides when to send it again. */
  #take(event: StreamEvent) {
    if (event.type === "text") this.#append(event.text, event.offset);
    else if (event.type === "thinking") this.#think(event.text, event.thinkingOffset);
    else if (event.type === "tool") this.#toolChanged(event);
    else if (event.type === "request") this.#asked(this.requests.add(event) && !event.by);
    else if (event.type === "answer") this.requests.close(event.requestId, event.outcome);
    else if (event.type === "end") this.#end(event);
    else if (event.type === "start") this.#start(event.status);
    else if (event.error instanceof ProblemError && this.post && !this.taken) throw event.error;
    else this.#setWaiting(true);
  }

  #start(status: Status) {
    this.#setWaiting(false);
    if (this.post && !this.taken) this.#host.accepted(this);
    this.#setStatus(status);
  }

  #append(piece: string, offset: number) {
    this.text += piece;
    this.offset = offset;
    this.thinking.pause();
    this.#goOn();
  }

  #think(piece: string, offset: number) {
    if (!this.thinking.text) announce(words.thinking);
    this.thinking.append(piece, offset);
    this.#goOn();
  }

  #goOn() {
    this.status = "streaming";
    this.#drawTimer ??= setTimeout(() => this.#draw(), Math.max(FRAME_MS, this.#drawDuration * DRAW_BACKOFF_FACTOR));
  }

  #draw() {
    clearTimeout(this.#drawTimer);
    this.#drawTimer = undefined;
    this.#drawStartedAt = performance.now();
    this.#announceProgress();
    this.changed();
  }

  #announceProgress() {
    if (!this.running || !this.#stream || this.#drawStartedAt - this.#announcedAt < ANNOUNCE_INTERVAL_MS) return;
    this.#announcedAt = this.#drawStartedAt;
    void spokenText(this.text, true).then((text) => this.#speaker.hear(text), () => undefined);
  }

  async #announceEnd(ending: string) {
    this.#speaker.finish(await spokenText(this.text).catch(() => ""), ending);
  }

  #setStatus(status: Status) {
    if (RUNNING.has(status)) this.status = status;
    this.#updateNote(null);
    this.changed();
    this.#host.changed(this, null);
  }

  #toolChanged(event: ToolUpdate) {
    this.tools = toolsAfter(this.tools, event);
    this.thinking.pause();
    this.changed();
  }

  #asked(isNew: boolean) {
    this.thinking.pause();
    this.#requestsChanged();
    if (isNew) this.#host.asked(this);
  }

  /** The answer waits as long as any request is open, and goes on with the last answer. */
  #requestsChanged() {
    if (this.requests.open.length) this.#setStatus("waiting");
    else if (this.status === "waiting") this.#setStatus("streaming");
    else this.changed();
  }

  #setWaiting(waits: boolean) {
    if (this.waiting !== waits) {
      this.waiting = waits;
      this.changed();
    }
    this.#host.waiting(waits);
  }

  #end({ status, finishReason, error, keptOffset }: End) {
    this.status = status;
    this.thinking.pause();
    this.requests.end();
    this.#updateNote(error, finishReason);
    this.#draw();
    this.#setWaiting(false);
    void this.#announceEnd(words.endings[status] ?? words.ended);
    this.#host.changed(this, null);
    if (keptOffset !== null && keptOffset < this.offset) this.#host.cut();
  }

  #refused(problem: ProblemError) {
    this.status = "failed";
    this.thinking.pause();
    this.#setWaiting(false);
    if (problem.code === "bad_offset") {
      // A process died with bytes that it had not stored yet: show the stored text and follow on from it.
      this.#host.cut();
      return;
    }
    this.#updateNote(problem, null, problem.retryAfter);
    this.#draw();
    announce(this.note?.words ?? problem.message);
    this.#host.changed(this, problem);
  }

  #updateNote(error: { code: string; message: string } | null, finishReason: string | null = null, retryAfter: number | null = null) {
    const text = this.#noteText(error, finishReason, retryAfter);
    this.note = text ? { words: text, problem: this.canRetry } : null;
  }

  #noteText(error: { code: string; message: string } | null, finishReason: string | null, retryAfter: number | null) {
    if (this.status === "queued") return words.queued;
    if (finishReason === "length") return words.longest;
    if (!error) return words.endings[this.status] ?? "";
    const budget = budgetRefusal(error);
    if (budget) return budget;
    // The server speaks English, and says more than the page's own sentence.
    const translated = language === "en" ? undefined : words.codes[error.code];
    const message = words.problems[error.code] ?? translated ?? error.message ?? words.endings.failed;
    return [message, retryAfter ? words.tryIn(retryAfter) : ""].filter(Boolean).join(" ");
  }
}
