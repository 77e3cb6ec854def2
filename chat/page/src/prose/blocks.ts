/** Split Markdown into its top-level blocks, so that a growing text redraws its last block alone. */

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const LIST_ITEM = /^ {0,3}([-*+]|\d{1,9}[.)])(\s|$)/;
const INDENTED = /^(\t| {2,})\S/;
/** A footnote or a link's address, which any other block may refer to. */
const DEFINITION = /^ {0,3}\[[^\]\n]{1,500}\]:/m;

/** Return the blocks of a text. Joined they are the text; drawn one by one they show what the whole text shows. */
export function blocksOf(text: string): string[] {
  const lines = text.replaceAll("\r\n", "\n").split(/(?<=\n)/);
  if (DEFINITION.test(text)) return [lines.join("")];
  const blocks: string[] = [];
  let block = "";
  for (const { line, starts } of marked(lines)) {
    if (starts && block) {
      blocks.push(block);
      block = "";
    }
    block += line;
  }
  return block ? [...blocks, block] : blocks;
}

/** Yield each line, and whether a new block starts with it. */
function* marked(lines: string[]) {
  let fence = "";
  let blank = true;
  let listed = false;
  for (const line of lines) {
    const mark = FENCE.exec(line)?.[1] ?? "";
    const starts = !fence && line.trim() !== "" && !continues(line, blank, listed, mark);
    if (starts) listed = LIST_ITEM.test(line);
    yield { line, starts };
    if (fence) {
      if (closes(line, fence)) fence = "";
    } else {
      fence = mark;
    }
    // A block that is complete without a blank line: the line after a fence starts the next one.
    blank = !fence && (line.trim() === "" || (mark !== "" && !listed));
  }
}

function continues(line: string, blank: boolean, listed: boolean, mark: string) {
  if (listed) return !blank || INDENTED.test(line) || LIST_ITEM.test(line);
  return !blank && mark === "";
}

/** Return true if a line closes the fence. */
export function closes(line: string, fence: string): boolean {
  const text = line.trim();
  return text.length >= fence.length && text === (fence[0] ?? "`").repeat(text.length);
}

export interface Fence {
  /** The words behind the opening backticks. */
  info: string;
  code: string;
  closed: boolean;
}

/** Return the code of a block that is one fence, or null for any other. */
export function fenceOf(block: string): Fence | null {
  const [first = "", ...rest] = block.split("\n");
  const match = /^(`{3,}|~{3,})([^`]*)$/.exec(first);
  if (!match?.[1]) return null;
  const end = rest.findIndex((line) => closes(line, match[1] ?? ""));
  if (end >= 0 && rest.slice(end + 1).some((line) => line.trim())) return null;
  const code = (end < 0 ? rest : rest.slice(0, end)).join("\n");
  return { info: (match[2] ?? "").trim(), code: end < 0 ? code.replace(/\n$/, "") : code, closed: end >= 0 };
}
