/** The page's texts in the reader's language. Each language is a file in `words/`, named by its tag, and a chunk of its own. */

import { chosenLanguage } from "./state/language";
import { type Words, words as english } from "./words/en";

const FILES = import.meta.glob<{ words: Words }>(["./words/*.ts", "!./words/en.ts"]);

/** Names of the languages in themselves, by tag. */
export const LANGUAGES: Record<string, string> = { en: "English", de: "Deutsch", ar: "العربية" };

/** Empty during the build, which has no navigator. */
const spoken = typeof navigator === "undefined" ? [] : [chosenLanguage(), ...navigator.languages];

/** The first available language of the reader's preferences: "pt-BR" itself, else "pt". */
export const language = spoken.flatMap((tag) => [tag, tag.split("-")[0] ?? ""]).find((tag) => tag in LANGUAGES) ?? "en";

/** Return the texts of a language, or the English ones where they cannot be loaded. */
async function load(tag: string): Promise<Words> {
  const file = FILES[`./words/${tag}.ts`];
  return file ? await file().then(({ words }) => words, () => english) : english;
}

export const words: Words = await load(language);
