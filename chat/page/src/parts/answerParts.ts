/** An answer taken apart: steps, programs for the renderer, and everything else as text that anybody can read. */

import { segments, type Segment } from "@plain/js/envelope.js";

export interface Step {
  title: string;
  text: string;
}

export interface Part {
  kind: "program" | "readable";
  /** An openui-lang program, or a reply in any form. */
  text: string;
}

const FENCE = /```openui-lang[^\n]*\n?/;
const PROGRAM = /^\s*root\s*=/;
/** Version 1, also while its first words are still coming. */
const TREE = /^\s*\{\s*("component"|"[a-z]{0,9}$|$)/;
/** The beginning of a fence or of a program at the end of what has come so far: no text yet. */
const TORN = /(^|\n)\s*(`{1,3}[a-z-]*|r(o(o(t\s*)?)?)?)$/;

export function partsOf(reply: string, running: boolean): { steps: Step[]; parts: Part[] } {
  const pieces = segments(reply);
  const steps = pieces.flatMap((piece) => (piece.kind === "step" && (running || !piece.ephemeral) ? [piece] : []));
  const parts = pieces.flatMap((piece) => bodyOf(piece, running));
  // An envelope with nothing in it that can be shown is shown as it is.
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
