/** Thread events of other tabs over the WebSocket. The page works without it, but does not update by itself. */

/** Milliseconds before a reconnect, doubled each time up to the second figure. */
const FIRST = 1000;
const LAST = 30000;
/** Milliseconds between pings: proxies close connections that are idle for 60 s, and two pings fit in. */
const PING = 25000;

export class Live {
  #failures = 0;
  #alive = true;
  #missed = false;

  /** `on`: thread(event, thread); back() after each reconnect, when events may have been missed. */
  constructor(on) {
    this.on = on;
    setInterval(() => this.#ping(), PING);
    this.#connect();
  }

  #connect() {
    const address = new URL("/ws/chat/", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(address);
    this.socket.addEventListener("open", () => this.#opened());
    this.socket.addEventListener("message", (message) => this.#take(message.data));
    this.socket.addEventListener("close", () => this.#closed());
  }

  #opened() {
    this.socket.send(JSON.stringify({ type: "watch" }));
    // The server handles frames in order: after the answer to this one no event is missed.
    this.socket.send(JSON.stringify({ type: "ping" }));
    this.#missed = true;
    this.#failures = 0;
    this.#alive = true;
  }

  #take(data) {
    this.#alive = true;
    const frame = JSON.parse(data);
    if (frame.type === "thread") this.on.thread(frame.event, frame.thread);
    if (frame.type === "pong" && this.#missed) this.on.back();
    if (frame.type === "pong") this.#missed = false;
  }

  #closed() {
    const pause = Math.min(FIRST * 2 ** this.#failures, LAST);
    this.#failures += 1;
    setTimeout(() => this.#connect(), pause * (0.75 + Math.random() / 2));
  }

  /** Close a connection without any frame since the last ping; browsers notice a dead one late. */
  #ping() {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (!this.#alive) {
      this.socket.close();
      return;
    }
    this.#alive = false;
    this.socket.send(JSON.stringify({ type: "ping" }));
  }
}
