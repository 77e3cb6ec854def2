/** Split an answer into steps, programs for the renderer, and readable text. */

import { isShown, segments, type Segment } from "@plain/js/envelope.js";

export interface Step {
  title: string;
  text: string;
}

export interface Part {
  kind: "program" | "readable";
  /** An openui-lang program, or readable text in any format. */
  text: string;
}

const FENCE = /```openui-lang[^\n]*\n?/;
const PROGRAM = /^\s*root\s*=/;
/** The JSON format (version 1), also while its first characters arrive. */
const TREE = /^\s*\{\s*("component"|"[a-z]{0,9}$|$)/;
/** An unfinished fence or program start at the end of a running answer: not yet text. */
const TORN = /(^|\n)\s*(`{1,3}[a-z-]*|r(o(o(t\s*)?)?)?)$/;

export function partsOf(reply: string, running: boolean): { steps: Step[]; parts: Part[] } {
  const pieces = segments(reply);
  const steps = pieces.flatMap((piece) => (piece.kind === "step" && isShown(piece, running) ? [piece] : []));
  const parts = pieces.flatMap((piece) => bodyOf(piece, running));
  // An envelope without any showable content is shown unchanged.
  const whole = !running && !parts.length && reply.trim() && !steps.length;
  return { steps, parts: whole ? [{ kind: "readable", text: reply }] : parts };
}

function bodyOf(piece: Segment, running: boolean): Part[] {
  if (piece.kind === "step" || piece.kind === "context") return [];
  const { text } = piece;
  if (TREE.test(text)) return running ? [] : readable(text);
  if (PROGRAM.test(text)) return program(text);
  const [before = "", ...fenced] = text.split(FENCE);
  return [...readable(fenced.length || !running ? before : before.replace(TORN, "")), ...fenced.flatMap(fencedOf)];
}

function fencedOf(text: string): Part[] {
  const end = text.search(/^\s*```/m);
  if (end < 0) return program(text.replace(/\n\s*`{1,2}$/, ""));
  return [...program(text.slice(0, end)), ...readable(text.slice(end).replace(/^\s*```/, ""))];
}

const readable = (text: string): Part[] => (text.trim() ? [{ kind: "readable", text }] : []);

const program = (text: string): Part[] => (text.trim() ? [{ kind: "program", text }] : []);
