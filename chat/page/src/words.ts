/** The page's texts in the reader's language. Each language is a file in `words/`, named by its tag. */

import { type Words, words as english } from "./words/en";

const FILES = import.meta.glob<{ words: Words }>("./words/*.ts", { eager: true });
const TABLES = Object.fromEntries(Object.entries(FILES).map(([path, { words }]) => [nameOf(path), words]));

/** Return "de" for "./words/de.ts". */
function nameOf(path: string) {
  return path.replace(/^.*\/|\.ts$/g, "");
}

/** Empty during the build, which has no navigator. */
const spoken = typeof navigator === "undefined" ? [] : navigator.languages;

/** The first available language of the reader's preferences: "pt-BR" itself, else "pt". */
export const language = spoken.flatMap((tag) => [tag, tag.split("-")[0] ?? ""]).find((tag) => tag in TABLES) ?? "en";

export const words: Words = TABLES[language] ?? english;
