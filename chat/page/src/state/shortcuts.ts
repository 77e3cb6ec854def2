/** Keyboard shortcuts of the whole page. */

import { isComposing } from "@plain/js/dom.js";
import type { Page } from "./page";

const isApple = /Mac|iPhone|iPad/.test(navigator.platform);

/** The name of the key that goes with the shortcuts' letters. */
export const MODIFIER = isApple ? "⌘" : "Ctrl";

/** The shortcuts by the name of their texts in `words.shortcuts`. */
export const SHORTCUTS = {
  palette: [MODIFIER, "K"],
  newChat: [MODIFIER, "Shift", "O"],
  fold: [MODIFIER, "Shift", "S"],
  settings: [MODIFIER, ","],
  field: ["/"],
  list: ["?"],
  send: ["Enter"],
  line: ["Shift", "Enter"],
  stop: ["Escape"],
} as const;

/** Run the shortcut of a key, if it is one. Keys typed into a field are text unless the modifier goes with them. */
export function onShortcut(page: Page, event: KeyboardEvent) {
  if (event.defaultPrevented || isComposing(event) || event.altKey) return;
  const key = event.key.toLowerCase();
  const modified = isApple ? event.metaKey : event.ctrlKey;
  const act = modified ? withModifier(page, key, event.shiftKey) : isTyping(event) ? undefined : alone(page, key);
  if (!act) return;
  event.preventDefault();
  act();
}

function withModifier(page: Page, key: string, shift: boolean): (() => void) | undefined {
  if (key === "k" && !shift) return () => page.overlays.open({ kind: "palette" });
  if (key === "," && !shift) return () => page.overlays.open({ kind: "settings" });
  if (key === "o" && shift) return () => void page.go(null);
  if (key === "s" && shift) return () => page.fold(!page.folded);
  return undefined;
}

function alone(page: Page, key: string): (() => void) | undefined {
  if (page.overlays.shown) return undefined;
  if (key === "?") return () => page.overlays.open({ kind: "shortcuts" });
  if (key === "/") return () => document.querySelector<HTMLElement>("#prompt")?.focus();
  return undefined;
}

function isTyping({ target, metaKey, ctrlKey }: KeyboardEvent) {
  const field = target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable], [role^=menu]");
  return field || metaKey || ctrlKey;
}
