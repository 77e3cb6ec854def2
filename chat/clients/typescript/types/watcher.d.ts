export class Watcher {
    /**
     * @param {string} url the server's address; "" for the page's own
     * @param {import("./shapes.js").WatchCallbacks} on
     */
    constructor(url: string, on: import("./shapes.js").WatchCallbacks);
    close(): void;
    #private;
}
