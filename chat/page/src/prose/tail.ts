/** Complete the last block of a growing text: close what is open, and hold back a character whose meaning is still to come. */

import remend from "remend";

/** A start that means nothing yet: of a fence, a heading, a rule, an item. */
const UNDECIDED = /(^|\n)[ \t>]*([`~]{1,2}|#{1,6}|[-*+_=]{1,2}|\d{1,9}[.)]?|\|)[ \t]*$/;
const TASK = /((?:^|\n)[ \t>]*[-*+] )\[[ xX]?\]?[ \t]*$/;
/** Marks of emphasis without a word yet. */
const EMPHASIS = /(?<![\w*_~\\])(\*{1,3}|_{1,3}|~~?)$/;
/** A link or picture whose address has not ended; the address may hold a pair of brackets. */
const LINK = /(!?)\[([^[\]\n]{0,500})\]\((?:[^()\s]|\([^()\s]*\)){0,2000}(?:\([^()\s]*)?$/;
const FOOTNOTE = /\[\^[^\]\n]{0,100}$/;
const ROW = /^[ \t>]*\|/;
const OPTIONS = { katex: false, htmlTags: false, comparisonOperators: false, singleTilde: false, linkMode: "text-only" } as const;

/** Return a growing block as it is to be drawn. The block is no fence of its own. */
export function completed(block: string): string {
  const decided = block.replace(UNDECIDED, "$1").replace(TASK, "$1").replace(FOOTNOTE, "").replace(EMPHASIS, "");
  const linked = decided.replace(LINK, (_, picture: string, words: string) => (picture ? "" : words));
  return withTable(remend(linked, OPTIONS));
}

/** Complete a table's head, so that its first line is a table and no paragraph with bars. */
function withTable(block: string) {
  const lines = block.trimEnd().split("\n");
  const start = lines.findLastIndex((line) => !ROW.test(line)) + 1;
  const [head, rule, ...rows] = lines.slice(start);
  if (head === undefined || rows.length || (rule !== undefined && !/^[\s>|:-]*$/.test(rule))) return block;
  const columns = cellsOf(head);
  if (!columns || (rule !== undefined && cellsOf(rule) >= columns && /-\s*\|?\s*$/.test(rule))) return block;
  const closed = head.trimEnd().endsWith("|") ? head : `${head} |`;
  return [...lines.slice(0, start), closed, `${/^[ \t>]*/.exec(head)?.[0] ?? ""}${"| --- ".repeat(columns)}|`].join("\n");
}

/** Return the count of a row's cells. */
const cellsOf = (row: string) => row.replace(/\\\|/g, "").trim().replace(/^[ \t>]*\||\|$/g, "").split("|").length;
