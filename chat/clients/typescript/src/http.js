/** Requests to one server: address, credentials, JSON, and errors as exceptions. */

import { ConnectionLostError, problemOf } from "./errors.js";

/**
 * @typedef {object} ClientOptions
 * @property {string} [url] The server's address; by default the page's own.
 * @property {string} [token] A bearer token; without one the browser's cookies.
 * @property {typeof globalThis.fetch} [fetch]
 * @property {number} [maxRetries] Failed attempts in a row after which a stream gives up.
 */

/**
 * Return the path below `/api` with each part escaped.
 *
 * @param {...string} parts
 */
export const path = (...parts) => "/api/" + parts.map(encodeURIComponent).join("/");

/**
 * Return a query with the parameters that have a value, or "".
 *
 * @param {object} parameters
 */
export function query(parameters) {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value || value === 0) given.set(name, String(value));
  return String(given) && `?${given}`;
}

export class Http {
  #csrfToken = "";

  /** @param {ClientOptions} options */
  constructor({ url = "", token = "", fetch = globalThis.fetch }) {
    this.url = url.replace(/\/+$/, "");
    this.token = token;
    // A method of another object would be called with that as `this`, which browsers refuse.
    this.fetch = fetch.bind(globalThis);
  }

  /** @returns {Promise<import("./shapes.js").Session>} */
  async session() {
    const session = await this.json("GET", path("session"));
    this.#csrfToken = session.csrfToken;
    return session;
  }

  /**
   * Return the JSON of an answer.
   *
   * @param {string} method
   * @param {string} address
   * @param {object} [body]
   */
  async json(method, address, body) {
    return (await this.request(method, address, body)).json();
  }

  /**
   * Return an answer whose status is a success; throw a `ProblemError` for any other.
   *
   * @param {string} method
   * @param {string} address
   * @param {object} [body] a Blob as it is, anything else as JSON
   * @param {AbortSignal} [signal]
   * @returns {Promise<Response>}
   */
  async request(method, address, body, signal) {
    let response = await this.#attempt(method, address, body, signal);
    if (response.status === 403 && method !== "GET" && !this.token) {
      // There is no CSRF token yet, or a log-in in another tab has changed it.
      await this.session();
      response = await this.#attempt(method, address, body, signal);
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  /**
   * @param {string} method
   * @param {string} address
   * @param {object | undefined} body
   * @param {AbortSignal | undefined} signal
   */
  async #attempt(method, address, body, signal) {
    const file = body instanceof Blob;
    try {
      return await this.fetch(this.url + address, {
        method,
        signal,
        // A deletion must outlive the page, which may be closed right after it.
        keepalive: method === "DELETE",
        headers: this.#headers(method, file ? body.type || "application/octet-stream" : "application/json"),
        body: file || !body ? body : JSON.stringify(body),
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw new ConnectionLostError("The server cannot be reached.", { cause: error });
    }
  }

  /**
   * @param {string} method
   * @param {string} type
   * @returns {Record<string, string>}
   */
  #headers(method, type) {
    /** @type {Record<string, string>} */
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    if (method === "GET") return headers;
    if (!this.token) headers["X-CSRFToken"] = this.#csrfToken;
    return { ...headers, "Content-Type": type };
  }
}
