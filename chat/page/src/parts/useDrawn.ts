/** The messages that are drawn: the newest at once, which fill any view, and those above them bit by bit. */

import { useEffect, useState } from "react";
import type { Item } from "../state/messageList";
import { usePrinting } from "./printing";

/** Messages drawn with one task: some 100 ms of work with long answers, so that a long chat is there at once. */
const AT_ONCE = 40;

/** Return the drawn end of `items`; all of them for a print, and if `whole`. `before` is called before more are drawn. */
export function useDrawn(items: Item[], chat: number, whole: boolean, before: () => void): Item[] {
  const [drawn, setDrawn] = useState({ chat, count: AT_ONCE });
  const count = drawn.chat === chat ? drawn.count : AT_ONCE;
  const all = usePrinting() || whole || count >= items.length;
  useEffect(() => {
    // Messages that are sent later are drawn with the rest: only a chat that is opened is long at once.
    if (all) setDrawn({ chat, count: items.length ? Infinity : AT_ONCE });
    else {
      const timer = setTimeout(() => {
        before();
        setDrawn({ chat, count: count + AT_ONCE });
      });
      return () => clearTimeout(timer);
    }
  }, [chat, count, all, items.length > 0]);
  return all ? items : items.slice(-count);
}
