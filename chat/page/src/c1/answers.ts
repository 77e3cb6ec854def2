/** What Thesys' client asks and keeps, on this server's routes; it shows no refusal itself, so the frame does. */

import type { C1Message, Sent } from "@thesysai/genui-sdk";
import type { Page } from "../state/page";
import { words } from "../words";
import { drawable, drawn } from "./drawable";

/** Milliseconds after the last change of an answer's form until it is kept: a pause in typing. */
const KEEPING = 600;

export class Answers {
  #page: Page;
  /** Answers that are still coming: the server takes no change of them. */
  #coming = new Set<string>();
  #keeping = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(page: Page) {
    this.#page = page;
  }

  /** Whether the client itself reads this answer. */
  asks(responseId: string) {
    return this.#coming.has(responseId);
  }

  /** Sends what was typed or clicked; the answer's stream. */
  async ask({ threadId, responseId, messages, abortController }: Sent): Promise<Response> {
    const prompt = messages.at(-1);
    const reading = new AbortController();
    let seen = 0;
    this.#coming.add(responseId);
    abortController.signal.addEventListener("abort", () => {
      reading.abort();
      // Leaving for another chat looks the same here, and stops nothing: the frame knows which chat is open.
      if (this.#page.conversation.threadId === threadId) this.#stop(responseId, seen);
    });
    const ended = () => void this.#coming.delete(responseId);
    const passed = (bytes: number) => void (seen += bytes);
    try {
      const response = await this.#post({ prompt, threadId, responseId, model: this.#page.model }, reading.signal);
      if (!response.ok) return this.#refused(responseId, ((await response.json()) as { detail?: string }).detail);
      void this.#page.go(threadId);
      return drawable(response, passed, ended);
    } catch {
      return this.#refused(responseId, reading.signal.aborted ? words.endings.stopped : undefined);
    }
  }

  /** Told by the frame, and in the answer's place: for anything but an answer the client has an error and no words. */
  #refused(responseId: string, why: string = words.unreachable): Response {
    this.#coming.delete(responseId);
    this.#page.tell(why);
    return new Response(drawn(why));
  }

  #post(body: object, signal: AbortSignal): Promise<Response> {
    const headers = { "Content-Type": "application/json" };
    return fetch("/api/chat", { method: "POST", headers, body: JSON.stringify(body), signal });
  }

  /** Keeps what was filled in, when there is a pause and the answer is whole. */
  keep(message: C1Message) {
    const { threadId } = this.#page.conversation;
    if (threadId === null) return;
    clearTimeout(this.#keeping.get(message.id));
    const again = () => (this.#coming.has(message.id) ? this.keep(message) : this.#put(threadId, message));
    this.#keeping.set(message.id, setTimeout(again, KEEPING));
  }

  #put(threadId: string, { id, content }: C1Message) {
    this.#keeping.delete(id);
    this.#page.api.replace(threadId, id, String(content)).catch((problem: unknown) => this.#page.failed(problem));
  }

  #stop(responseId: string, seen: number) {
    this.#page.api.stop(responseId, seen).catch((problem: unknown) => this.#page.failed(problem));
  }
}
