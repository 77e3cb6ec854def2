/**
 * Convert a reply into plain, readable blocks: data for the page, screen readers and Markdown.
 * Kinds: heading, text, steps, callout, table, list, tags, code, image, rule, actions, form.
 */

import { isShown, segments } from "./envelope.js";
import { formBlock } from "./fields.js";
import { Node, jsonRoot, programRoot } from "./nodes.js";
import { recordsTable, seriesTable, slicesTable, tableBlock } from "./tables.js";
import { wording } from "./wording.js";

const FENCE = /```openui-lang[^\n]*\n?/;
const PROGRAM = /^\s*root\s*=/;
/** The JSON format (version 1), also while its first characters arrive; other text with a leading brace is text. */
const TREE = /^\s*\{\s*("component"|"[a-z]{0,9}$|$)/;
/** Values that describe a style: left out when an unknown component is shown as text. */
const STYLE = new Set(
  ("default small medium large left right center row column primary secondary tertiary grouped stacked linear natural " +
    "step normal clear card sunk string number horizontal vertical neutral info success warning danger").split(" "),
);

/** Return the blocks of a reply, which may be cut anywhere. `running` includes ephemeral steps, shown during the wait only. */
export function blocksOf(reply, running = false) {
  const pieces = segments(reply);
  const steps = pieces.filter((piece) => piece.kind === "step" && isShown(piece, running));
  const shown = pieces.filter((piece) => piece.kind === "content" || piece.kind === "text");
  const thought = steps.length ? [{ kind: "steps", items: steps.map(({ title, text }) => ({ title, text })) }] : [];
  const blocks = [...thought, ...shown.flatMap((piece) => bodyBlocks(piece.text))];
  // A complete envelope that is no readable interface is shown as text; an incomplete one has nothing to show yet.
  const whole = shown.filter((piece) => piece.kind === "content" && !piece.cut);
  return blocks.length || running ? blocks : whole.flatMap((piece) => markdown(piece.text));
}

/** Return the blocks of a body: programs, bare or in fences, with Markdown before, between and after them. */
function bodyBlocks(text) {
  if (TREE.test(text)) return ofValue(jsonRoot(text));
  if (PROGRAM.test(text)) return ofValue(programRoot(text));
  const [before, ...fenced] = text.split(FENCE);
  const torn = fenced.length ? before : before.replace(/(^|\n)\s*`{1,3}[a-z-]*$/, "");
  return [...markdown(torn), ...fenced.flatMap(fencedBlocks)];
}

