/** Events of the user's threads over the WebSocket, in browsers: credentials are the cookies. */

/** Milliseconds before a reconnect, doubled each time up to the second figure. */
const FIRST = 1000;
const LAST = 30_000;
/** Milliseconds between pings: proxies close connections that are idle for 60 s, and two pings fit in. */
const PING = 25_000;

export class Watcher {
  #failures = 0;
  #alive = true;
  #missed = false;
  #closed = false;
  #address;
  #on;
  #timer;
  /** @type {WebSocket} */
  #socket;

  /**
   * @param {string} url the server's address; "" for the page's own
   * @param {import("./shapes.js").WatchCallbacks} on
   */
  constructor(url, on) {
    this.#address = new URL("/ws/chat/", url || globalThis.location.href);
    this.#address.protocol = this.#address.protocol === "https:" ? "wss:" : "ws:";
    this.#on = on;
    this.#timer = setInterval(() => this.#ping(), PING);
    this.#socket = this.#connect();
  }

  close() {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #connect() {
    const socket = new WebSocket(this.#address);
    socket.addEventListener("open", () => this.#opened());
    socket.addEventListener("message", (message) => this.#take(message.data));
    socket.addEventListener("close", () => this.#lost());
    return socket;
  }

  #opened() {
    this.#socket.send(JSON.stringify({ type: "watch" }));
    // The server handles frames in order: after the answer to this one no event is missed.
    this.#socket.send(JSON.stringify({ type: "ping" }));
    this.#missed = true;
    this.#failures = 0;
    this.#alive = true;
  }

  /** @param {string} data */
  #take(data) {
    this.#alive = true;
    const frame = JSON.parse(data);
    if (frame.type === "thread") this.#on.thread(frame.event, frame.thread);
    if (frame.type !== "pong" || !this.#missed) return;
    this.#missed = false;
    this.#on.back();
  }

  #lost() {
    if (this.#closed) return;
    const pause = Math.min(FIRST * 2 ** this.#failures, LAST);
    this.#failures += 1;
    setTimeout(() => this.#reconnect(), pause * (0.75 + Math.random() / 2));
  }

  #reconnect() {
    if (!this.#closed) this.#socket = this.#connect();
  }

  /** Close a connection without any frame since the last ping; browsers notice a dead one late. */
  #ping() {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (!this.#alive) {
      this.#socket.close();
      return;
    }
    this.#alive = false;
    this.#socket.send(JSON.stringify({ type: "ping" }));
  }
}
