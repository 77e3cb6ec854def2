/** Names of tools and of their arguments, in the reader's language for those of the server itself. */

import { words } from "../words";

/** Return the name of a tool in words. */
export const toolWords = (name: string) => words.ownTools[name] ?? name.replaceAll("_", " ");

/** Return the label of an argument of one of the server's own tools, if it has one. */
export const argumentWords = (tool: string, name: string) => (tool in words.ownTools ? words.ownArguments[name] : undefined);
