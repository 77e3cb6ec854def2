/** Copying to the clipboard, also on plain http, where browsers hide their clipboard API. */

import { el } from "./dom.js";

/** Copy a text. Return false if the browser refuses. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

/**
 * Copy by a selected field, the only way outside of secure contexts. Return false if the browser refuses. The field is part of
 * the open dialog, because a modal dialog allows no selection outside of it.
 */
export function copySelected(text) {
  const focused = document.activeElement;
  const field = el("textarea", { class: "unseen", readonly: true, "aria-hidden": "true" });
  field.value = text;
  (focused?.closest("dialog, [role=dialog]") ?? document.body).append(field);
  try {
    field.select();
    return document.execCommand("copy");
  } finally {
    field.remove();
    focused?.focus({ preventScroll: true });
  }
}
