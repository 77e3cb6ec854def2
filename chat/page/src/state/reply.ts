/** One answer as it is now: its text, what became of it, and the reader that follows it. */

import { announce, Speaker } from "@plain/js/announce.js";
import type { Api, Problem } from "@plain/js/api.js";
import { blocksOf, plainText } from "@plain/js/blocks.js";
import { storedForm, withForm } from "@plain/js/envelope.js";
import { Follower } from "@plain/js/stream.js";
import { words } from "../words";
import type { End, FormState, Message, Status, Tool } from "./shapes";
import { Store } from "./store";

/** Milliseconds between two drawings: a frame, so that text flows. */
const FRAME = 16;
/** A drawing may take a quarter of the time: the next one waits three times as long as the last one took. */
const REST = 3;
/** Milliseconds between two looks at what can be read aloud: reading it out of the text costs as much as a drawing. */
const HEARING = 1500;
/** Milliseconds after the last change of a form until its values are kept: a pause in typing. */
const KEEPING = 600;

const RUNNING = new Set<Status>(["queued", "streaming", "sending"]);
const AGAIN = new Set<Status>(["failed", "interrupted"]);

/** The line below an answer; `problem` ones can be tried again. */
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
  tool = "";
  waiting = false;
  /** Asks for it; null where it was there when the page came. */
  post: ((signal: AbortSignal) => Promise<Response>) | null = null;
  taken = false;
  stopWanted = false;
  #host: ReplyHost;
  #speaker = new Speaker();
  #follower: Follower | null = null;
  #drawing: ReturnType<typeof setTimeout> | undefined;
  #keeping: ReturnType<typeof setTimeout> | undefined;
  #begun = 0;
  #took = 0;
  #heard = 0;

  constructor(message: Message, host: ReplyHost) {
    super();
    this.#host = host;
    this.id = message.id;
    this.text = String(message.content);
    this.status = message.status;
    this.offset = message.offset ?? 0;
    this.versions = message.versions;
    this.score = message.feedback?.score ?? 0;
    this.#say(null);
  }

  get running() {
    return RUNNING.has(this.status);
  }

  /** Whether it can be asked for again. */
  get again() {
    return AGAIN.has(this.status);
  }

  get form(): FormState | null {
    return storedForm(this.text);
  }

  /** Follows on from what is here; where it was not asked for yet, it is asked for first. */
  follow() {
    const on = {
      accepted: () => this.#host.accepted(this),
      start: ({ status }: { status: Status }) => this.#turn(status),
      text: (piece: string, offset: number) => this.#append(piece, offset),
      tool: (data: Tool) => this.#used(data),
      end: (data: End) => this.#end(data),
      waiting: (waits: boolean) => this.#wait(waits),
      refused: (problem: Problem) => this.#refused(problem),
    };
    const post = this.taken ? null : this.post;
    this.#follower = new Follower({ api: this.#host.api, responseId: this.id, offset: this.offset, post, on });
    void this.#follower.run();
  }

  /** Back to the moment before it was refused. */
  resume() {
    this.status = "sending";
    this.#say(null);
    this.#draw();
    this.follow();
  }

  /** The page shows something else; the answer goes on. */
  leave() {
    this.#follower?.leave();
    this.#speaker.leave();
    clearTimeout(this.#drawing);
    if (this.#keeping !== undefined) this.#put();
  }

  /** The message as the server has it now. */
  update(message: Message) {
    this.versions = message.versions;
    this.score = message.feedback?.score ?? 0;
    const same = message.content === this.text && message.status === this.status;
    if (!this.running && !same && this.#keeping === undefined) {
      this.text = String(message.content);
      this.status = message.status;
      this.offset = message.offset ?? 0;
      this.#say(null);
      if (this.running) this.follow();
    }
    this.changed();
  }

  rate(score: number) {
    this.score = score;
    this.changed();
    return this.#host.api.rate(this.#host.threadId, this.id, score);
  }

  /** Keeps a form's values with the answer, so that they are there after a reload. */
  keep(form: FormState) {
    this.text = withForm(this.text, { ...this.form, ...form });
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => this.#put(), KEEPING);
  }

  /** Told by whoever drew it, so that the next drawing comes when there is time for it. */
  drawn() {
    if (this.#begun) this.#took = performance.now() - this.#begun;
    this.#begun = 0;
  }

  #put() {
    clearTimeout(this.#keeping);
    this.#keeping = undefined;
    // A form that cannot be kept loses nothing: its values are still in it and are sent with its button.
    this.#host.api.replace(this.#host.threadId, this.id, this.text).catch(() => undefined);
  }

  #append(piece: string, offset: number) {
    this.text += piece;
    this.offset = offset;
    this.status = "streaming";
    this.tool = "";
    this.#drawing ??= setTimeout(() => this.#draw(), Math.max(FRAME, this.#took * REST));
  }

  #draw() {
    clearTimeout(this.#drawing);
    this.#drawing = undefined;
    this.#begun = performance.now();
    this.#hear();
    this.changed();
  }

  #hear() {
    if (!this.running || !this.#follower || this.#begun - this.#heard < HEARING) return;
    this.#heard = this.#begun;
    this.#speaker.hear(plainText(blocksOf(this.text, true)));
  }

  #turn(status: Status) {
    if (RUNNING.has(status)) this.status = status;
    this.#say(null);
    this.changed();
    this.#host.changed(this, null);
  }

  #used({ name, state }: Tool) {
    this.tool = state === "started" ? words.using(name) : state === "failed" ? words.toolFailed(name) : "";
    this.changed();
  }

  #wait(waits: boolean) {
    if (this.waiting !== waits) {
      this.waiting = waits;
      this.changed();
    }
    this.#host.waiting(waits);
  }

  #end({ status, finishReason, error, keptOffset }: End) {
    this.status = status;
    this.tool = "";
    this.#say(error, finishReason);
    this.#draw();
    this.#wait(false);
    this.#speaker.finish(plainText(blocksOf(this.text)), words.endings[status] ?? words.ended);
    this.#host.changed(this, null);
    if (keptOffset !== null && keptOffset < this.offset) this.#host.cut();
  }

  #refused(problem: Problem) {
    this.status = "failed";
    this.#wait(false);
    if (problem.code === "bad_offset") {
      // A process died with bytes that only this reader has seen: what is kept is shown, and followed on.
      this.#host.cut();
      return;
    }
    this.#say(problem, null, problem.retryAfter);
    this.#draw();
    announce(problem.message);
    this.#host.changed(this, problem);
  }

  #say(error: { code: string; message: string } | null, finishReason: string | null = null, retryAfter: number | null = null) {
    const said = this.#words(error, finishReason, retryAfter);
    this.note = said ? { words: said, problem: this.again } : null;
  }

  #words(error: { code: string; message: string } | null, finishReason: string | null, retryAfter: number | null) {
    if (this.status === "queued") return words.queued;
    if (finishReason === "length") return words.longest;
    if (!error) return words.endings[this.status] ?? "";
    const told = words.problems[error.code] ?? error.message ?? words.endings.failed;
    return [told, retryAfter ? words.tryIn(retryAfter) : ""].filter(Boolean).join(" ");
  }
}
