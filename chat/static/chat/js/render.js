/** Convert blocks into elements. Text is added as text nodes only; only http(s) and mailto become links. */

import { el, safeLink } from "./dom.js";
import { formElement } from "./forms.js";
import { inline, markdown } from "./markdown.js";
import { wording } from "./wording.js";

/**
 * Show `blocks` in `parent` and leave unchanged ones alone, which keeps focus, input, selection and opened details.
 * `seen` is an array that stores the shown block of each child; `actions`: say(words), submit(…), change(…), form.
 */
export function patch(parent, blocks, seen, actions) {
  blocks.forEach((block, index) => {
    const key = JSON.stringify(block);
    if (seen[index] === key) return;
    const element = blockElement(block, actions, seen[index] === undefined ? null : parent.children[index]);
    if (index < seen.length) parent.children[index].replaceWith(element);
    else parent.append(element);
    seen[index] = key;
  });
  while (parent.children.length > blocks.length) parent.lastElementChild.remove();
  seen.length = blocks.length;
}

function blockElement(block, actions, before) {
  return MAKERS[block.kind](block, actions, before);
}

const MAKERS = {
  text: (block) => el("div", { class: "prose" }, ...markdown(block.text)),
  heading: headingElement,
  steps: stepsElement,
  callout: calloutElement,
  table: tableElement,
  list: listElement,
  tags: (block) => el("ul", { class: "tags" }, ...block.items.map((item) => el("li", {}, item))),
  code: (block) => el("pre", { tabindex: "0", "aria-label": `${wording.code} ${block.language}` }, el("code", {}, block.text)),
  image: (block) => el("p", { class: "image" }, `${wording.image}: `, safeLink(block.src, block.text)),
  rule: () => el("hr"),
  actions: actionsElement,
  form: (block, actions) => formElement(block, actions),
};

function headingElement({ text, detail }) {
  const title = text ? inline(el("h3"), text) : null;
  return el("header", { class: "heading" }, title, detail ? inline(el("p"), detail) : null);
}

function stepsElement({ items }, _, before) {
  const shown = items.map(({ title, text }) => el("li", {}, el("strong", {}, title), text ? ` ${text}` : ""));
  const label = items.length === 1 ? items[0].title || wording.steps(1) : wording.steps(items.length);
  const list = el("ul", {}, ...shown);
  return el("details", { class: "steps", open: before?.open === true }, el("summary", {}, label), list);
}

function calloutElement({ tone, title, text }) {
  const spoken = el("span", { class: "unseen" }, `${wording.tones[tone] ?? wording.tones.info}: `);
  const known = tone in wording.tones ? tone : "info";
  return el("div", { class: `callout ${known}` }, el("strong", {}, spoken, title), ...markdown(text));
}

function tableElement({ columns, rows, bars, more }) {
  const kind = (index) => (columns[index].numeric ? "number" : null);
  const head = columns.map((column, index) => el("th", { scope: "col", class: kind(index) }, column.label));
  const body = rows.map((row, line) => el("tr", {}, ...row.map((text, index) => cell(text, kind(index), bars[line]?.[index]))));
  const headed = columns.some((column) => column.label) ? el("thead", {}, el("tr", {}, ...head)) : null;
  const note = more > 0 ? el("p", { class: "note" }, wording.moreRows(more)) : null;
  const table = el("table", {}, headed, el("tbody", {}, ...body));
  return el("div", { class: bars.length ? "table chart" : "table", tabindex: "0", role: "group", "aria-label": wording.table }, table, note);
}

function cell(text, kind, share) {
  const element = el("td", { class: kind }, text);
  if (typeof share !== "number") return element;
  const bar = el("span", { class: "bar", "aria-hidden": "true" });
  bar.style.inlineSize = `${Math.round(share * 100)}%`;
  element.append(bar);
  element.classList.add("measured");
  return element;
}

function listElement({ ordered, items }, actions) {
  const shown = items.map(({ title, text, action }) => {
    const head = action ? actionElement(action, actions, "plain") : inline(el("strong"), title);
    return el("li", {}, head, text ? el("div", { class: "prose" }, ...markdown(text)) : null);
  });
  return el(ordered ? "ol" : "ul", { class: "items" }, ...shown);
}

function actionsElement({ items, followUp }, actions) {
  const shown = items.map((item) => actionElement(item, actions, item.primary ? "primary" : "chip"));
  return el("div", { class: "actions", role: "group", "aria-label": followUp ? wording.suggestions : wording.actions }, ...shown);
}

function actionElement(item, actions, style) {
  if (item.open) return safeLink(item.open, item.label);
  const click = () => actions.say(item.say, [`User clicked: ${item.label}`, {}]);
  return el("button", { type: "button", class: style, onclick: click }, item.label);
}
