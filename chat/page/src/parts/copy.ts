/** Into the clipboard, with a word about it. Browsers allow it on https and on this machine only. */

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
