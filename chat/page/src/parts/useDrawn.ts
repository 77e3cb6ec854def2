/** The messages that are drawn: the newest at once, which fill any view, and those above them bit by bit; until then they are sketched. */

import { useEffect, useState } from "react";
import type { Item } from "../state/messageList";
import { usePrinting } from "./printing";

/** Messages drawn at once: more than fill any view. */
const FIRST = 24;
/** Messages drawn in each pause of the browser: some 50 ms of work with long answers, so that what comes meanwhile hardly waits. */
const NEXT = 16;
/** Milliseconds after which a busy browser draws the next ones, too. */
const LATEST_MS = 500;

/** Return the index of the first drawn message; 0 for a print, and if `whole`. `before` is called before more are drawn. */
export function useDrawn(items: Item[], whole: boolean, before: () => void): number {
  const [first, setFirst] = useState("");
  const from = usePrinting() || whole ? 0 : startOf(items, first);
  useEffect(() => {
    // Messages that are sent later stand behind the first drawn one.
    if (from === 0) return setFirst(items[0]?.id ?? "");
    return inPause(() => {
      before();
      setFirst(items[Math.max(0, from - NEXT)]?.id ?? "");
    });
  }, [from, items[0]?.id]);
  return from;
}

/** Return the index of the message `first`; without it, as in a chat that was opened just now, that of the newest ones. */
function startOf(items: Item[], first: string) {
  const index = items.findIndex(({ id }) => id === first);
  return index < 0 ? Math.max(0, items.length - FIRST) : index;
}

/** Run `act` when the browser has nothing else to do. Return a function that calls it off. Safari knows no pauses. */
function inPause(act: () => void): () => void {
  if (typeof requestIdleCallback === "undefined") {
    const timer = setTimeout(act);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(act, { timeout: LATEST_MS });
  return () => cancelIdleCallback(handle);
}
