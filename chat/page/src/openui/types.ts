/** OpenUI's types that this page uses. */

import type { DefinedComponent as Defined, Library, ParseResult } from "@openuidev/react-lang";

export type { Library };
// Props differ from component to component; a list of all of them has no narrower type.
// biome-ignore lint: as above
export type DefinedComponent = Defined<any>;
export type ValidationError = ParseResult["meta"]["errors"][number];

/** The props of a component's renderer. */
export interface Drawn<P> {
  props: P;
  renderNode(value: unknown): React.ReactNode;
}
