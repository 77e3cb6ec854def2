/** Copy a text to the clipboard and announce the result. */

import { announce } from "@plain/js/announce.js";
import { copyText } from "@plain/js/clipboard.js";
import { words } from "../words";

/** Return true if the text was copied. */
export async function copy(text: string): Promise<boolean> {
  const copied = await copyText(text);
  announce(copied ? words.copied : words.copyFailed);
  return copied;
}
