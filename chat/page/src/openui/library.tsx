/** The components that a program may use: OpenUI's for chats, C1's names for them, and a readable stand-in for any other. */

import type { DefinedComponent, Library, ValidationError } from "./types";
import { createLibrary } from "@openuidev/react-lang";
import { openuiChatLibrary } from "@openuidev/react-ui/genui-lib";
import { c1Components } from "./c1Components";
import { CHARTS, withAccessibleNames } from "./accessibleNames";
import { pictures } from "./pictures";
import { unknown } from "./UnknownComponent";

/** A component in a program: a capitalised name followed by a bracket. */
const USED = /(?:^|[^\w."'@])([A-Z]\w{0,60})\(/g;
/** Built-in forms of the language, no components. */
const BUILT_IN = new Set(["Action", "Query", "Mutation"]);
/** Upper bound of stand-ins per program: a text with more unknown names is no interface. */
const MAX_STAND_INS = 30;
/** Parse errors that make a component vanish from the page. */
const LOSSES = new Set(["unknown-component", "missing-required", "null-required"]);

const components = withAccessibleNames({ ...openuiChatLibrary.components, ...pictures, ...c1Components });
const known = libraryOf(components);
const extended = new Map<string, Library>();

/** Return the library for a program, the same object for the same names (React then redraws nothing), and whether it has charts. */
export function libraryFor(program: string): { library: Library; charts: boolean } {
  const names = [...new Set([...program.matchAll(USED)].map((match) => match[1] ?? ""))];
  const charts = names.some((name) => CHARTS.includes(name));
  const strange = names.filter((name) => !(name in components) && !BUILT_IN.has(name)).slice(0, MAX_STAND_INS).sort();
  if (!strange.length) return { library: known, charts };
  const key = strange.join();
  const library = extended.get(key) ?? libraryOf({ ...components, ...Object.fromEntries(strange.map((name) => [name, unknown(name)])) });
  extended.set(key, library);
  return { library, charts };
}

function libraryOf(all: Record<string, DefinedComponent>) {
  return createLibrary({ root: openuiChatLibrary.root, components: Object.values(all) });
}

/** Return true if this error hides a part of the program from the reader. */
export function isLoss(library: Library, error: ValidationError): boolean {
  if (LOSSES.has(error.code)) return true;
  const field = error.path.split("/")[1] ?? "";
  const { $defs = {} } = library.toJSONSchema() as { $defs?: Record<string, { required?: string[] }> };
  return error.code === "type-mismatch" && ($defs[error.component]?.required?.includes(field) ?? false);
}
