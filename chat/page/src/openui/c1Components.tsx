/** C1's names and argument forms of components that OpenUI has too, so that C1's programs are drawn as intended. */

import { defineComponent } from "@openuidev/react-lang";
import { openuiChatLibrary } from "@openuidev/react-ui/genui-lib";
import { z } from "zod/v4";
import { FollowUps } from "./FollowUps";
import type { DefinedComponent, Drawn } from "./types";

type Props = Record<string, unknown>;

const anything = z.any().optional();
const original = (name: string) => openuiChatLibrary.components[name] as DefinedComponent;

/** Return OpenUI's `target` under another name: `fields` are the program's arguments, `convert` maps them to OpenUI's props. */
function adaptComponent(name: string, target: string, fields: Props, convert: (props: Props) => Props): DefinedComponent {
  const { component: Component } = original(target);
  return defineComponent({
    name,
    description: `As ${target}`,
    props: z.object(fields as z.ZodRawShape),
    component: ({ props, ...rest }: Drawn<Props>) => <Component {...rest} props={convert(props)} />,
  }) as DefinedComponent;
}

/** Return the component with a tolerant schema: the listed fields take any value, and `convert` puts them in order. */
function tolerateFields(name: string, loose: string[], convert: (props: Props) => Props): DefinedComponent {
  const { shape } = original(name).props as { shape: Props };
  return adaptComponent(name, name, { ...shape, ...Object.fromEntries(loose.map((field) => [field, anything])) }, convert);
}

const VARIANTS = new Set(["grouped", "stacked", "linear", "natural", "step"]);

/** Convert C1's chart props: C1 has one more argument before the variant, and its series are plain objects. */
function chart(props: Props): Props {
  const series = list(props.series).map((item) => element("Series", item));
  const shifted = VARIANTS.has(String(props.xLabel));
  if (!shifted) return { ...props, series };
  return { ...props, series, variant: props.xLabel, xLabel: undefined };
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function element(typeName: string, value: unknown) {
  if (value === null || typeof value !== "object" || "type" in value) return value;
  return { type: "element", typeName, props: value };
}

/** Sort a field's props by type: C1 puts the rules before the placeholder, OpenUI behind it. */
function field({ name, value, placeholder, type, rules, ...rest }: Props): Props {
  const given = [placeholder, type, rules];
  const rule = given.find((one) => one !== null && typeof one === "object");
  const texts = given.filter((one) => typeof one === "string");
  const kind = texts.find((one) => KINDS.has(one)) ?? "text";
  return { ...rest, name, value, rules: rule, type: kind, placeholder: texts.find((one) => !KINDS.has(one)) };
}

const KINDS = new Set(["text", "email", "password", "number", "url"]);

const TONES: Record<string, string> = { danger: "error" };

const TEXT = z.string().optional();

export const c1Components: Record<string, DefinedComponent> = {
  Header: adaptComponent("Header", "CardHeader", { title: TEXT, subtitle: TEXT, more: anything }, (props) => props),
  InlineHeader: adaptComponent("InlineHeader", "CardHeader", { title: TEXT, subtitle: TEXT, more: anything }, (props) => props),
  CalloutV2: adaptComponent("CalloutV2", "Callout", { variant: TEXT, title: TEXT, description: TEXT, more: anything }, (props) => ({
    ...props,
    variant: TONES[String(props.variant)] ?? props.variant,
    title: props.title ?? "",
    description: props.description ?? "",
  })),
  ButtonGroup: adaptComponent("ButtonGroup", "Buttons", { buttons: z.array(z.any()), direction: anything }, (props) => props),
  FollowUpBlock: { ...original("FollowUpBlock"), component: FollowUps },
  Input: tolerateFields("Input", ["placeholder", "type", "rules"], field),
  BarChart: tolerateFields("BarChart", ["variant"], (props) => chart(variantOf(props))),
  LineChart: tolerateFields("LineChart", ["variant"], (props) => chart(variantOf(props))),
  AreaChart: tolerateFields("AreaChart", ["variant"], (props) => chart(variantOf(props))),
  HorizontalBarChart: tolerateFields("HorizontalBarChart", ["variant"], (props) => chart(variantOf(props))),
  RadarChart: tolerateFields("RadarChart", [], chart),
};

function variantOf(props: Props): Props {
  return VARIANTS.has(String(props.variant)) ? props : { ...props, variant: undefined };
}
