/** Plugins of the Markdown pipeline: markup stays text, math gets its place back, headings go below the page's own. */

import type { Element, ElementContent, Nodes, Parents, Properties } from "hast";
import { MARK, type Piece, restored } from "./math";

/** A line break, the one tag that models write within table cells, where Markdown has no other. */
const BREAK = /<br\s*\/?>/gi;
/** Marks that end a clause: a line does not begin with one. */
const CLOSING = /^[.,;:!?…)\]}»”’"']+/;
/** The name of the element that stands for a piece of math; `elements.tsx` draws it. */
export const MATH = "math-piece";
/** The id of the heading of footnotes. */
const LABEL = "footnote-label";

interface Processor {
  data(): { micromarkExtensions?: unknown[] };
}

/** Read markup as text: Markdown within it keeps its meaning, and nothing of it becomes an element. */
export function remarkWithoutMarkup(this: Processor) {
  const data = this.data();
  (data.micromarkExtensions ??= []).push({ disable: { null: ["htmlFlow", "htmlText"] } });
}

/** Put the pieces of math, and line breaks, into the document. */
export function rehypePieces(pieces: Piece[], prefix: string) {
  return (tree: Nodes) => fill(tree, { pieces, prefix });
}

interface Context {
  pieces: Piece[];
  /** Begins the ids of this message's footnotes. */
  prefix: string;
}

function fill(node: Nodes, context: Context) {
  const { pieces } = context;
  if (node.type === "element") node.properties = restoredProperties(node.properties, context);
  if (!("children" in node)) return;
  const code = node.type === "element" && node.tagName === "code";
  const children = (node as Parents).children as ElementContent[];
  (node as Parents).children = children.flatMap((child, index) => {
    // The page keeps line breaks of a paragraph: the one behind a break would be another.
    if (child.type === "text" && isBreak(children[index - 1])) child = { ...child, value: child.value.replace(/^\n/, "") };
    if (child.type === "text") return code ? [{ ...child, value: restored(child.value, pieces) }] : held(placed(child.value, pieces));
    fill(child, context);
    return [lowered(child)];
  });
}

function restoredProperties(properties: Properties, { pieces, prefix }: Context): Properties {
  const restoredValue = (value: Properties[string]) => {
    if (typeof value !== "string") return value;
    // The one id that the footnotes of all messages would share.
    return value === LABEL ? `${prefix}${LABEL}` : restored(withoutEscapes(value), pieces);
  };
  const entries = Object.entries(properties).map(([name, value]) => [name, restoredValue(value)]);
  return { ...Object.fromEntries(entries), ...(properties.ariaDescribedBy ? { ariaDescribedBy: `${prefix}${LABEL}` } : {}) };
}

/** Addresses are percent-encoded on their way here, the marks in them too. */
const withoutEscapes = (value: string) => value.replaceAll("%EF%B7%90", "\ufdd0").replaceAll("%EF%B7%91", "\ufdd1");

function placed(text: string, pieces: Piece[]): ElementContent[] {
  return text.split(new RegExp(`(${MARK.source}|${BREAK.source})`, "gi")).flatMap((part, index): ElementContent[] => {
    // The number of a mark is a group of its own, at every third place.
    if (part === undefined || part === "" || index % 3 === 2) return [];
    if (index % 3 === 0) return [{ type: "text", value: part }];
    if (part.startsWith("<")) return [element("br", {})];
    const piece = pieces[Number(part.slice(1, -1))];
    if (!piece?.tex) return [{ type: "text", value: piece?.raw ?? "" }];
    const { raw, tex, display, closed } = piece;
    return [element(MATH, { raw, tex, block: display, closed })];
  });
}

/** Keep a formula on the line of the marks behind it: for the browser it is a box, behind which a line may end. */
function held(parts: ElementContent[]): ElementContent[] {
  return parts.flatMap((part, index) => {
    const next = parts[index + 1];
    const before = parts[index - 1];
    if (isFormula(part) && next?.type === "text" && CLOSING.test(next.value)) {
      return [{ ...element("span", { className: ["held"] }), children: [part, { type: "text", value: CLOSING.exec(next.value)?.[0] ?? "" }] }];
    }
    return part.type === "text" && isFormula(before) ? [{ ...part, value: part.value.replace(CLOSING, "") }] : [part];
  });
}

const isFormula = (node: ElementContent | undefined) => node?.type === "element" && node.tagName === MATH && !node.properties.block;

const isBreak = (node: ElementContent | undefined) => node?.type === "element" && node.tagName === "br";

const element = (tagName: string, properties: Properties): Element => ({ type: "element", tagName, properties, children: [] });

/** Return a heading one level down: the page's own is the first. */
function lowered<T extends ElementContent>(node: T): T {
  if (node.type !== "element") return node;
  const level = /^h([1-5])$/.exec(node.tagName)?.[1];
  return level ? { ...node, tagName: `h${Number(level) + 1}` } : node;
}
