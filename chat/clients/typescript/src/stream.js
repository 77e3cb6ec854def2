/** The stream of one response: an async iterator of events that resumes by itself after a cut. */

import { Backoff } from "./backoff.js";
import { Cursor, EventDecoder } from "./cursor.js";
import { ChatClientError, ConnectionLostError, ResponseFailedError } from "./errors.js";
import { path, query } from "./http.js";

/** Milliseconds of silence after which a connection counts as dead: three missed heartbeats of 15 s. */
const SILENCE = 45_000;

/**
 * @typedef {object} StreamOptions
 * @property {import("./http.js").Http} http
 * @property {number} maxRetries
 * @property {string} responseId
 * @property {string} [threadId]
 * @property {{ address: string, body: object }} [post] The request that makes the response; none if it exists already.
 * @property {number} [offset]
 * @property {number} [thinkingOffset]
 * @property {AbortSignal} [signal]
 */

/** @typedef {import("./shapes.js").StreamEvent} StreamEvent */

/**
 * A response as it comes. Iterate it once, for events or with `text()`; leaving the loop closes the connection, and the response
 * goes on at the server.
 */
export class Stream {
  /** @type {import("./shapes.js").StreamEnd | null} */
  end = null;
  #http;
  #post;
  #signal;
  #cursor;
  #backoff;
  #events;
  #closed = false;
  #attempt = new AbortController();
  #wake = () => {};

  /** @param {StreamOptions} options */
  constructor({ http, maxRetries, responseId, threadId, post, offset = 0, thinkingOffset = 0, signal }) {
    this.#http = http;
    this.#post = post;
    this.#signal = signal;
    this.#cursor = new Cursor(offset, thinkingOffset);
    this.#backoff = new Backoff(maxRetries);
    this.#events = this.#run();
    this.responseId = responseId;
    this.threadId = threadId;
  }

  /** The UTF-8 bytes of text received so far. */
  get offset() {
    return this.#cursor.offset;
  }

  /** The UTF-8 bytes of thought received so far. */
  get thinkingOffset() {
    return this.#cursor.thinkingOffset;
  }

  [Symbol.asyncIterator]() {
    return this.#events;
  }

  /** Yield the pieces of the text; throw a `ResponseFailedError` if the response failed or was interrupted. */
  async *text() {
    for await (const event of this) if (event.type === "text") yield event.text;
    if (this.end?.status === "failed" || this.end?.status === "interrupted") throw new ResponseFailedError(this.end);
  }

  /** Stop reading: the iteration ends without an error, and the response goes on at the server. */
  close() {
    this.#closed = true;
    this.#attempt.abort();
    this.#wake();
  }

  /** Stop the response; the server keeps the text received here. */
  async stop() {
    await this.#http.request("POST", path("responses", this.responseId, "stop"), { offset: this.offset });
  }

  /** @returns {AsyncGenerator<StreamEvent, void, void>} */
  async *#run() {
    const aborted = () => this.close();
    const online = () => this.#wake();
    this.#signal?.addEventListener("abort", aborted);
    globalThis.addEventListener?.("online", online);
    try {
      yield* this.#attempts();
      if (!this.end) this.#signal?.throwIfAborted();
    } finally {
      if (!this.end) this.#attempt.abort();
      this.#signal?.removeEventListener("abort", aborted);
      globalThis.removeEventListener?.("online", online);
    }
  }

  /** @returns {AsyncGenerator<StreamEvent, void, void>} */
  async *#attempts() {
    while (!this.#closed && !this.#signal?.aborted) {
      let error;
      try {
        yield* this.#connection();
      } catch (failure) {
        error = failure;
      }
      if (this.end || this.#closed) return;
      error ??= new ConnectionLostError("The stream was closed before its end.");
      const seconds = this.#backoff.secondsAfter(error);
      yield { type: "reconnecting", seconds, error: /** @type {ChatClientError} */ (error) };
      await this.#pause(seconds);
    }
  }

  /** @returns {AsyncGenerator<StreamEvent, void, void>} */
  async *#connection() {
    this.#attempt = new AbortController();
    const response = await this.#inTime(this.#open());
    this.#post = undefined; // accepted: the next connection resumes
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    const decoder = new EventDecoder();
    for (;;) {
      const { value, done } = await this.#inTime(reader.read());
      if (done) return;
      for (const received of decoder.feed(value)) {
        const event = this.#take(received);
        if (event) yield event;
        if (this.end || this.#closed) return;
      }
    }
  }

  #open() {
    const { signal } = this.#attempt;
    if (this.#post) return this.#http.request("POST", this.#post.address, this.#post.body, signal);
    const place = query({ format: "sse", offset: this.offset, thinkingOffset: this.thinkingOffset });
    return this.#http.request("GET", path("responses", this.responseId, "stream") + place, undefined, signal);
  }

  /** @param {import("./cursor.js").ServerSentEvent} received */
  #take(received) {
    const event = this.#cursor.take(received);
    this.#backoff.reset();
    if (event?.type === "start") this.threadId = event.threadId;
    if (event?.type === "end") this.end = event;
    return event;
  }

  /**
   * Wait for the server; a silent or broken connection is a `ConnectionLostError`.
   *
   * @template T
   * @param {Promise<T>} answer
   * @returns {Promise<T>}
   */
  async #inTime(answer) {
    const attempt = this.#attempt;
    const timer = setTimeout(() => attempt.abort(), SILENCE);
    try {
      return await answer;
    } catch (error) {
      throw error instanceof ChatClientError ? error : new ConnectionLostError("The connection was lost.", { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {number} seconds */
  async #pause(seconds) {
    if (this.#closed) return;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }
}
