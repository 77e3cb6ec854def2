export class Backoff {
    /** @param {number} maxRetries failed attempts in a row */
    constructor(maxRetries: number);
    maxRetries: number;
    /** Begin anew: the server has sent something. */
    reset(): void;
    /**
     * Return the seconds until the next attempt; throw the error if another one is of no use.
     *
     * @param {unknown} error
     */
    secondsAfter(error: unknown): number;
    #private;
}
