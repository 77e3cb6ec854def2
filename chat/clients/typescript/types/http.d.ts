/**
 * Return a query with the parameters that have a value, or "".
 *
 * @param {object} parameters
 */
export function query(parameters: object): string;
export function path(...parts: string[]): string;
export class Http {
    /** @param {ClientOptions} options */
    constructor({ url, token, fetch }: ClientOptions);
    url: string;
    token: string;
    fetch: typeof fetch;
    /** @returns {Promise<import("./shapes.js").Session>} */
    session(): Promise<import("./shapes.js").Session>;
    /**
     * Return the JSON of an answer.
     *
     * @param {string} method
     * @param {string} address
     * @param {object} [body]
     */
    json(method: string, address: string, body?: object): Promise<any>;
    /**
     * Return an answer whose status is a success; throw a `ProblemError` for any other.
     *
     * @param {string} method
     * @param {string} address
     * @param {object} [body] a Blob as it is, anything else as JSON
     * @param {AbortSignal} [signal]
     * @returns {Promise<Response>}
     */
    request(method: string, address: string, body?: object, signal?: AbortSignal): Promise<Response>;
    #private;
}
export type ClientOptions = {
    /**
     * The server's address; by default the page's own.
     */
    url?: string | undefined;
    /**
     * A bearer token; without one the browser's cookies.
     */
    token?: string | undefined;
    fetch?: typeof fetch | undefined;
    /**
     * Failed attempts in a row after which a stream gives up.
     */
    maxRetries?: number | undefined;
};
