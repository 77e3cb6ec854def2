/** One answer: its text, its status, and the reader that follows its stream. */

import { announce, Speaker } from "@plain/js/announce.js";
import type { Api, Problem } from "@plain/js/api.js";
import { blocksOf, plainText } from "@plain/js/blocks.js";
import { storedForm, withForm } from "@plain/js/envelope.js";
import { Follower } from "@plain/js/stream.js";
import { type Thinking, thinkingOf, toolsAfter } from "@plain/js/thinking.js";
import { words } from "../words";
import type { End, FormState, Message, Status, Tool } from "./apiTypes";
import { Store } from "./store";

/** Milliseconds between two drawings: one frame at 60 Hz, so that text flows. */
const FRAME_MS = 16;
/** Pause after a drawing, as a multiple of its duration: drawing then takes a quarter of the time at most. */
const DRAW_BACKOFF_FACTOR = 3;
/** Milliseconds between two extractions of the text for screen readers: one costs as much as a drawing. */
const ANNOUNCE_INTERVAL_MS = 1500;
/** Milliseconds between the last change of a form and its storing: a pause in typing. */
const FORM_SAVE_DELAY_MS = 600;

const RUNNING = new Set<Status>(["queued", "streaming", "sending"]);
const RETRYABLE = new Set<Status>(["failed", "interrupted"]);

/** The line below an answer; one with `problem` offers to try again. */
export interface Note {
  words: string;
  problem: boolean;
}

export interface ReplyHost {
  api: Api;
  threadId: string;
  accepted(reply: Reply): void;
  changed(reply: Reply, problem: Problem | null): void;
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
  waiting = false;
  /** Send the request of this answer; null for answers loaded from the server. */
  post: ((signal: AbortSignal) => Promise<Response>) | null = null;
  taken = false;
  stopWanted = false;
  #host: ReplyHost;
  #speaker = new Speaker();
  #follower: Follower | null = null;
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
    this.versions = message.versions;
    this.score = message.feedback?.score ?? 0;
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
    const on = {
      accepted: () => this.#host.accepted(this),
      start: ({ status }: { status: Status }) => this.#setStatus(status),
      text: (piece: string, offset: number) => this.#append(piece, offset),
      thought: (piece: string, offset: number) => this.#think(piece, offset),
      tool: (data: Tool) => this.#toolChanged(data),
      end: (data: End) => this.#end(data),
      waiting: (waits: boolean) => this.#setWaiting(waits),
      refused: (problem: Problem) => this.#refused(problem),
    };
    const post = this.taken ? null : this.post;
    const cursors = { offset: this.offset, thinkingOffset: this.thinking.offset };
    this.#follower = new Follower({ api: this.#host.api, responseId: this.id, ...cursors, post, on });
    void this.#follower.run();
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
    this.#follower?.leave();
    this.#speaker.leave();
    clearTimeout(this.#drawTimer);
    if (this.#formTimer !== undefined) this.#saveForm();
  }

  /** Take over the message as the server lists it. */
  update(message: Message) {
    this.versions = message.versions;
    this.score = message.feedback?.score ?? 0;
    const same = message.content === this.text && message.status === this.status;
    if (!this.running) {
      this.thinking = thinkingOf(message);
      this.tools = message.tools;
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
    return this.#host.api.rate(this.#host.threadId, this.id, score);
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
    this.#host.api.replace(this.#host.threadId, this.id, this.text).catch(() => undefined);
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
    if (!this.running || !this.#follower || this.#drawStartedAt - this.#announcedAt < ANNOUNCE_INTERVAL_MS) return;
    this.#announcedAt = this.#drawStartedAt;
    this.#speaker.hear(plainText(blocksOf(this.text, true)));
  }

  #setStatus(status: Status) {
    if (RUNNING.has(status)) this.status = status;
    this.#updateNote(null);
    this.changed();
    this.#host.changed(this, null);
  }

  #toolChanged(event: Tool) {
    this.tools = toolsAfter(this.tools, event);
    this.thinking.pause();
    this.changed();
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
    this.#updateNote(error, finishReason);
    this.#draw();
    this.#setWaiting(false);
    this.#speaker.finish(plainText(blocksOf(this.text)), words.endings[status] ?? words.ended);
    this.#host.changed(this, null);
    if (keptOffset !== null && keptOffset < this.offset) this.#host.cut();
  }

  #refused(problem: Problem) {
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
    announce(problem.message);
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
    const message = words.problems[error.code] ?? error.message ?? words.endings.failed;
    return [message, retryAfter ? words.tryIn(retryAfter) : ""].filter(Boolean).join(" ");
  }
}
