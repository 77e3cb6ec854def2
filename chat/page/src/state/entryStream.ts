/** The stream of an entry of the outbox, which begins once the server has accepted the prompt. */

import { ProblemError, type StreamEvent } from "chat-client";
import type { Refusal } from "./outbox";
import type { Accepted } from "./pageOutbox";
import type { ReplyStream } from "./reply";

export class EntryStream implements ReplyStream {
  #delivery: Promise<Accepted>;
  #closed = false;

  constructor(delivery: Promise<Accepted>) {
    this.#delivery = delivery.catch((refusal: Refusal) => {
      throw new ProblemError(refusal.status, { ...refusal.problem, detail: refusal.message, code: refusal.code }, refusal.retryAfter ?? null);
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamEvent, void, void> {
    const { first, stream } = await this.#delivery;
    if (this.#closed) return;
    yield first;
    yield* stream;
  }

  /** Stop reading; the answer itself goes on at the server. */
  close() {
    this.#closed = true;
    this.#delivery.then(
      ({ stream }) => stream.close(),
      () => undefined,
    );
  }
}