function fencedBlocks(text) {
  const end = text.search(/^```/m);
  if (end < 0) return ofValue(programRoot(text));
  return [...ofValue(programRoot(text.slice(0, end))), ...markdown(text.slice(end + 3))];
}

const markdown = (text) => (typeof text === "string" && text.trim() ? [{ kind: "text", text }] : []);

const words = (value) => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");

const list = (value) => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]);

/** Return the blocks of a child: a node, a text, or a list of them. */
function ofValue(value) {
  if (Array.isArray(value)) return value.flatMap(ofValue);
  if (value instanceof Node) return Object.hasOwn(BUILDERS, value.type) ? BUILDERS[value.type](value.props) : unknown(value.props);
  if (value !== null && typeof value === "object") return unknown(value);
  return markdown(words(value));
}

function unknown(props) {
  return Object.values(props).flatMap((value) => (STYLE.has(value) || typeof value === "boolean" ? [] : ofValue(value)));
}

const heading = (title, detail) => {
  const block = { kind: "heading", text: words(title), detail: words(detail) };
  return block.text || block.detail ? [block] : [];
};

const callout = (props) => [
  { kind: "callout", tone: words(props.variant) || "info", title: words(props.title), text: words(props.description) },
];

const section = (item) => [...heading(item.trigger ?? item.title), ...ofValue(item.content ?? item.children)];

const propsOf = (value) => (value instanceof Node ? value.props : typeof value === "object" && value ? value : { text: value });

const sections = (items) => list(items).flatMap((item) => section(propsOf(item)));

function listItem(value) {
  const item = propsOf(value);
  const title = words(item.title ?? item.text ?? item.label);
  return { title, text: words(item.subtitle ?? item.details ?? item.description), action: item.action ? actionOf(title, item.action) : null };
}

const listBlock = (items, ordered) => {
  const shown = list(items).map(listItem).filter((item) => item.title || item.text);
  return shown.length ? [{ kind: "list", ordered, items: shown }] : [];
};

/** Return a button's action: `{label, say}` sends a message, `{label, open}` opens an address. */
export function actionOf(label, action) {
  const steps = action instanceof Node && action.type === "Action" ? list(action.props.steps) : list(action);
  const step = (type) => steps.find((item) => item instanceof Node && item.type === type)?.props;
  const url = step("@OpenUrl")?.url ?? propsOf(steps[0]).url;
  if (typeof url === "string") return { label, open: url };
  return { label, say: words(step("@ToAssistant")?.message) || label };
}

function button(props) {
  const label = words(props.label ?? props.children ?? props.text);
  return label ? [{ ...actionOf(label, props.action), primary: props.variant === "primary" }] : [];
}

export const buttonsOf = (value) =>
  list(value).flatMap((item) => {
    if (typeof item === "string") return [{ label: item, say: item }];
    if (!(item instanceof Node)) return [];
    if (item.type === "Button") return button(item.props);
    if (item.type === "FollowUpItem") return button({ label: item.props.text });
    return buttonsOf(item.props.children ?? item.props.buttons ?? item.props.items);
  });

const actions = (value, followUp = false) => {
  const items = buttonsOf(value);
  return items.length ? [{ kind: "actions", followUp, items }] : [];
};

const image = (props) => [{ kind: "image", text: words(props.alt ?? props.details) || wording.image, src: words(props.src) }];

const tags = (items) => {
  const shown = list(items).map((item) => words(propsOf(item).text)).filter(Boolean);
  return shown.length ? [{ kind: "tags", items: shown }] : [];
};

const chart = (props) => (Array.isArray(props.data) ? recordsTable(props.data, props.categoryKey) : seriesTable(props));

const slices = (props) => (Array.isArray(props.data) ? recordsTable(props.data, props.categoryKey) : slicesTable(props));

const BUILDERS = {
  Card: (props) => ofValue(props.children),
  Stack: (props) => ofValue(props.children),
  Carousel: (props) => ofValue(props.children),
  CardHeader: (props) => heading(props.title, props.subtitle),
  Header: (props) => heading(props.title, props.subtitle),
  TextContent: (props) => markdown(props.textMarkdown ?? props.text),
  MarkDownRenderer: (props) => markdown(props.textMarkdown),
  Label: (props) => markdown(props.text),
  Callout: callout,
  CalloutV2: callout,
  TextCallout: callout,
  Image: image,
  ImageBlock: image,
  ImageGallery: (props) => list(props.images).flatMap((item) => image(propsOf(item))),
  CodeBlock: (props) => [{ kind: "code", language: words(props.language), text: words(props.codeString) }],
  Separator: () => [{ kind: "rule" }],
  Table: tableBlock,
  BarChart: chart,
  LineChart: chart,
  AreaChart: chart,
  RadarChart: chart,
  HorizontalBarChart: chart,
  PieChart: slices,
  RadialChart: slices,
  SingleStackedBarChart: slices,
  Form: (props) => [formBlock(props, buttonsOf(props.buttons))],
  Button: (props) => actions([new Node("Button", props)]),
  Buttons: (props) => actions(props.children),
  ButtonGroup: (props) => actions(props.children),
  FollowUpBlock: (props) => actions(props.items ?? props.followUpText, true),
  FollowUpItem: (props) => actions([props.text], true),
  ListBlock: (props) => listBlock(props.items, props.variant !== "image"),
  Steps: (props) => listBlock(props.items, true),
  SectionBlock: (props) => sections(props.sections),
  Tabs: (props) => sections(props.items),
  Accordion: (props) => sections(props.items),
  TagBlock: (props) => tags(props.tags ?? props.children),
  Tag: (props) => tags([props.text]),
};

/** Return the text of blocks for a screen reader: one block per line, each ending like a sentence. */
export function plainText(blocks) {
  return blocks.map(blockText).filter(Boolean).map(withoutMarks).join("\n");
}

const withoutMarks = (text) => text.replace(/\]\([^()\s]{1,2000}\)/g, "").replace(/[*`#|[]+/g, " ");

const joined = (texts) => texts.filter(Boolean).join(", ");

/** Return the labels and each row as a line of its own: a row that has been announced stays as it is while others follow. */
const tableText = ({ columns, rows }) => [joined(columns.map(({ label }) => label)), ...rows.map(joined)].filter(Boolean).join(".\n");

function blockText(block) {
  if (block.kind === "table") return tableText(block);
  if (block.kind === "form") return block.fields.map((field) => field.label).join(", ");
  if (block.kind === "steps" || block.kind === "actions" || block.kind === "rule") return "";
  if (block.kind === "tags") return block.items.join(", ");
  if (block.kind === "list") return block.items.map((item) => [item.title, item.text].filter(Boolean).join(": ")).join(".\n");
  return [block.title, block.text, block.detail].filter(Boolean).join(". ");
}
