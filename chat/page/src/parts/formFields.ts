/** The fields of a form by its JSON schema, and the values that a person gave them. Pure. */

export interface FormField {
  name: string;
  title: string;
  description: string;
  kind: "text" | "long" | "number" | "flag" | "choice" | "choices" | "json";
  /** The type of a text's input: text, date, email … */
  input: string;
  whole: boolean;
  /** It must be filled in. */
  required: boolean;
  /** It is part of the content even if it is empty. */
  kept: boolean;
  /** Values and titles of a choice, of which `choices` takes several. */
  choices: [unknown, string][];
  limits: { min?: number; max?: number; minLength?: number; maxLength?: number };
  start: string;
}

interface Schema extends Record<string, unknown> {
  title?: string;
  description?: string;
  type?: string;
  format?: string;
}

/** Types of inputs by the format of a text. A date and a time have no input that keeps the time zone. */
const INPUTS: Record<string, string> = { date: "date", email: "email", uri: "url" };
/** Characters from which a text gets several lines. */
const LONG = 200;

export class NotJson extends Error {
  constructor(readonly field: string) {
    super(field);
  }
}

export function fieldsOf(schema: Record<string, unknown>): FormField[] {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const required = new Set((schema.required ?? []) as string[]);
  return Object.entries(properties).map(([name, property]) => fieldOf(name, property, required.has(name)));
}

/** Return the schema of a form for the arguments of a call, or null if some value is neither a text nor a number nor a flag. */
export function schemaOf(given: unknown, titled = titleOf): Record<string, unknown> | null {
  if (!isObject(given) || !Object.keys(given).length) return null;
  const types = Object.entries(given).map(([name, value]) => [name, typeof value] as const);
  if (types.some(([, type]) => !["string", "number", "boolean"].includes(type))) return null;
  const property = ([name, type]: readonly [string, string]) => [name, { type, title: titled(name), default: given[name], minLength: 0 }];
  return { type: "object", properties: Object.fromEntries(types.map(property)), required: types.map(([name]) => name) };
}

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Return a name in words. */
export function titleOf(name: string) {
  const words = name.replaceAll(/[_-]+/g, " ").replaceAll(/([a-z])([A-Z])/g, "$1 $2").trim() || name;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Return the content of a form; fields that are empty and not required are left out. Throw NotJson. */
export function contentOf(fields: FormField[], values: Record<string, string>): Record<string, unknown> {
  const filled = fields.filter((field) => field.kind === "flag" || field.kept || values[field.name]);
  return Object.fromEntries(filled.map((field) => [field.name, valueOf(field, values[field.name] ?? "")]));
}

function valueOf(field: FormField, text: string): unknown {
  if (field.kind === "flag") return text === "true";
  if (field.kind === "number") return text === "" ? null : Number(text);
  if (field.kind === "choice") return field.choices[text ? Number(text) : -1]?.[0];
  if (field.kind === "choices") return chosen(text).map((index) => field.choices[Number(index)]?.[0]);
  if (field.kind !== "json") return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new NotJson(field.name);
  }
}

/** Return the places of the chosen values of a field that takes several. */
export const chosen = (value: string) => value.split(",").filter(Boolean);

function fieldOf(name: string, property: Schema, kept: boolean): FormField {
  const { title, description, type, format = "", items } = property;
  const several = type === "array" && isObject(items);
  const choices = choicesOf(several ? (items as Schema) : property);
  const kind = choices.length ? (several ? "choices" : "choice") : kindOf(type, Number(property.maxLength ?? 0), String(property.default ?? ""));
  return {
    name,
    title: title || titleOf(name),
    description: description ?? "",
    kind,
    input: INPUTS[format] ?? "text",
    whole: type === "integer",
    required: kept && isFilled(kind, property),
    kept,
    choices,
    limits: limitsOf(property),
    start: startOf(kind, choices, property.default),
  };
}

/** Return true if a schema allows no empty value. No choice is empty; a text or a list may be where the schema says so. */
function isFilled(kind: FormField["kind"], { minLength, minItems }: Schema) {
  if (kind === "choice") return true;
  return kind === "choices" ? minItems !== 0 : minLength !== 0;
}

function kindOf(type: string | undefined, maxLength: number, start: string): FormField["kind"] {
  if (type === "boolean") return "flag";
  if (type === "number" || type === "integer") return "number";
  if (type !== "string") return "json";
  return maxLength > LONG || start.length > LONG || start.includes("\n") ? "long" : "text";
}

function choicesOf({ enum: values, enumNames: names, oneOf, anyOf }: Schema): [unknown, string][] {
  if (Array.isArray(values)) return values.map((value, index) => [value, String((names as string[] | undefined)?.[index] ?? value)]);
  const options = (oneOf ?? anyOf ?? []) as Schema[];
  if (!options.every((option) => isObject(option) && "const" in option)) return [];
  return options.map((option) => [option.const, option.title ?? String(option.const)]);
}

function limitsOf({ minimum, maximum, minLength, maxLength }: Schema) {
  const limits = { min: minimum, max: maximum, minLength, maxLength };
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => typeof limit === "number")) as FormField["limits"];
}

function startOf(kind: FormField["kind"], choices: [unknown, string][], value: unknown) {
  if (value === undefined) return "";
  const place = (wanted: unknown) => choices.findIndex(([choice]) => choice === wanted);
  if (kind === "choices") return (Array.isArray(value) ? value : []).map(place).filter((index) => index >= 0).join(",");
  if (kind !== "choice") return kind === "json" ? JSON.stringify(value, null, 2) : String(value);
  const index = place(value);
  return index < 0 ? "" : String(index);
}
