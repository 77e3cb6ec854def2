/** A form's fields as data: `{name, label, hint, type, placeholder, required, options, value, component}`. */

import { Node } from "./nodes.js";

const list = (value) => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]);

const propsOf = (value) => (value instanceof Node ? value.props : (value ?? {}));

const TYPES = { text: "text", email: "email", password: "password", number: "number", url: "url" };
const COMPONENTS = {
  TextArea: "textarea", Select: "select", DatePicker: "date", Slider: "range",
  RadioGroup: "radios", CheckBoxGroup: "checks", SwitchGroup: "checks",
};

/** Return a form's block. `buttons` submit it; a form without any is unfinished or cannot be sent. */
export function formBlock(props, buttons) {
  const controls = list(props.fields ?? props.children);
  return { kind: "form", name: String(props.name ?? "form"), fields: controls.flatMap(field), buttons };
}

function field(control) {
  const outer = propsOf(control);
  const inner = outer.input ?? outer.children ?? (outer.name ? control : undefined);
  const input = Array.isArray(inner) ? inner[0] : inner;
  const props = propsOf(input);
  if (typeof props.name !== "string") return [];
  return [{ ...common(outer, props), ...kind(input), ...numbers(props), options: list(props.items).map(option) }];
}

function common(outer, props) {
  // C1 puts the rules before the placeholder, OpenUI behind it: their types differ.
  const loose = Object.values(props);
  const rules = props.rules ?? loose.find((value) => value && typeof value === "object" && "required" in value);
  return {
    name: props.name,
    label: String(outer.label ?? props.label ?? props.name),
    hint: String(outer.hint ?? ""),
    placeholder: [props.placeholder, props.inputType].find((value) => typeof value === "string" && !(value in TYPES)) ?? "",
    required: rules?.required === true,
    value: start(props),
  };
}

function kind(input) {
  const component = input instanceof Node ? input.type : "Input";
  const props = propsOf(input);
  return { component, type: COMPONENTS[component] ?? TYPES[props.inputType ?? props.type] ?? "text" };
}

const numbers = ({ min, max, step }) => ({ min, max, step });

function start(props) {
  const value = props.defaultValue ?? props.value ?? "";
  return String(Array.isArray(value) ? (value[0] ?? "") : value);
}

function option(item) {
  const props = propsOf(item);
  const label = String(props.label ?? props.value ?? item);
  return { label, value: String(props.value ?? props.name ?? label), hint: String(props.description ?? ""), checked: props.defaultChecked === true };
}
