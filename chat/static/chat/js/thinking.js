/** A response's thought and tool calls as a page shows them: texts, cursor, times, states. */

/**
 * Characters of one drawn block: a growing thought redraws its last block alone, and browsers lay out only the blocks in
 * view. A block of this size takes about a millisecond to draw.
 */
const BLOCK_CHARACTERS = 4000;
/** Characters of the newest lines shown while the model thinks: more than two lines of a wide window. */
const TAIL_CHARACTERS = 300;
const FENCE = /^\s*```/gm;

const encoder = new TextEncoder();

export class Thinking {
  #since = null;
  #seconds;

  /** `stored`: `{text, seconds}` as the server lists it, or null. `active`: the model thinks at this moment. */
  constructor(stored, active = false) {
    this.text = stored?.text ?? "";
    this.offset = encoder.encode(this.text).length;
    this.#seconds = stored?.seconds ?? null;
    if (active && this.text) this.#start();
  }

  get active() {
    return this.#since !== null;
  }

  /** Seconds of all stretches of the thought, the present one included; null where the server does not know them. */
  get seconds() {
    return this.#since === null ? this.#seconds : (this.#seconds ?? 0) + (performance.now() - this.#since) / 1000;
  }

  /** The newest lines, without the marks of Markdown, which is drawn once the thought is opened. */
  get tail() {
    const lines = this.text.slice(-TAIL_CHARACTERS).trimEnd().split("\n").filter((line) => line.trim());
    return lines.slice(-2).join("\n").replace(/[*`]+|^#+ /gm, "");
  }

  append(piece, offset) {
    if (this.#since === null) this.#start();
    this.text += piece;
    this.offset = offset;
  }

  /** End the present stretch: text, a tool call or the end has come. */
  pause() {
    if (this.#since === null) return;
    this.#seconds = this.seconds;
    this.#since = null;
  }

  #start() {
    this.#since = performance.now();
  }
}

/** Return the state of the thought of a listed message; a running answer without text and running tools still thinks. */
export function thinkingOf({ thinking, tools, content, status }) {
  const toolRuns = tools?.some(({ state }) => state === "started");
  return new Thinking(thinking ?? null, status === "streaming" && !String(content).trim() && !toolRuns);
}

/** Return a thought as Markdown blocks. A growing thought changes its last block alone. */
export function thoughtBlocks(text) {
  const blocks = [];
  let fenced = false;
  for (let at = 0; at < text.length; ) {
    const end = blockEnd(text, at);
    const piece = text.slice(at, end);
    const opened = fenced;
    if ((piece.match(FENCE)?.length ?? 0) % 2) fenced = !fenced;
    blocks.push({ kind: "text", text: opened ? `\`\`\`\n${piece}` : piece });
    at = end;
  }
  return blocks;
}

/** Return the end of the block at `at`: after a paragraph, else after a line, else at a character. */
function blockEnd(text, at) {
  const most = at + BLOCK_CHARACTERS;
  if (text.length <= most) return text.length;
  for (const separator of ["\n\n", "\n"]) {
    const found = text.lastIndexOf(separator, most - separator.length);
    if (found > at) return found + separator.length;
  }
  const halved = /[\ud800-\udbff]/.test(text[most - 1]);
  return halved ? most - 1 : most;
}

/** Return the tool calls after an event of the stream, which names a call and its new state, or how far it is. */
export function toolsAfter(tools, { callId: id, name, state, progress }) {
  const begins = state === "started" && !progress;
  const index = begins ? -1 : tools.findIndex((tool) => tool.id === id && tool.name === name && tool.state === "started");
  return index < 0 ? [...tools, { id, name, state, progress }] : tools.map((tool, place) => (place === index ? { ...tool, state, progress } : tool));
}

/** Return a tool's progress in a few words: its share, and what the tool says; empty where it tells nothing. */
export function progressWords({ fraction, message } = {}) {
  const share = fraction === undefined ? "" : new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(fraction);
  return [share, message].filter(Boolean).join(" · ");
}

/** Return a duration in units that English and German share. */
export function durationOf(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
