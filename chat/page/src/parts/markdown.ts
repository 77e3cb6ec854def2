/** An answer as Markdown, for other programs: headings, text, tables, lists; buttons and fields as their words. */

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

export const markdownOf = (reply: string): string =>
  (blocksOf(reply) as Block[])
    .map((block) => WRITERS[block.kind]?.(block) ?? "")
    .filter(Boolean)
    .join("\n\n");

const WRITERS: Record<string, (block: Block) => string> = {
  heading: ({ text, detail }) => [text ? `## ${text}` : "", detail ?? ""].filter(Boolean).join("\n\n"),
  text: ({ text }) => text ?? "",
  callout: ({ title, text }) => quote([title ? `**${title}**` : "", text ?? ""].filter(Boolean).join("\n")),
  table,
  list: ({ items = [], ordered }) => items.map((item, index) => `${ordered ? `${index + 1}.` : "-"} ${itemOf(item)}`).join("\n"),
  tags: ({ items = [] }) => items.map(itemOf).join(", "),
  code: ({ language = "", text = "" }) => `\`\`\`${language}\n${text}\n\`\`\``,
  image: ({ text = "", src = "" }) => (src ? `[${text}](${src})` : text),
  rule: () => "---",
  form: ({ fields = [] }) => fields.map(({ label }) => `- ${label}`).join("\n"),
};

const quote = (text: string) => text.replaceAll(/^/gm, "> ");

function itemOf(item: string | { title?: string; text?: string; label?: string }) {
  if (typeof item === "string") return item;
  return [item.title ?? item.label, item.text].filter(Boolean).join(": ");
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function table({ columns = [], rows = [] }: Block) {
  const line = (cells: string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(columns.map(({ label }) => label)), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}
