/** Adjust browser APIs so that third-party components work under the page's policy and on plain http. */

import { copySelected } from "@plain/js/clipboard.js";

/** Add the page's nonce to style elements made by scripts; markup parsed from text never gets it. */
export function prepareBrowser() {
  const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
  const make = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = make(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  }) as typeof document.createElement;
  // Browsers define these in secure contexts only (https and loopback).
  crypto.randomUUID ??= randomUUID;
  if (!navigator.clipboard) Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
}

async function writeText(text: string) {
  if (!copySelected(text)) throw new DOMException("The browser refuses to copy.", "NotAllowedError");
}

function randomUUID(): ReturnType<Crypto["randomUUID"]> {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
