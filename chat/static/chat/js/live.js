/** What happens in other tabs: the WebSocket's thread events. Without it the page works, it only hears less. */

/** Milliseconds before the socket is tried again, doubled each time up to the second figure. */
const FIRST = 1000;
const LAST = 30000;
/** Proxies cut a line that is idle for 60 s: two pings fit in. Milliseconds. */
const PING = 25000;

export class Live {
  #failures = 0;
  #heard = true;
  #missed = false;

  /** `on`: thread(event, thread), back() when it hears from now on, and something may have been missed before. */
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
    // Frames are handled in order: when the answer to this one is here, nothing is missed any more.
    this.socket.send(JSON.stringify({ type: "ping" }));
    this.#missed = true;
    this.#failures = 0;
    this.#heard = true;
  }

  #take(data) {
    this.#heard = true;
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

  /** A line that gave no sign since the last ping is dead, whatever the browser believes. */
  #ping() {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (!this.#heard) {
      this.socket.close();
      return;
    }
    this.#heard = false;
    this.socket.send(JSON.stringify({ type: "ping" }));
  }
}
