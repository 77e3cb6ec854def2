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

  async threads(cursor = "") {
    const query = new URLSearchParams({ limit: 50, ...(cursor && { cursor }) });
    return (await checked(await fetch(`${path("threads")}?${query}`))).json();
  }

  async thread(threadId) {
    return (await checked(await fetch(path("threads", threadId)))).json();
  }

  /** `{messages, hasMore}`, oldest first; older ones by `before`, a message's id. */
  async messages(threadId, before = "") {
    const query = before ? `?${new URLSearchParams({ before })}` : "";
    return (await checked(await fetch(path("threads", threadId, "messages") + query))).json();
  }

  rename(threadId, title) {
    return this.#change("PATCH", path("threads", threadId), { title });
  }

  remove(threadId) {
    return this.#change("DELETE", path("threads", threadId));
  }

  replace(threadId, messageId, content) {
    return this.#change("PUT", path("threads", threadId, "messages", messageId), { content });
  }

  async share(threadId) {
    return (await this.#change("POST", path("threads", threadId, "shares"), {})).json();
  }

  /** Where a thread can be had as a file; `format` is `markdown` or `json`. */
  exportOf(threadId, format) {
    return `${path("threads", threadId, "export")}?format=${format}`;
  }

  async #change(method, address, body) {
    const attempt = () =>
      fetch(address, {
        method,
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.#csrf },
        body: body && JSON.stringify(body),
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
