/** The page's outbox: in the browser's storage, sent over the page's transport. */

import { newId } from "@plain/js/dom.js";
import type { ChatClient, Stream, StreamEvent } from "chat-client";
import { words } from "../words";
import { Outbox } from "./outbox";
import { BrowserStorage, exclusive } from "./outboxStorage";
import { sleep } from "./sleep";

/** The stream of an accepted prompt, whose first event is read already. */
export interface Accepted {
  first: StreamEvent;
  stream: Stream;
}

export type PageOutbox = Outbox<Accepted>;

interface Host {
  api: ChatClient;
  isAnswering(threadId: string): boolean;
  waiting(threadId: string, waits: boolean): void;
}

export function pageOutbox({ api, isAnswering, waiting }: Host): PageOutbox {
  return new Outbox<Accepted>({
    storage: new BrowserStorage(),
    exclusive,
    sleep,
    newId,
    isAnswering,
    waiting,
    tooLate: () => words.outbox.tooLate,
    discard: ({ stream }) => void stream[Symbol.asyncIterator]().return(),
    send: ({ id: promptId, responseId, threadId, content, more, now }) =>
      accepted(api.send(content, { promptId, responseId, threadId, ...more, busy: now ? "interrupt" : "reject" })),
  });
}

/** Return a stream once the server has accepted its prompt. Throw the error of the first attempt: the outbox repeats it. */
async function accepted(stream: Stream): Promise<Accepted> {
  const events = stream[Symbol.asyncIterator]();
  const { value: first } = await events.next();
  if (first?.type === "start") return { first, stream };
  await events.return();
  throw first?.type === "reconnecting" ? first.error : new Error("The stream ended before its start.");
}

/** Name of this tab's chat that the server does not know yet: a reload returns to it. */
const UNSAVED = "chat.unsaved";

/** Remember this tab's chat that the server does not know yet; null: it knows it now, or the chat was left. */
export function rememberUnsaved(threadId: string | null) {
  try {
    if (threadId === null) sessionStorage.removeItem(UNSAVED);
    else sessionStorage.setItem(UNSAVED, threadId);
  } catch {
    // Without storage a reload starts at a new chat, and the prompt is sent all the same.
  }
}

export function recallUnsaved(): string | null {
  try {
    return sessionStorage.getItem(UNSAVED);
  } catch {
    return null;
  }
}
