/**
 * Find the math of a Markdown block: $…$, $$…$$, \(…\) and \[…\]. Each piece is replaced by a mark without a meaning in
 * Markdown, so that underscores and asterisks in it stay as they are; the drawn document gets it back.
 */

export interface Piece {
  /** The text as it stood, delimiters included. */
  raw: string;
  tex: string;
  display: boolean;
  /** False while the closing delimiter is still to come. */
  closed: boolean;
}

export interface Extracted {
  text: string;
  pieces: Piece[];
}

/** Noncharacters of Unicode around a piece's number: no text has them, and one that does gets them back as a piece. */
const OPEN = "\ufdd0";
const CLOSE = "\ufdd1";
export const MARK = /\ufdd0(\d+)\ufdd1/g;
/** Characters of TeX on one line; a longer one is text with a stray delimiter. */
const MAX_LINE_TEX = 2000;
/** Something that only TeX writes: distinguishes \[x = 1\] from escaped brackets. */
const TEX_LIKE = /[\\^_=]/;
/** Quote and list markers that may stand before display math on its line. */
const LINE_START = /(^|\n)[ \t>]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?$/;

/** Return the block with marks in place of its math. `growing`: the end is still to come, so open math at the end counts too. */
export function extractMath(block: string, growing: boolean): Extracted {
  const pieces: Piece[] = [];
  let text = "";
  for (let at = 0; at < block.length; ) {
    const piece = pieceAt(block, at, growing);
    const length = piece ? piece.raw.length : plainLength(block, at);
    text += piece ? `${OPEN}${pieces.push(piece) - 1}${CLOSE}` : block.slice(at, at + length);
    at += length;
  }
  return { text, pieces };
}

/** Return the text with its pieces as they stood. */
export const restored = (text: string, pieces: Piece[]) => text.replace(MARK, (_, number: string) => pieces[Number(number)]?.raw ?? "");

/** Return the length of what stands at `at` and is no math: a run of code, an escaped character, or plain text. */
function plainLength(block: string, at: number) {
  const character = block[at];
  if (character === "\\") return 2;
  if (character === "`" || character === "~") return codeLength(block, at);
  const next = block.slice(at + 1).search(/[$\\`~\ufdd0\ufdd1]/);
  return next < 0 ? block.length - at : next + 1;
}

function codeLength(block: string, at: number) {
  const run = /^(`+|~+)/.exec(block.slice(at))?.[0] ?? "`";
  const fenced = run.length >= 3 && LINE_START.test(block.slice(0, at));
  if (run[0] === "~" && !fenced) return run.length;
  const rest = block.slice(at + run.length);
  const end = fenced ? new RegExp(`\\n[ \\t>]*\\${run[0]}{${run.length},}[ \\t]*(?=\\n|$)`) : new RegExp(`(?<!\`)\`{${run.length}}(?!\`)`);
  const found = end.exec(rest);
  if (found) return run.length + found.index + found[0].length;
  return fenced ? block.length - at : run.length;
}

function pieceAt(block: string, at: number, growing: boolean): Piece | null {
  const character = block[at];
  if (character === OPEN || character === CLOSE) return { raw: character, tex: "", display: false, closed: false };
  if (block.startsWith("$$", at)) return delimited(block, at, "$$", "$$", growing);
  if (character === "$") return dollar(block, at);
  if (block.startsWith("\\(", at)) return delimited(block, at, "\\(", "\\)", growing);
  if (block.startsWith("\\[", at)) return bracketed(block, at, growing);
  return null;
}

function delimited(block: string, at: number, open: string, close: string, growing: boolean): Piece | null {
  const start = at + open.length;
  const end = block.indexOf(close, start);
  if (end < 0 ? !growing || block.length === start : block.slice(start, end).trim() === "") return null;
  const stop = end < 0 ? block.length : end + close.length;
  const tex = withoutQuotes(block.slice(start, end < 0 ? undefined : end));
  // Math within a line is drawn in the line, whatever its delimiters.
  const alone = open !== "\\(" && LINE_START.test(block.slice(0, at)) && /^[ \t.,;:]*(\n|$)/.test(block.slice(stop));
  return { raw: block.slice(at, stop), tex, display: alone || open === "\\[", closed: end >= 0 };
}

function bracketed(block: string, at: number, growing: boolean) {
  const piece = delimited(block, at, "\\[", "\\]", growing);
  return piece && (TEX_LIKE.test(piece.tex) || LINE_START.test(block.slice(0, at))) ? piece : null;
}

/** Return the math between single dollars, by the rules that keep prices text: no blank within the dollars, no digit behind. */
function dollar(block: string, at: number): Piece | null {
  if (/[\p{L}\p{N}$]/u.test(block[at - 1] ?? "")) return null;
  const match = /^\$(?![\s$])((?:\\.|[^\\$`\n])+?)\$/.exec(block.slice(at, at + MAX_LINE_TEX));
  if (!match || /\s$/.test(match[1] ?? "")) return null;
  if (/[\p{L}\p{N}$]/u.test(block[at + match[0].length] ?? "")) return null;
  return { raw: match[0], tex: match[1] ?? "", display: false, closed: true };
}

/** Return TeX of several lines without the marks of a quote around it. */
const withoutQuotes = (tex: string) => tex.replace(/\n[ \t]*>[ \t]?/g, "\n").trim();
