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
    /** @param {StreamOptions} options */
    constructor({ http, maxRetries, responseId, threadId, post, offset, thinkingOffset, signal }: StreamOptions);
    /** @type {import("./shapes.js").StreamEnd | null} */
    end: import("./shapes.js").StreamEnd | null;
    responseId: string;
    threadId: string | undefined;
    /** The UTF-8 bytes of text received so far. */
    get offset(): number;
    /** The UTF-8 bytes of thought received so far. */
    get thinkingOffset(): number;
    /** Yield the pieces of the text; throw a `ResponseFailedError` if the response failed or was interrupted. */
    text(): AsyncGenerator<string, void, unknown>;
    /** Stop reading: the iteration ends without an error, and the response goes on at the server. */
    close(): void;
    /** Stop the response; the server keeps the text received here. */
    stop(): Promise<void>;
    [Symbol.asyncIterator](): AsyncGenerator<import("./shapes.js").StreamEvent, void, void>;
    #private;
}
export type StreamOptions = {
    http: import("./http.js").Http;
    maxRetries: number;
    responseId: string;
    threadId?: string | undefined;
    /**
     * The request that makes the response; none if it exists already.
     */
    post?: {
        address: string;
        body: object;
    } | undefined;
    offset?: number | undefined;
    thinkingOffset?: number | undefined;
    signal?: AbortSignal | undefined;
};
export type StreamEvent = import("./shapes.js").StreamEvent;
