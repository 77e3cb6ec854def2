/** The lines that two texts share, and those of one of them: the longest common subsequence. */

export interface ChangedLine {
  change: "same" | "added" | "removed";
  text: string;
}

/** Cells of the table of lengths, 16 MB: beyond, all lines between the common ends count as changed. */
const CELLS = 4_000_000;

export function linesBetween(before: string, after: string): ChangedLine[] {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
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

const marked = (change: ChangedLine["change"], lines: string[]): ChangedLine[] => lines.map((text) => ({ change, text }));

function middle(old: string[], fresh: string[]): ChangedLine[] {
  const width = fresh.length + 1;
  if ((old.length + 1) * width > CELLS) return [...marked("removed", old), ...marked("added", fresh)];
  const lengths = new Uint32Array((old.length + 1) * width);
  const length = (row: number, column: number) => lengths[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1)
    for (let column = fresh.length - 1; column >= 0; column -= 1)
      lengths[row * width + column] =
        old[row] === fresh[column] ? length(row + 1, column + 1) + 1 : Math.max(length(row + 1, column), length(row, column + 1));
  const found: ChangedLine[] = [];
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
