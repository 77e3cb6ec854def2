/** A small Markdown renderer: paragraphs, headings, lists, quotes, code, tables, bold, emphasis, links, as text nodes. */

import { el, safeLink } from "./dom.js";
import { areNumbers } from "./tables.js";

/** Bounded repeats keep the time linear for a hostile line. */
const INLINE =
  /\*\*([^*\n]{1,2000})\*\*|__([^_\n]{1,2000})__|`([^`\n]{1,2000})`|\[([^[\]\n]{1,500})\]\(([^()\s]{1,2000})\)|\*([^*\s][^*\n]{0,2000})\*/g;

/** Append a line's text, with emphasis and links, to an element. */
export function inline(parent, text) {
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    parent.append(text.slice(at, match.index), mark(match));
    at = match.index + match[0].length;
  }
  parent.append(text.slice(at));
  return parent;
}

function mark([, bold, under, code, words, address, emphasis]) {
  if (words !== undefined) return safeLink(address, words);
  if (code !== undefined) return el("code", {}, code);
  if (emphasis !== undefined) return el("em", {}, emphasis);
  return inline(el("strong"), bold ?? under);
}

/** Return the elements of a Markdown text. */
export function markdown(text) {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const elements = [];
  for (let at = 0; at < lines.length; ) {
    const [element, next] = block(lines, at);
    if (element) elements.push(element);
    at = next;
  }
  return elements;
}

function block(lines, at) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  if (/^\s*```/.test(line)) return fenced(lines, at);
  if (/^\s*(-{3,}|\*{3,})\s*$/.test(line)) return [el("hr"), at + 1];
  const heading = /^(#{1,6})\s+(.*)/.exec(line);
  if (heading) return [inline(el(heading[1].length < 3 ? "h3" : "h4"), heading[2]), at + 1];
  if (BULLET.test(line)) return items(lines, at, "ul", BULLET);
  if (NUMBER.test(line)) return items(lines, at, "ol", NUMBER);
  if (/^\s*>/.test(line)) return quote(lines, at);
  if (/^\s*\|.*\|\s*$/.test(line)) return grid(lines, at);
  return paragraph(lines, at);
}

const BULLET = /^\s*[-*+]\s+/;
const NUMBER = /^\s*\d{1,4}[.)]\s+/;
const STARTS = /^\s*(```|#{1,6}\s|[-*+]\s|\d{1,4}[.)]\s|>|\|.*\|\s*$|-{3,}\s*$)/;

function run(lines, at, belongs) {
  let end = at;
  while (end < lines.length && belongs(lines[end], end)) end += 1;
  return end;
}

function fenced(lines, at) {
  const end = run(lines, at + 1, (line) => !/^\s*```/.test(line));
  return [el("pre", { tabindex: "0" }, el("code", {}, lines.slice(at + 1, end).join("\n"))), end + 1];
}

function items(lines, at, tag, pattern) {
  const end = run(lines, at, (line) => pattern.test(line));
  const made = lines.slice(at, end).map((line) => inline(el("li"), line.replace(pattern, "")));
  const start = tag === "ol" ? parseInt(lines[at], 10) : null;
  return [el(tag, { start: start === 1 ? null : start }, ...made), end];
}

function quote(lines, at) {
  const end = run(lines, at, (line) => /^\s*>/.test(line));
  const words = lines.slice(at, end).map((line) => line.replace(/^\s*>\s?/, ""));
  return [inline(el("blockquote"), words.join("\n")), end];
}

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

function grid(lines, at) {
  const end = run(lines, at, (line) => /^\s*\|.*\|\s*$/.test(line));
  const rows = lines.slice(at, end).filter((line) => !/^[\s|:-]+$/.test(line)).map(cells);
  const [head = [], ...rest] = rows;
  const kinds = head.map((_, index) => (areNumbers(rest.map((values) => values[index])) ? "number" : null));
  const row = (tag, values) => el("tr", {}, ...values.map((value, index) => inline(el(tag, { class: kinds[index] }), value)));
  const table = el("table", {}, el("thead", {}, row("th", head)), el("tbody", {}, ...rest.map((values) => row("td", values))));
  return [el("div", { class: "table", tabindex: "0" }, table), end];
}

function paragraph(lines, at) {
  const end = run(lines, at, (line, index) => line.trim() && (index === at || !STARTS.test(line)));
  return [inline(el("p"), lines.slice(at, end).join("\n")), end];
}
