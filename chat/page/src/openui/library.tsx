/** The components that a program may use: OpenUI's for chats, C1's names for them, and a readable stand-in for any other. */

import type { DefinedComponent, Library, ValidationError } from "./types";
import { createLibrary } from "@openuidev/react-lang";
import { openuiChatLibrary } from "@openuidev/react-ui/genui-lib";
import { adopted } from "./adopted";
import { CHARTS, named } from "./named";
import { pictures } from "./pictures";
import { unknown } from "./Unknown";

/** A component in a program: a capital, and a bracket behind the name. */
const USED = /(?:^|[^\w."'@])([A-Z]\w{0,60})\(/g;
/** Language of its own, not components. */
const BUILT_IN = new Set(["Action", "Query", "Mutation"]);
/** Stand-ins of one program: more different names than this is no interface. */
const MOST = 30;
/** What makes a component vanish from the page. */
const LOSSES = new Set(["unknown-component", "missing-required", "null-required"]);

const components = named({ ...openuiChatLibrary.components, ...pictures, ...adopted });
const known = libraryOf(components);
const extended = new Map<string, Library>();

/** The library for a program, the same object for the same names, so that nothing is drawn anew; and whether it has charts. */
export function libraryFor(program: string): { library: Library; charts: boolean } {
  const names = [...new Set([...program.matchAll(USED)].map((found) => found[1] ?? ""))];
  const charts = names.some((name) => CHARTS.includes(name));
  const strange = names.filter((name) => !(name in components) && !BUILT_IN.has(name)).slice(0, MOST).sort();
  if (!strange.length) return { library: known, charts };
  const key = strange.join();
  const library = extended.get(key) ?? libraryOf({ ...components, ...Object.fromEntries(strange.map((name) => [name, unknown(name)])) });
  extended.set(key, library);
  return { library, charts };
}

function libraryOf(all: Record<string, DefinedComponent>) {
  return createLibrary({ root: openuiChatLibrary.root, components: Object.values(all) });
}

/** Whether something that the program says is not on the page because of this error. */
export function isLoss(library: Library, error: ValidationError): boolean {
  if (LOSSES.has(error.code)) return true;
  const field = error.path.split("/")[1] ?? "";
  const { $defs = {} } = library.toJSONSchema() as { $defs?: Record<string, { required?: string[] }> };
  return error.code === "type-mismatch" && ($defs[error.component]?.required?.includes(field) ?? false);
}
