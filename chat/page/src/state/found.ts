/** The message that a search found, and the words that matched. */

import type { ThreadSearchResult } from "./apiTypes";

export interface Found {
  messageId: string;
  words: string[];
}

/** Return the message that a search found in a thread; null where its title matched. */
export function foundOf({ excerpt }: ThreadSearchResult): Found | null {
  if (!excerpt?.messageId) return null;
  // The server counts code points; a JavaScript string counts UTF-16 units.
  const characters = Array.from(excerpt.text);
  const words = excerpt.ranges.map(([from, to]) => characters.slice(from, to).join(""));
  return { messageId: excerpt.messageId, words: [...new Set(words)] };
}
