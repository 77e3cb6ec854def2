/** The server's HTTP routes. A refusal is thrown as a `Problem`, a lost network as fetch's own TypeError. */

/** Statuses that may pass by themselves: a reader waits and asks again. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);

/** An `application/problem+json` answer: `code`, `status`, `detail`, `retryAfter` (seconds or null). */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code || "";
    this.retryAfter = Number.isFinite(retryAfter) ? retryAfter : null;
  }

  get passing() {
    return PASSING.has(this.status);
  }
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const header = response.headers.get("Retry-After");
  return new Problem(response.status, body ?? {}, header === null ? NaN : Number(header));
}

async function checked(response) {
  if (response.ok) return response;
  throw await problemOf(response);
}

const path = (...parts) => "/api/" + parts.map(encodeURIComponent).join("/");

export class Api {
  #csrf = "";

  /** `{user: {username}, guest, csrfToken, models, demo}`; makes the guest where guests are on. */
  async session() {
    const session = await (await checked(await fetch(path("session")))).json();
    this.#csrf = session.csrfToken;
    return session;
  }

  /** Starts a response (or attaches to it: the ids make a repeat harmless). Gives the open event stream. */
  async send(body, signal) {
    const headers = { "Content-Type": "application/json" };
    const options = { method: "POST", headers, body: JSON.stringify(body), signal };
    return checked(await fetch(path("chat") + "?format=sse", options));
  }

  /** The event stream of a response from `offset` (UTF-8 bytes already received). */
  async stream(responseId, offset, signal) {
    const query = new URLSearchParams({ format: "sse", offset });
    return checked(await fetch(`${path("responses", responseId, "stream")}?${query}`, { signal }));
  }

  /** Stops a response; what is kept ends at `offset`, the bytes this reader had seen. */
  stop(responseId, offset) {
    return this.#change("POST", path("responses", responseId, "stop"), { offset });
  }

  /** Another answer to the prompt of `responseId`. Gives the open event stream. */
  regenerate(responseId, body, signal) {
    return this.#change("POST", path("responses", responseId, "regenerate") + "?format=sse", body, signal);
  }

  /** `{threads, nextCursor}`; `wanted`: cursor, q (then each has an `excerpt`), archived. */
  async threads(wanted = {}) {
    const given = Object.entries({ limit: 50, ...wanted }).filter(([, value]) => value);
    return (await checked(await fetch(`${path("threads")}?${new URLSearchParams(given)}`))).json();
  }

  async thread(threadId) {
    return (await checked(await fetch(path("threads", threadId)))).json();
  }

  /** `{messages, hasMore}`, oldest first; older ones by `before`, a message's id. */
  async messages(threadId, before = "") {
    const query = before ? `?${new URLSearchParams({ before })}` : "";
    return (await checked(await fetch(path("threads", threadId, "messages") + query))).json();
  }

  /** Changes `title`, `archived` or `leaf`; the thread as it is then. */
  async change(threadId, change) {
    return (await this.#change("PATCH", path("threads", threadId), change)).json();
  }

  remove(threadId) {
    return this.#change("DELETE", path("threads", threadId));
  }

  replace(threadId, messageId, content) {
    return this.#change("PUT", path("threads", threadId, "messages", messageId), { content });
  }

  /** `score`: -1, 0 or 1. */
  rate(threadId, messageId, score) {
    return this.#change("PUT", path("threads", threadId, "messages", messageId, "feedback"), { score });
  }

  /** The read-only links to a thread: `{shares: [{shareId, url, createdAt, expiresAt}]}`. */
  async shares(threadId) {
    return (await checked(await fetch(path("threads", threadId, "shares")))).json();
  }

  async share(threadId) {
    return (await this.#change("POST", path("threads", threadId, "shares"), {})).json();
  }

  unshare(threadId, shareId) {
    return this.#change("DELETE", path("threads", threadId, "shares", shareId));
  }

  /** Where a thread can be had as a file; `format` is `markdown` or `json`. */
  exportOf(threadId, format) {
    return `${path("threads", threadId, "export")}?format=${format}`;
  }

  /** Takes a picture, a File, to the server: `{attachmentId, url}`. */
  async attach(file) {
    return (await this.#change("POST", path("attachments"), file)).json();
  }

  async #change(method, address, body, signal = undefined) {
    const file = body instanceof Blob;
    // Who deletes and leaves is gone before the request is: it outlives the page.
    const keepalive = method === "DELETE";
    const attempt = () =>
      fetch(address, {
        method,
        signal,
        keepalive,
        headers: { "Content-Type": file ? body.type : "application/json", "X-CSRFToken": this.#csrf },
        body: file ? body : body && JSON.stringify(body),
      });
    let response = await attempt();
    if (response.status === 403) {
      // A login in another tab has changed the token: one fresh one, then the answer counts.
      await this.session();
      response = await attempt();
    }
    return checked(response);
  }
}
