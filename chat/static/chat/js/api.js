/** The server's HTTP routes. A refusal is thrown as a `Problem`, a network error as fetch's own TypeError. */

/** Statuses that may be temporary: a reader waits and tries again. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);

/** An `application/problem+json` answer: `code`, `status`, `detail`, `quota` (or ""), `retryAfter` (seconds or null). */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code || "";
    this.quota = body.quota || "";
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

  /** Return `{user: {username}, guest, csrfToken, models, efforts, demo}`; create a guest where guests are on. */
  async session() {
    const session = await (await checked(await fetch(path("session")))).json();
    this.#csrf = session.csrfToken;
    return session;
  }

  /** Start a response, or attach to it: the ids make a repeat harmless. Return the open event stream. */
  async send(body, signal) {
    const headers = { "Content-Type": "application/json" };
    const options = { method: "POST", headers, body: JSON.stringify(body), signal };
    return checked(await fetch(path("chat") + "?format=sse", options));
  }

  /** Return the event stream of a response from where a reader is: the UTF-8 bytes of text and of thought already received. */
  async stream(responseId, { offset, thinkingOffset }, signal) {
    const query = new URLSearchParams({ format: "sse", offset, thinkingOffset });
    return checked(await fetch(`${path("responses", responseId, "stream")}?${query}`, { signal }));
  }

  /** Stop a response and truncate its stored text at `offset`, the bytes this reader has received. */
  stop(responseId, offset) {
    return this.#change("POST", path("responses", responseId, "stop"), { offset });
  }

  /** Request another answer to the prompt of `responseId`. Return the open event stream. */
  regenerate(responseId, body, signal) {
    return this.#change("POST", path("responses", responseId, "regenerate") + "?format=sse", body, signal);
  }

  /** Return `{threads, nextCursor}`. `query`: cursor, q (then each thread has an `excerpt`), archived. */
  async threads(query = {}) {
    const given = Object.entries({ limit: 50, ...query }).filter(([, value]) => value);
    return (await checked(await fetch(`${path("threads")}?${new URLSearchParams(given)}`))).json();
  }

  async thread(threadId) {
    return (await checked(await fetch(path("threads", threadId)))).json();
  }

  /** Return `{messages, hasMore}`, oldest first; with `before`, a message's id, those before it. */
  async messages(threadId, before = "") {
    const query = before ? `?${new URLSearchParams({ before })}` : "";
    return (await checked(await fetch(path("threads", threadId, "messages") + query))).json();
  }

  /** Change `title`, `archived` or `leaf`. Return the changed thread. */
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

  /** Return the read-only links to a thread: `{shares: [{shareId, url, createdAt, expiresAt}]}`. */
  async shares(threadId) {
    return (await checked(await fetch(path("threads", threadId, "shares")))).json();
  }

  async share(threadId) {
    return (await this.#change("POST", path("threads", threadId, "shares"), {})).json();
  }

  unshare(threadId, shareId) {
    return this.#change("DELETE", path("threads", threadId, "shares", shareId));
  }

  /** Return the address of a thread's export file; `format` is `markdown` or `json`. */
  exportOf(threadId, format) {
    return `${path("threads", threadId, "export")}?format=${format}`;
  }

  /** Upload a picture (a File). Return `{attachmentId, url}`. */
  async attach(file) {
    return (await this.#change("POST", path("attachments"), file)).json();
  }

  async #change(method, address, body, signal = undefined) {
    const file = body instanceof Blob;
    // A deletion must outlive the page, which may be closed right after it.
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
      // A log-in in another tab has changed the token: fetch a new one and retry once.
      await this.session();
      response = await attempt();
    }
    return checked(response);
  }
}
