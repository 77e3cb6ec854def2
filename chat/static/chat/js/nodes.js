/**
 * A reply's component tree in one shape for all formats: `Node(type, props)`, references resolved.
 * openui-lang gives arguments by position, named here; version 1 (JSON) names them itself.
 */

import { Call, Reference, parseProgram, parseValue } from "./lang.js";

/** Upper bound of nodes and values per reply: references of a small program can double its size at each line. */
const BUDGET = 20000;
/** Depth at which circular references end. */
const DEPTH = 40;

const CHART = ["labels", "series", "variant", "xLabel", "yLabel"];
const CALLOUT = ["variant", "title", "description"];
const SECTION = ["value", "trigger", "content"];

/** Argument names by position, of C1's and OpenUI's libraries; a component that is not listed shows all its text. */
const SIGNATURES = {
  Card: ["children"], Stack: ["children"], CardHeader: ["title", "subtitle"], Header: ["title", "subtitle"],
  TextContent: ["textMarkdown"], MarkDownRenderer: ["textMarkdown"], Label: ["text"],
  Callout: CALLOUT, CalloutV2: CALLOUT, TextCallout: CALLOUT,
  Image: ["alt", "src"], ImageBlock: ["src", "alt"], ImageGallery: ["images"],
  CodeBlock: ["language", "codeString"], Separator: ["orientation", "decorative"],
  Table: ["columns", "rows"], Col: ["label", "data", "type"],
  BarChart: CHART, LineChart: CHART, AreaChart: CHART, RadarChart: CHART, HorizontalBarChart: CHART,
  Series: ["category", "values"], Slice: ["category", "value"],
  PieChart: ["labels", "values"], RadialChart: ["labels", "values"], SingleStackedBarChart: ["labels", "values"],
  ScatterChart: ["datasets", "xLabel", "yLabel"], ScatterSeries: ["name", "points"], Point: ["x", "y", "z"],
  Form: ["name", "buttons", "fields"], FormControl: ["label", "input", "hint"],
  Input: ["name", "placeholder", "inputType", "rules"], TextArea: ["name", "placeholder", "rows", "rules"],
  Select: ["name", "items", "placeholder", "rules"], SelectItem: ["value", "label"],
  DatePicker: ["name", "mode", "rules"],
  Slider: ["name", "variant", "min", "max", "step", "defaultValue", "label"],
  CheckBoxGroup: ["name", "items"], CheckBoxItem: ["label", "description", "name", "defaultChecked"],
  RadioGroup: ["name", "items", "defaultValue"], RadioItem: ["label", "description", "value"],
  SwitchGroup: ["name", "items"], SwitchItem: ["label", "description", "name", "defaultChecked"],
  Button: ["label", "action", "variant"], Buttons: ["children"], ButtonGroup: ["children"],
  ListBlock: ["items"], ListItem: ["title", "subtitle", "image", "actionLabel", "action"],
  FollowUpBlock: ["items"], FollowUpItem: ["text"],
  SectionBlock: ["sections"], SectionItem: SECTION, Tabs: ["items"], TabItem: SECTION,
  Accordion: ["items"], AccordionItem: SECTION, Steps: ["items"], StepsItem: ["title", "details"],
  Carousel: ["children"], TagBlock: ["tags"], Tag: ["text"],
  Action: ["steps"], "@ToAssistant": ["message"], "@OpenUrl": ["url"],
};

export class Node {
  constructor(type, props) {
    this.type = type;
    this.props = props;
  }
}

/** Return the root of an openui-lang program; its first statement while `root` is missing. */
export function programRoot(text) {
  const statements = parseProgram(text);
  const first = statements.has("root") ? "root" : statements.keys().next().value;
  return first === undefined ? undefined : new Resolver(statements).value(new Reference(first));
}

/** Return the root of a version 1 reply: `{"component": {"component": "Card", "props": {…}}, "error": null}`. */
export function jsonRoot(text) {
  return new Resolver(new Map()).value(parseValue(text));
}

class Resolver {
  constructor(statements) {
    this.statements = statements;
    this.budget = BUDGET;
  }

  value(raw, depth = 0) {
    if (depth > DEPTH || this.budget-- <= 0) return undefined;
    if (raw instanceof Reference) return this.#member(raw, depth + 1);
    if (raw instanceof Call) return this.#call(raw, depth + 1);
    if (Array.isArray(raw)) return raw.map((item) => this.value(item, depth + 1)).filter((item) => item !== undefined);
    return raw !== null && typeof raw === "object" ? this.#object(raw, depth + 1) : raw;
  }

  #member(reference, depth) {
    let value = this.value(this.statements.get(reference.name), depth);
    for (const key of reference.path) {
      value = Array.isArray(value) ? value.map((item) => item?.[key]) : value instanceof Node ? value.props[key] : value?.[key];
    }
    return value;
  }

  #call(call, depth) {
    const names = SIGNATURES[call.type] ?? [];
    const props = Object.create(null);
    call.args.forEach((raw, index) => {
      const value = this.value(raw, depth);
      if (value !== undefined) props[names[index] ?? `argument${index}`] = value;
    });
    return new Node(call.type, props);
  }

  #object(raw, depth) {
    if (raw.component !== null && typeof raw.component === "object") return this.value(raw.component, depth);
    const entries = Object.create(null);
    for (const key of Object.keys(raw)) entries[key] = this.value(raw[key], depth);
    if (typeof raw.component !== "string") return entries;
    const props = entries.props !== null && typeof entries.props === "object" ? entries.props : Object.create(null);
    return new Node(raw.component, props);
  }
}
