/** Helpers for DOM elements. Text of users and models enters the page as text nodes only. */

/** Create an element: `el("p", {class: "note"}, "text", child)`. Attributes that are null, undefined or false are left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Create a link for http(s) and mailto addresses, else a plain text: a model may write any scheme. */
export function safeLink(address, words) {
  const known = /^(https?:\/\/|mailto:)/i.test(address);
  if (!known) return document.createTextNode(words);
  return el("a", { href: address, rel: "noopener noreferrer nofollow", target: "_blank" }, words);
}

/**
 * Return true if the key belongs to an input method, which then takes Enter and Escape. Safari ends a composition before the
 * key that confirms it, and marks that key with the code 229 alone.
 */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/** Return a new id for the API. `crypto.randomUUID` is missing on plain http outside loopback. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
