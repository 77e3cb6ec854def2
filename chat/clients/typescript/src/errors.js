/**
 * Errors:
 *
 * - ChatClientError
 *   - ConnectionLostError: no answer, or a stream without its end
 *   - ProtocolError: the answer is not what the server documents
 *   - ProblemError: the server refused; `status`, `code` and what its problem document says
 *   - ResponseFailedError: the response ended as failed or interrupted
 */

/** Statuses that may be temporary. */
const TEMPORARY = new Set([408, 429, 500, 502, 503, 504]);

export class ChatClientError extends Error {}

export class ConnectionLostError extends ChatClientError {}

export class ProtocolError extends ChatClientError {}

/** A refusal, from an `application/problem+json` document; `retryAfter` in seconds, null where the server names none. */
export class ProblemError extends ChatClientError {
  /**
   * @param {number} status
   * @param {Record<string, unknown>} problem
   * @param {number | null} retryAfter
   */
  constructor(status, problem, retryAfter) {
    super(String(problem.detail || problem.title || `The server answered ${status}.`));
    this.status = status;
    this.code = String(problem.code || "");
    /** The quota that is used up; "" for other problems. */
    this.quota = String(problem.quota || "");
    this.retryAfter = retryAfter;
    /** The whole document, with fields of single problems. */
    this.problem = problem;
  }

  /** True if the same request may be accepted later. */
  get temporary() {
    return TEMPORARY.has(this.status);
  }
}

/** The end of a response as failed or interrupted; `code` is "interrupted" where the server names no error. */
export class ResponseFailedError extends ChatClientError {
  /** @param {import("./shapes.js").StreamEnd} end */
  constructor(end) {
    super(end.error?.message ?? `The response ended as ${end.status}.`);
    this.end = end;
    this.code = end.error?.code ?? end.status;
  }
}

/**
 * Return the error of a refused request.
 *
 * @param {Response} response
 */
export async function problemOf(response) {
  const problem = await response.json().catch(() => null);
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  const known = typeof problem === "object" && problem !== null ? problem : {};
  return new ProblemError(response.status, known, Number.isFinite(seconds) ? seconds : null);
}
