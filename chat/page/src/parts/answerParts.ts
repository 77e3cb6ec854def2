/** Split an answer into steps, programs for the renderer, and readable text. */

import { type ArtifactMark, isShown, segments, type Segment } from "@plain/js/envelope.js";

export interface Step {
  title: string;
  text: string;
}

export interface Part {
  kind: "program" | "readable";
  /** An openui-lang program, or readable text in any format. */
  text: string;
  /** The artifact that it is part of, if any. */
  artifact?: ArtifactMark;
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
  const parts = pieces.flatMap((piece) => bodyOf(piece, running).map((part) => (piece.artifact ? { ...part, artifact: piece.artifact } : part)));
  // An envelope without any showable content is shown unchanged.
  const whole = !running && !parts.length && reply.trim() && !steps.length;
  return { steps, parts: whole ? [{ kind: "readable", text: reply }] : parts };
}

/** The card that the server makes of a failure before the first character: the title, then the reason. */
const FAILURE = /^\s*root = Card\(\[c\]\)\nc = CalloutV2\("danger", "(?:[^"\\]|\\.)*", ("(?:[^"\\]|\\.)*")\)\s*$/;

/** Return the reason of an answer that is a failure card and nothing else, or null. */
export function failureOf(parts: Part[]): string | null {
  const [only, ...others] = parts;
  const quoted = others.length ? null : FAILURE.exec(only?.text ?? "")?.[1];
  return quoted ? (JSON.parse(quoted) as string) : null;
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

/** Consecutive parts outside of artifacts, or those of one artifact; `place` counts the whole artifacts of the reply. */
export interface PartGroup {
  parts: Part[];
  artifact?: ArtifactMark;
  place: number;
}

export function groupsOf(parts: Part[]): PartGroup[] {
  const groups: PartGroup[] = [];
  let place = 0;
  for (const part of parts) {
    const last = groups.at(-1);
    if (last && last.artifact === part.artifact) last.parts.push(part);
    else {
      if (last?.artifact?.whole) place += 1;
      groups.push({ parts: [part], place, ...(part.artifact && { artifact: part.artifact }) });
    }
  }
  return groups;
}
