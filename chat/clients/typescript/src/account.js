/** The routes of a user's own account: instructions, tokens of programs, connections to servers, pictures and files. */

import { path, query } from "./http.js";

export class AccountClient {
  #http;

  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this.#http = http;
  }

  /**
   * Return the user's instructions for new chats.
   *
   * @returns {Promise<{ instructions: string }>}
   */
  instructions() {
    return this.#http.json("GET", path("instructions"));
  }

  /** @param {string} instructions */
  async setInstructions(instructions) {
    await this.#http.request("PUT", path("instructions"), { instructions });
  }

  /**
   * Return the tokens of the user's programs; to a program itself they are unknown.
   *
   * @returns {Promise<{ tokens: import("./shapes.js").Token[] }>}
   */
  tokens() {
    return this.#http.json("GET", path("tokens"));
  }

  /**
   * Make a token, with all scopes and no end unless `limits` says otherwise. The returned one is its only copy.
   *
   * @param {string} name
   * @param {{ scopes?: import("./shapes.js").Token["scopes"], expiresAt?: string | null }} [limits]
   * @returns {Promise<{ token: string }>}
   */
  createToken(name, limits = {}) {
    return this.#http.json("POST", path("tokens"), { name, ...limits });
  }

  /** @param {string} tokenId */
  async deleteToken(tokenId) {
    await this.#http.request("DELETE", path("tokens", tokenId));
  }

  /**
   * Return the servers that the user may connect; to a program they are unknown.
   *
   * @returns {Promise<{ connections: import("./shapes.js").ServerConnection[] }>}
   */
  connections() {
    return this.#http.json("GET", path("connections"));
  }

  /**
   * Begin to connect a server: the browser has to open the returned address.
   *
   * @param {string} server
   * @returns {Promise<{ authorizationUrl: string }>}
   */
  connectServer(server) {
    return this.#http.json("POST", path("connections", server));
  }

  /** @param {string} server */
  async disconnectServer(server) {
    await this.#http.request("DELETE", path("connections", server));
  }

  /**
   * Return the prompts of the MCP servers that the user may use.
   *
   * @returns {Promise<{ prompts: import("./shapes.js").ServerPrompt[] }>}
   */
  serverPrompts() {
    return this.#http.json("GET", path("server-prompts"));
  }

  /**
   * Return the text of a server's prompt, for the user to change and to send.
   *
   * @param {string} server
   * @param {string} name
   * @param {Record<string, string>} [args]
   * @returns {Promise<{ text: string }>}
   */
  serverPromptText(server, name, args = {}) {
    return this.#http.json("POST", path("server-prompts", server), { name, arguments: args });
  }

  /**
   * Upload a picture or a file. Return its id and address, for a content part of a prompt.
   *
   * @param {Blob} file
   * @param {string} [name]
   * @returns {Promise<import("./shapes.js").Attachment>}
   */
  upload(file, name = "") {
    return this.#http.json("POST", path("attachments") + query({ name }), file);
  }

  /**
   * Return a page of the user's pictures and files, newest first.
   *
   * @param {{ limit?: number, cursor?: string | null }} [parameters]
   * @returns {Promise<import("./shapes.js").AttachmentPage>}
   */
  attachments(parameters = {}) {
    return this.#http.json("GET", path("attachments") + query(parameters));
  }

  /**
   * Return the state of a picture or file.
   *
   * @param {string} attachmentId
   * @returns {Promise<import("./shapes.js").Attachment>}
   */
  attachment(attachmentId) {
    return this.#http.json("GET", path("attachments", attachmentId, "state"));
  }

  /**
   * Return a page of the text of a file, from behind `cursor` on.
   *
   * @param {string} attachmentId
   * @param {number} [cursor]
   * @returns {Promise<import("./shapes.js").AttachmentText>}
   */
  attachmentText(attachmentId, cursor = -1) {
    return this.#http.json("GET", path("attachments", attachmentId, "text") + query({ cursor }));
  }

  /** @param {string} attachmentId */
  async deleteAttachment(attachmentId) {
    await this.#http.request("DELETE", path("attachments", attachmentId));
  }
}
