/** When a stream may try again, and after how long. */

import { ChatClientError, ProblemError, ProtocolError, ConnectionLostError } from "./errors.js";

/** Seconds before each new attempt: quick after a short fault, slow in an outage. */
const PAUSES = [0.3, 0.7, 1.5, 3, 6, 10];
/** Seconds that a server may ask to wait; after more, the caller decides. */
const LONGEST_RETRY_AFTER = 60;

export class Backoff {
  #failures = 0;

  /** @param {number} maxRetries failed attempts in a row */
  constructor(maxRetries) {
    this.maxRetries = maxRetries;
  }

  /** Begin anew: the server has sent something. */
  reset() {
    this.#failures = 0;
  }

  /**
   * Return the seconds until the next attempt; throw the error if another one is of no use.
   *
   * @param {unknown} error
   */
  secondsAfter(error) {
    if (this.#failures >= this.maxRetries || !retryable(error)) throw error;
    const pause = PAUSES[Math.min(this.#failures++, PAUSES.length - 1)] ?? 0;
    const jittered = pause * (0.75 + Math.random() / 2);
    return error instanceof ProblemError ? Math.max(jittered, error.retryAfter ?? 0) : jittered;
  }
}

/**
 * @param {unknown} error
 * @returns {error is ChatClientError}
 */
function retryable(error) {
  if (error instanceof ProblemError) return error.temporary && (error.retryAfter ?? 0) <= LONGEST_RETRY_AFTER;
  return error instanceof ConnectionLostError || error instanceof ProtocolError;
}
