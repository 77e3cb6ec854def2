/** Copy a text to the clipboard and announce the result. */

import { announce } from "@plain/js/announce.js";
import { words } from "../words";

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    announce(words.copied);
    return true;
  } catch {
    announce(words.copyFailed);
    return false;
  }
}
