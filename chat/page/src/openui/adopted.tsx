/** C1's names and forms of components that OpenUI has too, so that C1's programs look as they were meant. */

import { defineComponent } from "@openuidev/react-lang";
import { openuiChatLibrary } from "@openuidev/react-ui/genui-lib";
import { z } from "zod/v4";
import { FollowUps } from "./FollowUps";
import type { DefinedComponent, Drawn } from "./types";

type Props = Record<string, unknown>;

const anything = z.any().optional();
const original = (name: string) => openuiChatLibrary.components[name] as DefinedComponent;

/** A component of OpenUI's with other arguments: `fields` are what the program gives, `turn` makes OpenUI's of them. */
function adopt(name: string, target: string, fields: Props, turn: (props: Props) => Props): DefinedComponent {
  const { component: Component } = original(target);
  return defineComponent({
    name,
    description: `As ${target}`,
    props: z.object(fields as z.ZodRawShape),
    component: ({ props, ...rest }: Drawn<Props>) => <Component {...rest} props={turn(props)} />,
  }) as DefinedComponent;
}

/** The same component, more tolerant: the listed fields take anything, and `turn` puts them in order. */
function loosen(name: string, loose: string[], turn: (props: Props) => Props): DefinedComponent {
  const { shape } = original(name).props as { shape: Props };
  return adopt(name, name, { ...shape, ...Object.fromEntries(loose.map((field) => [field, anything])) }, turn);
}

const VARIANTS = new Set(["grouped", "stacked", "linear", "natural", "step"]);

/** C1 has one more argument before the variant, and series that are plain objects. */
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

/** C1 puts a field's rules before its placeholder, OpenUI behind it: the types tell them apart. */
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

export const adopted: Record<string, DefinedComponent> = {
  Header: adopt("Header", "CardHeader", { title: TEXT, subtitle: TEXT, more: anything }, (props) => props),
  InlineHeader: adopt("InlineHeader", "CardHeader", { title: TEXT, subtitle: TEXT, more: anything }, (props) => props),
  CalloutV2: adopt("CalloutV2", "Callout", { variant: TEXT, title: TEXT, description: TEXT, more: anything }, (props) => ({
    ...props,
    variant: TONES[String(props.variant)] ?? props.variant,
    title: props.title ?? "",
    description: props.description ?? "",
  })),
  ButtonGroup: adopt("ButtonGroup", "Buttons", { buttons: z.array(z.any()), direction: anything }, (props) => props),
  FollowUpBlock: { ...original("FollowUpBlock"), component: FollowUps },
  Input: loosen("Input", ["placeholder", "type", "rules"], field),
  BarChart: loosen("BarChart", ["variant"], (props) => chart(variantOf(props))),
  LineChart: loosen("LineChart", ["variant"], (props) => chart(variantOf(props))),
  AreaChart: loosen("AreaChart", ["variant"], (props) => chart(variantOf(props))),
  HorizontalBarChart: loosen("HorizontalBarChart", ["variant"], (props) => chart(variantOf(props))),
  RadarChart: loosen("RadarChart", [], chart),
};

function variantOf(props: Props): Props {
  return VARIANTS.has(String(props.variant)) ? props : { ...props, variant: undefined };
}
