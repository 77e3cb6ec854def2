/** The server's routes. A refusal is thrown as a `ProblemError`, a network fault as a `ConnectionLostError`. */

import { AccountClient } from "./account.js";
import { Http, path, query } from "./http.js";
import { Stream } from "./stream.js";
import { Watcher } from "./watcher.js";

/** Failed attempts in a row after which a stream gives up: some forty seconds, the time of a restart. */
const MAX_RETRIES = 8;
/** Threads of a page. */
const THREADS = 50;

/** Return a new id: `randomUUID` is missing where a page comes over plain http. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class ChatClient extends AccountClient {
  #http;
  #maxRetries;

  /** @param {import("./http.js").ClientOptions} [options] */
  constructor(options = {}) {
    const http = new Http(options);
    super(http);
    this.#http = http;
    this.#maxRetries = options.maxRetries ?? MAX_RETRIES;
  }

  /** Return the user and the models; a visitor becomes a guest where guests are on. */
  session() {
    return this.#http.session();
  }

  /**
   * Send a prompt. The ids are fixed now, so that a repeat after a lost connection makes nothing twice.
   *
   * @param {import("./shapes.js").Content} content
   * @param {import("./shapes.js").SendOptions} [options]
   */
  send(content, { promptId = newId(), threadId = newId(), responseId = newId(), signal, ...choices } = {}) {
    const prompt = { id: promptId, role: "user", content };
    const body = { prompt, threadId, responseId, ...choices };
    return this.#stream({ responseId, threadId, signal, post: { address: "/api/chat?format=sse", body } });
  }

  /**
   * Follow a response that exists, from where a reader is.
   *
   * @param {string} responseId
   * @param {import("./shapes.js").FollowOptions} [options]
   */
  follow(responseId, options = {}) {
    return this.#stream({ responseId, ...options });
  }

  /**
   * Request another answer to the prompt of a response.
   *
   * @param {string} answeredId
   * @param {import("./shapes.js").Choices} [options]
   */
  regenerate(answeredId, { responseId = newId(), signal, ...choices } = {}) {
    const address = path("responses", answeredId, "regenerate") + "?format=sse";
    return this.#stream({ responseId, signal, post: { address, body: { responseId, ...choices } } });
  }

  /**
   * @param {string} responseId
   * @returns {Promise<import("./shapes.js").ResponseState>}
   */
  response(responseId) {
    return this.#http.json("GET", path("responses", responseId));
  }

  /**
   * Stop a response; with `offset` the stored text keeps the bytes that a reader has received.
   *
   * @param {string} responseId
   * @param {number} [offset]
   * @returns {Promise<{ status: import("./shapes.js").ResponseStatus }>}
   */
  stop(responseId, offset) {
    return this.#http.json("POST", path("responses", responseId, "stop"), { offset });
  }

  /**
   * Answer a request of a waiting response. Return the response's status: it goes on with the last answer that lacked.
   *
   * @param {string} responseId
   * @param {string} requestId
   * @param {"approved" | "rejected" | "answered"} outcome
   * @param {import("./shapes.js").AnswerFields} [fields]
   * @returns {Promise<{ status: import("./shapes.js").ResponseStatus }>}
   */
  answer(responseId, requestId, outcome, fields = {}) {
    return this.#http.json("POST", path("responses", responseId, "answers"), { requestId, outcome, ...fields });
  }

  /**
   * Return a page of threads, last activity first.
   *
   * @param {import("./shapes.js").ThreadQuery} [parameters]
   * @returns {Promise<import("./shapes.js").ThreadPage>}
   */
  threads(parameters = {}) {
    return this.#http.json("GET", path("threads") + query({ limit: THREADS, ...parameters }));
  }

  /**
   * @param {string} threadId
   * @returns {Promise<import("./shapes.js").Thread>}
   */
  thread(threadId) {
    return this.#http.json("GET", path("threads", threadId));
  }

  /**
   * Create a thread, or return the one of that id.
   *
   * @param {{ threadId?: string, title?: string, message?: string, model?: string, systemPrompt?: string }} [fields]
   * @returns {Promise<import("./shapes.js").Thread>}
   */
  createThread(fields = {}) {
    return this.#http.json("POST", path("threads"), fields);
  }

  /**
   * Change a thread; `leaf` is a message of the branch to show. Return the changed thread.
   *
   * @param {string} threadId
   * @param {{ title?: string, archived?: boolean, pinned?: boolean, systemPrompt?: string, leaf?: string }} change
   * @returns {Promise<import("./shapes.js").Thread>}
   */
  updateThread(threadId, change) {
    return this.#http.json("PATCH", path("threads", threadId), change);
  }

  /** @param {string} threadId */
  async deleteThread(threadId) {
    await this.#http.request("DELETE", path("threads", threadId));
  }

  /**
   * Return a page of messages, oldest first.
   *
   * @param {string} threadId
   * @param {import("./shapes.js").MessageQuery} [parameters]
   * @returns {Promise<import("./shapes.js").MessagePage>}
   */
  messages(threadId, parameters = {}) {
    return this.#http.json("GET", path("threads", threadId, "messages") + query(parameters));
  }

  /**
   * Replace the content of a reply that has ended.
   *
   * @param {string} threadId
   * @param {string} messageId
   * @param {string} content
   */
  async replaceMessage(threadId, messageId, content) {
    await this.#http.request("PUT", path("threads", threadId, "messages", messageId), { content });
  }

  /**
   * Rate a reply.
   *
   * @param {string} threadId
   * @param {string} messageId
   * @param {number} score -1, 0 or 1
   */
  async rateMessage(threadId, messageId, score) {
    await this.#http.request("PUT", path("threads", threadId, "messages", messageId, "feedback"), { score });
  }

  /**
   * Return the read-only links to a thread.
   *
   * @param {string} threadId
   * @returns {Promise<{ shares: import("./shapes.js").Share[] }>}
   */
  shares(threadId) {
    return this.#http.json("GET", path("threads", threadId, "shares"));
  }

  /**
   * Make a link to a thread, or to one message of it alone.
   *
   * @param {string} threadId
   * @param {string} [messageId]
   * @returns {Promise<import("./shapes.js").Share>}
   */
  createShare(threadId, messageId) {
    return this.#http.json("POST", path("threads", threadId, "shares"), messageId ? { messageId } : {});
  }

  /**
   * @param {string} threadId
   * @param {string} shareId
   */
  async deleteShare(threadId, shareId) {
    await this.#http.request("DELETE", path("threads", threadId, "shares", shareId));
  }

  /**
   * Return the address of a thread's export file.
   *
   * @param {string} threadId
   * @param {"markdown" | "json"} format
   */
  exportUrl(threadId, format) {
    return this.#http.url + path("threads", threadId, "export") + query({ format });
  }

  /**
   * Return the artifacts of a thread, each at its newest version, the newest first.
   *
   * @param {string} threadId
   * @returns {Promise<{ artifacts: import("./shapes.js").Artifact[] }>}
   */
  artifacts(threadId) {
    return this.#http.json("GET", path("threads", threadId, "artifacts"));
  }

  /**
   * Return a version of an artifact, by default the newest, with its text and all versions.
   *
   * @param {string} artifactId
   * @param {number} [version]
   * @returns {Promise<import("./shapes.js").ArtifactDetail>}
   */
  artifact(artifactId, version) {
    return this.#http.json("GET", path("artifacts", artifactId) + query({ version }));
  }

  /**
   * Store the chats of an export, of this server, ChatGPT or Open WebUI; those that are there already stay as they are.
   *
   * @param {object} chats
   * @returns {Promise<import("./shapes.js").ImportResult>}
   */
  importChats(chats) {
    return this.#http.json("POST", path("import"), chats);
  }

  /**
   * Report changes of the user's threads, in browsers. Return an object with `close`.
   *
   * @param {import("./shapes.js").WatchCallbacks} on
   */
  watch(on) {
    return new Watcher(this.#http.url, on);
  }

  /** @param {Omit<import("./stream.js").StreamOptions, "http" | "maxRetries">} options */
  #stream(options) {
    return new Stream({ http: this.#http, maxRetries: this.#maxRetries, ...options });
  }
}
