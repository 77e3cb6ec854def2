/** A reader's position in a response: server-sent events in, each byte of text and thought out once. Pure. */

import { ProtocolError } from "./errors.js";

/** Events that come to a reader as they are. */
const PLAIN = new Set(["start", "tool", "request", "answer", "end"]);

const encoder = new TextEncoder();
// Without `ignoreBOM` a text that goes on with U+FEFF would lose it.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * @typedef {object} ServerSentEvent
 * @property {string} event
 * @property {string} id
 * @property {any} data
 */

/** An incremental decoder of server-sent events; comments and unknown fields are dropped. */
export class EventDecoder {
  #rest = "";
  #decoder = new TextDecoder();

  /**
   * Return the events that are complete with these bytes.
   *
   * @param {Uint8Array} bytes
   */
  feed(bytes) {
    const blocks = (this.#rest + this.#decoder.decode(bytes, { stream: true })).replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => parsed(block) ?? []);
  }
}

/**
 * @param {string} block
 * @returns {ServerSentEvent | null}
 */
function parsed(block) {
  const fields = { event: "message", id: "" };
  const data = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") data.push(value);
    else if (name === "event" || name === "id") fields[name] = value;
  }
  return data.length ? { ...fields, data: json(data.join("\n")) } : null;
}

/** @param {string} text */
function json(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError("An event holds no JSON.", { cause: error });
  }
}

/**
 * Return the part of a piece behind `offset`; throw if bytes are missing ahead of it.
 *
 * @param {string} text
 * @param {number} after the offset after the piece
 * @param {number} offset
 */
function unread(text, after, offset) {
  const bytes = encoder.encode(text);
  const from = after - bytes.length;
  if (!(from <= offset)) throw new ProtocolError(`Bytes ${offset} to ${from} are missing.`);
  if (after <= offset) return "";
  return from === offset ? text : decoder.decode(bytes.subarray(offset - from));
}

export class Cursor {
  /**
   * @param {number} offset the UTF-8 bytes of text already received
   * @param {number} thinkingOffset the same for thought
   */
  constructor(offset, thinkingOffset) {
    this.offset = offset;
    this.thinkingOffset = thinkingOffset;
  }

  /**
   * Return the event for a reader, or null if it brings nothing new.
   *
   * @param {ServerSentEvent} received
   * @returns {import("./shapes.js").StreamEvent | null}
   */
  take({ event, id, data }) {
    if (event === "delta") return this.#text(data.text, Number(id.split(":", 1)[0]));
    if (event === "thinking") return this.#thought(data.text, data.thinkingOffset);
    return PLAIN.has(event) ? { ...data, type: event } : null;
  }

  /**
   * @param {string} piece
   * @param {number} after
   * @returns {import("./shapes.js").TextDelta | null}
   */
  #text(piece, after) {
    const text = unread(piece, after, this.offset);
    this.offset = Math.max(this.offset, after);
    return text ? { type: "text", text, offset: this.offset } : null;
  }

  /**
   * @param {string} piece
   * @param {number} after
   * @returns {import("./shapes.js").ThinkingDelta | null}
   */
  #thought(piece, after) {
    const text = unread(piece, after, this.thinkingOffset);
    this.thinkingOffset = Math.max(this.thinkingOffset, after);
    return text ? { type: "thinking", text, thinkingOffset: this.thinkingOffset } : null;
  }
}
