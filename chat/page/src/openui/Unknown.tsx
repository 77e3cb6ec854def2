/** A component that nobody here knows: its words one below the other, and whatever it holds. */

import { defineComponent } from "@openuidev/react-lang";
import { z } from "zod/v4";
import type { DefinedComponent, Drawn } from "./types";

/** Arguments that are read of it; the longest of C1's components take about ten. */
const ARGUMENTS = 12;
/** Levels of lists and objects that are looked into. */
const DEPTH = 6;
/** Words that say how something looks. */
const STYLE = new Set(
  ("default small medium large left right center start end row column primary secondary tertiary grouped stacked linear natural " +
    "step normal clear card sunk string number horizontal vertical neutral info success warning danger none").split(" "),
);

export function unknown(name: string): DefinedComponent {
  const fields = Array.from({ length: ARGUMENTS }, (_, place) => [`argument${place}`, z.any().optional()]);
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
  return Object.values(value).map((inner, place) => <div key={place}>{shown(inner, renderNode, depth + 1)}</div>);
}
