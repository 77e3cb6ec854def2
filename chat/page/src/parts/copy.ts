/** Copy a text to the clipboard and announce the result. */

import { announce } from "@plain/js/announce.js";
import { copyText } from "@plain/js/clipboard.js";
import { words } from "../words";

export async function copy(text: string): Promise<void> {
  announce((await copyText(text)) ? words.copied : words.copyFailed);
}
