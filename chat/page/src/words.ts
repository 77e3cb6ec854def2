/** The page's words in the reader's language: a language is a file in `words/`, named by its tag. */

import { type Words, words as english } from "./words/en";

const FILES = import.meta.glob<{ words: Words }>("./words/*.ts", { eager: true });
const TABLES = Object.fromEntries(Object.entries(FILES).map(([path, { words }]) => [nameOf(path), words]));

/** "./words/de.ts" is "de". */
function nameOf(path: string) {
  return path.replace(/^.*\/|\.ts$/g, "");
}

/** None where the page is only built. */
const spoken = typeof navigator === "undefined" ? [] : navigator.languages;

/** What the reader likes best of what there is: "pt-BR" itself, or else "pt". */
export const language = spoken.flatMap((tag) => [tag, tag.split("-")[0] ?? ""]).find((tag) => tag in TABLES) ?? "en";

export const words: Words = TABLES[language] ?? english;
