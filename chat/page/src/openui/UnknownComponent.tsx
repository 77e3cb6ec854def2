/** Stand-in for a component missing in the library: its texts one below the other, and its children. */

import { defineComponent } from "@openuidev/react-lang";
import { z } from "zod/v4";
import type { DefinedComponent, Drawn } from "./types";

/** Arguments read of an unknown component; the longest of C1's components take about ten. */
const ARGUMENTS = 12;
/** Levels of nested lists and objects that are shown; real programs stay below. */
const DEPTH = 6;
/** Values that describe a style and are no text for the reader. */
const STYLE = new Set(
  ("default small medium large left right center start end row column primary secondary tertiary grouped stacked linear natural " +
    "step normal clear card sunk string number horizontal vertical neutral info success warning danger none").split(" "),
);

export function unknown(name: string): DefinedComponent {
  const fields = Array.from({ length: ARGUMENTS }, (_, index) => [`argument${index}`, z.any().optional()]);
  return defineComponent({
    name,
    description: "",
    props: z.object(Object.fromEntries(fields) as z.ZodRawShape),
    component: ({ props, renderNode }: Drawn<Record<string, unknown>>) => (
      <div className="unknown">{Object.values(props).map((value) => shown(value, renderNode, 0))}</div>
    ),
  }) as DefinedComponent;
}

function shown(value: unknown, renderNode: (value: unknown) => React.ReactNode, depth: number): React.ReactNode {
  if (typeof value === "string" || typeof value === "number") return STYLE.has(String(value)) ? null : <p>{value}</p>;
  if (value === null || typeof value !== "object" || depth > DEPTH) return null;
  if ((value as { type?: unknown }).type === "element") return renderNode(value);
  return Object.values(value).map((inner, index) => <div key={index}>{shown(inner, renderNode, depth + 1)}</div>);
}
