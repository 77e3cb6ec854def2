/** Write an answer as Markdown: headings, texts, tables, lists. `chat/text/markdown.py` writes the same for exports. */

import { blocksOf } from "@plain/js/blocks.js";

interface Block {
  kind: string;
  text?: string;
  detail?: string;
  title?: string;
  language?: string;
  src?: string;
  ordered?: boolean;
  columns?: { label: string }[];
  rows?: string[][];
  items?: (string | { title?: string; text?: string; label?: string })[];
  fields?: { label: string }[];
}

/** `sentences` say what became of requests to a person; they stand ahead of the text. */
export const markdownOf = (reply: string, sentences: string[] = []): string =>
  [...sentences.map((sentence) => `*${escaped(sentence)}*`), ...(blocksOf(reply) as Block[]).map((block) => WRITERS[block.kind]?.(block) ?? "")]
    .filter(Boolean)
    .join("\n\n");

const WRITERS: Record<string, (block: Block) => string> = {
  heading: ({ text, detail }) => [text ? `## ${oneLine(text)}` : "", detail ?? ""].filter(Boolean).join("\n\n"),
  steps: ({ items = [] }) => quote(items.map(itemOf).filter(Boolean).join("\n\n")),
  text: ({ text = "" }) => text.trim(),
  callout: ({ title, text }) => quote([title ? `**${title}**` : "", text ?? ""].filter(Boolean).join("\n")),
  table,
  list: ({ items = [], ordered }) => items.map((item, index) => `${ordered ? `${index + 1}.` : "-"} ${continued(itemOf(item))}`).join("\n"),
  tags: ({ items = [] }) => items.map(itemOf).join(", "),
  code,
  image: ({ text = "", src = "" }) => (src ? `[${text}](${src})` : text),
  rule: () => "---",
  form: ({ fields = [] }) => fields.map(({ label }) => `- ${label}`).join("\n"),
};

/** Escape what Markdown would read as marks: names of tools come from anywhere. */
const escaped = (text: string) => oneLine(text).replaceAll(/[\\`*_{}[\]<>#|~]/g, "\\$&");

const quote = (text: string) => text.replaceAll(/^/gm, "> ");

function itemOf(item: string | { title?: string; text?: string; label?: string }) {
  if (typeof item === "string") return item;
  return [item.title ?? item.label, item.text].filter(Boolean).join(": ");
}

const oneLine = (text: string) => text.trim().replace(/\s+/g, " ");

const cell = (text: string) => oneLine(text.replaceAll("|", "\\|"));

/** Indent the further lines of an item, so that they stay part of it. */
const continued = (text: string) => text.trim().replaceAll("\n", "\n   ");

/** Fence a code block with more backticks than it contains in a row. */
function code({ language = "", text = "" }: Block) {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`{3,}/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const [name = ""] = language.replaceAll("`", "").trim().split(/\s/);
  return `${fence}${name}\n${text}\n${fence}`;
}

function table({ columns = [], rows = [] }: Block) {
  const line = (cells: string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(columns.map(({ label }) => label)), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}
