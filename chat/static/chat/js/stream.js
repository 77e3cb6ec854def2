/** The reader of one response's stream: counts bytes, reconnects at its offset, and delivers each byte once. */

import { Problem } from "./api.js";

/** Milliseconds before each new attempt: quick after a short fault, slow in an outage. */
const PAUSES = [300, 700, 1500, 3000, 6000, 10000];
/** Milliseconds of silence after which a connection counts as dead: three missed heartbeats of 15 s. */
const SILENCE = 45000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Yield `{event, id, data}` of a server-sent event stream; drop comments and unknown fields. */
export async function* eventsOf(body, onBytes) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onBytes?.();
    const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

function parse(block) {
  const fields = { event: "message", id: "", data: [] };
  for (const line of block.split("\n")) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === "data") fields.data.push(value);
    else if (name === "event" || name === "id") fields[name] = value;
  }
  return fields.data.length ? { ...fields, data: JSON.parse(fields.data.join("\n")) } : null;
}

/** Return the text's offset of an event's id, `<offset>` or `<offset>:<thinkingOffset>`. */
const textOffset = (id) => Number(id.split(":", 1)[0]);

/** Return the part of a delta after `offset`; throw if bytes are missing before it. */
export function fresh(text, after, offset) {
  const bytes = encoder.encode(text);
  const from = after - bytes.length;
  if (from > offset) throw new Error(`bytes ${offset} to ${from} are missing`);
  if (after <= offset) return "";
  return from === offset ? text : decoder.decode(bytes.subarray(offset - from));
}

/**
 * A reader that follows one response to its end. `post(signal)` starts the response and is repeated until the server accepts it;
 * without `post` the response exists already. `on`: accepted(), start(data), text(piece, offset), tool(data), end(data),
 * waiting(bool), refused(problem), thought(piece, thinkingOffset).
 */
export class Follower {
  #left = false;
  #attempt = null;
  #failures = 0;
  #wake = null;

  constructor({ api, responseId, offset = 0, thinkingOffset = 0, post = null, on }) {
    Object.assign(this, { api, responseId, offset, thinkingOffset, post, on });
    this.accepted = post === null;
  }

  async run() {
    const online = () => this.#wake?.();
    addEventListener("online", online);
    try {
      while (!this.#left && !(await this.#once())) await this.#pause();
    } finally {
      removeEventListener("online", online);
    }
  }

  /** Stop reading; the response itself goes on at the server. */
  leave() {
    this.#left = true;
    this.#attempt?.abort();
    this.#wake?.();
  }

  /** Return true if nothing more will come. */
  async #once() {
    try {
      return await this.#read(await this.#open());
    } catch (error) {
      return this.#left || this.#final(error);
    }
  }

  #open() {
    this.#attempt = new AbortController();
    if (this.accepted) return this.api.stream(this.responseId, this, this.#attempt.signal);
    return this.post(this.#attempt.signal);
  }

  async #read(response) {
    if (!this.accepted) this.on.accepted?.();
    this.accepted = true;
    const watch = this.#watchdog();
    try {
      for await (const event of eventsOf(response.body, watch.seen)) {
        this.#failures = 0;
        this.on.waiting(false);
        if (this.#take(event)) return true;
      }
    } finally {
      watch.stop();
    }
    return this.#left;
  }

  #take({ event, id, data }) {
    if (event === "start") this.on.start?.(data);
    else if (event === "tool") this.on.tool?.(data);
    else if (event === "delta") this.#delta(data.text, textOffset(id));
    else if (event === "thinking") this.#thought(data);
    else if (event === "end") this.on.end(data);
    return event === "end";
  }

  #delta(text, after) {
    const piece = fresh(text, after, this.offset);
    this.offset = Math.max(this.offset, after);
    if (piece) this.on.text(piece, this.offset);
  }

  #thought({ text, thinkingOffset }) {
    const piece = fresh(text, thinkingOffset, this.thinkingOffset);
    this.thinkingOffset = Math.max(this.thinkingOffset, thinkingOffset);
    if (piece) this.on.thought?.(piece, this.thinkingOffset);
  }

  #final(error) {
    if (!(error instanceof Problem)) return false;
    if (this.accepted && error.passing) return false;
    this.on.refused(error);
    return true;
  }

  #watchdog() {
    const attempt = this.#attempt;
    let timer = setTimeout(() => attempt.abort(), SILENCE);
    const stop = () => clearTimeout(timer);
    const seen = () => {
      stop();
      timer = setTimeout(() => attempt.abort(), SILENCE);
    };
    return { seen, stop };
  }

  async #pause() {
    if (this.#left) return;
    this.on.waiting(true);
    const pause = PAUSES[Math.min(this.#failures++, PAUSES.length - 1)];
    await new Promise((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, pause * (0.75 + Math.random() / 2));
    });
  }
}
