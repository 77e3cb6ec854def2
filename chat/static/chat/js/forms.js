/** A reply's form as labelled inputs. Submitting sends the button's text, with the values as C1's context. */

import { el } from "./dom.js";
import { wording } from "./wording.js";

let made = 0;

/** Create the form. `actions.form` holds stored values `{form: {field: {value}}}`; `actions.change(values)` stores them with the reply. */
export function formElement(block, actions) {
  const stored = actions.form?.[block.name] ?? {};
  const parts = block.fields.map((field) => fieldElement(field, stored[field.name]?.value));
  const form = el("form", { class: "form", novalidate: true }, ...parts.map((part) => part.element));
  const values = () => Object.fromEntries(parts.map(({ field, read }) => [field.name, valueOf(field, read())]));
  form.append(buttonsElement(block.buttons));
  form.addEventListener("submit", (event) => submit(event, form, block, values(), actions));
  form.addEventListener("change", () => actions.change({ [block.name]: values() }));
  return form;
}

const valueOf = (field, value) => ({ value, componentType: field.component });

function buttonsElement(buttons) {
  const shown = buttons.map(({ label, primary }, index) =>
    el("button", { type: "submit", class: primary || index === 0 ? "primary" : "chip", value: String(index) }, label),
  );
  return el("div", { class: "actions" }, ...shown);
}

function submit(event, form, block, values, actions) {
  event.preventDefault();
  if (!form.checkValidity()) {
    form.reportValidity();
    return;
  }
  const button = block.buttons[Number(event.submitter?.value ?? 0)];
  if (button) actions.say(button.say ?? button.label, [`User clicked: ${button.label}`, { [block.name]: values }]);
}

function fieldElement(field, stored) {
  const group = field.type === "radios" || field.type === "checks";
  return (group ? groupElement : singleElement)(field, stored);
}

function singleElement(field, stored) {
  const id = `field-${(made += 1)}`;
  const hint = field.hint ? el("small", { id: `${id}-hint` }, field.hint) : null;
  const shared = { id, name: field.name, required: field.required, "aria-describedby": hint ? `${id}-hint` : null };
  const input = INPUTS[field.type]?.(field, shared) ?? lineInput(field, shared);
  input.value = stored ?? field.value;
  const label = el("label", { for: id }, field.label, field.required ? required() : null);
  return { field, element: el("div", { class: "field" }, label, input, hint), read: () => input.value };
}

const required = () => el("span", { class: "note" }, ` (${wording.required})`);

function lineInput({ type, placeholder, min, max, step }, shared) {
  return el("input", { ...shared, type, placeholder: placeholder || null, min, max, step });
}

const INPUTS = {
  textarea: ({ placeholder }, shared) => el("textarea", { ...shared, rows: "3", placeholder: placeholder || null }),
  select: ({ placeholder, options }, shared) => {
    const none = el("option", { value: "" }, placeholder || wording.choose);
    return el("select", shared, none, ...options.map(({ label, value }) => el("option", { value }, label)));
  },
};

function groupElement(field, stored) {
  const many = field.type === "checks";
  const name = `group-${(made += 1)}`;
  const boxes = field.options.map(({ label, value, hint, checked }) => {
    const input = el("input", { type: many ? "checkbox" : "radio", name, value, required: !many && field.required });
    input.checked = many ? (stored?.[value] ?? checked) : value === (stored ?? field.value);
    return { input, element: el("label", { class: "choice" }, input, el("span", {}, label, hint ? el("small", {}, hint) : null)) };
  });
  const element = el("fieldset", { class: "field" }, el("legend", {}, field.label), ...boxes.map((box) => box.element));
  const inputs = boxes.map((box) => box.input);
  return { field, element, read: () => (many ? checkedOf(inputs) : (inputs.find((input) => input.checked)?.value ?? "")) };
}

const checkedOf = (inputs) => Object.fromEntries(inputs.map((input) => [input.value, input.checked]));
