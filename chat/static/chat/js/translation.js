/** Texts of the scripts in the reader's language: the server puts the translations into the plain page. */

const translations = JSON.parse(globalThis.document?.getElementById("translations")?.textContent ?? "{}");

/** Return a text in the reader's language, or as it is. `%(name)s` stands for a value. */
export function gettext(text, values = {}) {
  return (translations[text] ?? text).replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}
