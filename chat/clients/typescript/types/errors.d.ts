/**
 * Return the error of a refused request.
 *
 * @param {Response} response
 */
export function problemOf(response: Response): Promise<ProblemError>;
export class ChatClientError extends Error {
}
export class ConnectionLostError extends ChatClientError {
}
export class ProtocolError extends ChatClientError {
}
/** A refusal, from an `application/problem+json` document; `retryAfter` in seconds, null where the server names none. */
export class ProblemError extends ChatClientError {
    /**
     * @param {number} status
     * @param {Record<string, unknown>} problem
     * @param {number | null} retryAfter
     */
    constructor(status: number, problem: Record<string, unknown>, retryAfter: number | null);
    status: number;
    code: string;
    /** The quota that is used up; "" for other problems. */
    quota: string;
    retryAfter: number | null;
    /** The whole document, with fields of single problems. */
    problem: Record<string, unknown>;
    /** True if the same request may be accepted later. */
    get temporary(): boolean;
}
/** The end of a response as failed or interrupted; `code` is "interrupted" where the server names no error. */
export class ResponseFailedError extends ChatClientError {
    /** @param {import("./shapes.js").StreamEnd} end */
    constructor(end: import("./shapes.js").StreamEnd);
    end: import("./shapes.js").StreamEnd;
    code: string;
}
