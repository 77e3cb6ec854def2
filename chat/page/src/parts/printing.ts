/** Printing: the whole chat with all earlier messages, and what is folded away unfolded. */

import { useSyncExternalStore } from "react";
import { flushSync } from "react-dom";
import type { Page } from "../state/page";

/** Milliseconds for code, math and charts of messages that have just come to be drawn. */
const DRAWING_MS = 800;

/** Load all earlier messages of the chat, and print it. */
export async function printChat(page: Page): Promise<void> {
  const { conversation } = page;
  const { threadId } = conversation;
  while (conversation.hasMore && conversation.threadId === threadId) await conversation.older();
  await new Promise((done) => setTimeout(done, DRAWING_MS));
  if (conversation.threadId === threadId) print();
}

let printing = false;
const listeners = new Set<() => void>();

/** The browser lays the page out as soon as the event returns. */
function set(now: boolean) {
  printing = now;
  flushSync(() => listeners.forEach((listen) => listen()));
}

addEventListener("beforeprint", () => set(true));
addEventListener("afterprint", () => set(false));

function subscribe(listen: () => void) {
  listeners.add(listen);
  return () => void listeners.delete(listen);
}

/** Return true while the page is being printed. */
export const usePrinting = () => useSyncExternalStore(subscribe, () => printing, () => false);
