/** Requests of Thesys' client on this server's routes. The client shows no refusals, so the frame does. */

import type { C1Message, Sent } from "@thesysai/genui-sdk";
import type { Page } from "../state/page";
import { words } from "../words";
import { envelopeStream, wrapInEnvelope } from "./c1Envelope";

/** Milliseconds between the last change of an answer's form and its storing: a pause in typing. */
const KEEPING = 600;

export class Answers {
  #page: Page;
  /** Running answers, which the server does not let anyone change. */
  #coming = new Set<string>();
  #keeping = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(page: Page) {
    this.#page = page;
  }

  /** Return true if the client itself reads this answer's stream. */
  asks(responseId: string) {
    return this.#coming.has(responseId);
  }

  /** Send the typed or clicked prompt. Return the answer's stream. */
  async ask({ threadId, responseId, messages, abortController }: Sent): Promise<Response> {
    const prompt = messages.at(-1);
    const reading = new AbortController();
    let seen = 0;
    this.#coming.add(responseId);
    abortController.signal.addEventListener("abort", () => {
      reading.abort();
      // The client also aborts when another chat is opened, which must stop nothing; the frame knows the open chat.
      if (this.#page.conversation.threadId === threadId) this.#stop(responseId, seen);
    });
    const ended = () => void this.#coming.delete(responseId);
    const passed = (bytes: number) => void (seen += bytes);
    try {
      const response = await this.#post({ prompt, threadId, responseId, model: this.#page.model, effort: this.#page.effort || undefined }, reading.signal);
      if (!response.ok) return this.#refused(responseId, ((await response.json()) as { detail?: string }).detail);
      void this.#page.go(threadId);
      return envelopeStream(response, passed, ended);
    } catch {
      return this.#refused(responseId, reading.signal.aborted ? words.endings.stopped : undefined);
    }
  }

  /** Show the refusal in the frame and as the answer's text: the client shows any other response as an error without a text. */
  #refused(responseId: string, why: string = words.unreachable): Response {
    this.#coming.delete(responseId);
    this.#page.showNotice(why);
    return new Response(wrapInEnvelope(why));
  }

  #post(body: object, signal: AbortSignal): Promise<Response> {
    const headers = { "Content-Type": "application/json" };
    return fetch("/api/chat", { method: "POST", headers, body: JSON.stringify(body), signal });
  }

  /** Store the form's values after a pause, once the answer has ended. */
  keep(message: C1Message) {
    const { threadId } = this.#page.conversation;
    if (threadId === null) return;
    clearTimeout(this.#keeping.get(message.id));
    const again = () => (this.#coming.has(message.id) ? this.keep(message) : this.#put(threadId, message));
    this.#keeping.set(message.id, setTimeout(again, KEEPING));
  }

  #put(threadId: string, { id, content }: C1Message) {
    this.#keeping.delete(id);
    this.#page.api.replaceMessage(threadId, id, String(content)).catch((problem: unknown) => this.#page.failed(problem));
  }

  #stop(responseId: string, seen: number) {
    this.#page.api.stop(responseId, seen).catch((problem: unknown) => this.#page.failed(problem));
  }
}
