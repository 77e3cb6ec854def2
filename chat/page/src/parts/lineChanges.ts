/** The lines that two texts share, and those of one of them; in a changed line its words likewise. */

import { language } from "../words";

export type Change = "same" | "added" | "removed";

export interface ChangedPiece {
  change: Change;
  text: string;
}

export interface ChangedLine extends ChangedPiece {
  /** The line in pieces, if it takes the place of a similar one: those that differ are not "same". */
  pieces?: ChangedPiece[];
}

/** Cells of the table of lengths, 16 MB: beyond, all lines between the common ends count as changed. */
const CELLS = 4_000_000;
/** Share of two lines' characters that both must have, so that their words are compared: of others nothing is alike but chance. */
const ALIKE = 0.4;

export function linesBetween(before: string, after: string): ChangedLine[] {
  const lines: ChangedLine[] = between(before.split("\n"), after.split("\n"));
  for (let start = 0; start < lines.length; ) {
    const end = lines.findIndex(({ change }, at) => at >= start && change === "same");
    const run = lines.slice(start, end < 0 ? undefined : end);
    const [old, fresh] = (["removed", "added"] as const).map((kind) => run.filter(({ change }) => change === kind));
    old?.forEach((line, at) => fresh?.[at] && compareWords(line, fresh[at]));
    start += run.length + 1;
  }
  return lines;
}

/** Give both lines their pieces, unless they have little in common. */
function compareWords(old: ChangedLine, fresh: ChangedLine) {
  const pieces = between(wordsOf(old.text), wordsOf(fresh.text));
  const shared = pieces.reduce((sum, { change, text }) => sum + (change === "same" ? text.trim().length : 0), 0);
  if (shared < ALIKE * Math.max(old.text.length, fresh.text.length)) return;
  old.pieces = joined(pieces.filter(({ change }) => change !== "added"));
  fresh.pieces = joined(pieces.filter(({ change }) => change !== "removed"));
}

/** Return the words of a line, and what stands between them, by the rules of the reader's language. */
const wordsOf = (line: string) => Array.from(new Intl.Segmenter(language, { granularity: "word" }).segment(line), ({ segment }) => segment);

function joined(pieces: ChangedPiece[]): ChangedPiece[] {
  const found: ChangedPiece[] = [];
  for (const { change, text } of pieces) {
    const last = found.at(-1);
    if (last?.change === change) last.text += text;
    else found.push({ change, text });
  }
  return found;
}

/** Return the parts of both lists in order: the longest common subsequence, and the others. */
function between(old: string[], fresh: string[]): ChangedPiece[] {
  let start = 0;
  while (start < Math.min(old.length, fresh.length) && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, fresh.length) - start && old.at(-1 - end) === fresh.at(-1 - end)) end += 1;
  return [
    ...marked("same", old.slice(0, start)),
    ...middle(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end)),
    ...marked("same", old.slice(old.length - end)),
  ];
}

const marked = (change: Change, parts: string[]): ChangedPiece[] => parts.map((text) => ({ change, text }));

function middle(old: string[], fresh: string[]): ChangedPiece[] {
  const width = fresh.length + 1;
  if ((old.length + 1) * width > CELLS) return [...marked("removed", old), ...marked("added", fresh)];
  const lengths = new Uint32Array((old.length + 1) * width);
  const length = (row: number, column: number) => lengths[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1)
    for (let column = fresh.length - 1; column >= 0; column -= 1)
      lengths[row * width + column] =
        old[row] === fresh[column] ? length(row + 1, column + 1) + 1 : Math.max(length(row + 1, column), length(row, column + 1));
  const found: ChangedPiece[] = [];
  let [row, column] = [0, 0];
  while (row < old.length || column < fresh.length) {
    if (row < old.length && old[row] === fresh[column]) {
      found.push({ change: "same", text: old[row++]! });
      column += 1;
    } else if (column >= fresh.length || (row < old.length && length(row + 1, column) >= length(row, column + 1))) {
      found.push({ change: "removed", text: old[row++]! });
    } else found.push({ change: "added", text: fresh[column++]! });
  }
  return found;
}
