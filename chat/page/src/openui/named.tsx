/** Names for what OpenUI leaves without one: fields by their labels, charts by their figures, for who cannot see them. */

import { openuiChatLibrary } from "@openuidev/react-ui/genui-lib";
import { Suspense, useEffect, useRef } from "react";
import { words } from "../words";
import type { DefinedComponent, Drawn } from "./types";

const FIELDS = "[role=combobox], [role=slider], input:not([type=hidden]), textarea";
export const CHARTS = [
  "BarChart", "LineChart", "AreaChart", "HorizontalBarChart", "RadarChart",
  "PieChart", "RadialChart", "SingleStackedBarChart", "ScatterChart",
];
/** Figures of a chart that are read out; who wants more of them than this wants a table. */
const MOST = 40;

type Props = Record<string, unknown>;

/** `components` with the fields and charts among them wrapped. */
export function named(components: Record<string, DefinedComponent>): Record<string, DefinedComponent> {
  const charts = CHARTS.map((name) => [name, wrapped(components[name] ?? original(name), Chart)] as const);
  return { ...components, FormControl: wrapped(components.FormControl ?? original("FormControl"), Control), ...Object.fromEntries(charts) };
}

const original = (name: string) => openuiChatLibrary.components[name] as DefinedComponent;

interface Wrapper {
  name: string;
  props: Props;
  children: React.ReactNode;
}

function wrapped(definition: DefinedComponent, Around: (wrapper: Wrapper) => React.ReactNode): DefinedComponent {
  const { name, component: Component } = definition;
  const component = (drawn: Drawn<Props>) => (
    <Around name={name} props={drawn.props}>
      <Component {...drawn} />
    </Around>
  );
  return { ...definition, component };
}

/** Calls `name` with the element now and whenever something in it has changed. */
function useNaming(name: (place: HTMLElement) => void) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = place;
    if (!current) return;
    name(current);
    const observer = new MutationObserver(() => name(current));
    observer.observe(current, { childList: true, subtree: true });
    return () => observer.disconnect();
  });
  return place;
}

function Control({ props, children }: Wrapper) {
  const label = String(props.label ?? "");
  const place = useNaming((element) => {
    for (const field of element.querySelectorAll(FIELDS)) {
      const known = field.getAttribute("aria-label") !== label && (field as HTMLInputElement).labels?.length && field.matches("input, textarea");
      if (!known) field.setAttribute("aria-label", label);
    }
  });
  return <div ref={place}>{children}</div>;
}

function Chart({ name, props, children }: Wrapper) {
  // The shapes are drawn for eyes; the figures are told once, in words.
  const place = useNaming((element) => {
    for (const drawing of element.querySelectorAll("svg[role=application]")) drawing.setAttribute("aria-label", words.chart);
    for (const shape of element.querySelectorAll("svg [role=img]")) shape.setAttribute("aria-hidden", "true");
  });
  return (
    <div className="charted" ref={place}>
      <p className="unseen">{figures(props)}</p>
      <Suspense fallback={<ChartToCome name={name} titled={Boolean(props.xLabel)} />}>{children}</Suspense>
    </div>
  );
}

/** As high as the chart will be, so that nothing moves when it is there. */
const ChartToCome = ({ name, titled }: { name: string; titled: boolean }) => (
  <div className="chart-to-come">
    <div data-chart-name={name} data-titled={titled || undefined} />
  </div>
);

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const propsOf = (value: unknown): Props => (value as { props?: Props })?.props ?? (value as Props) ?? {};

/** "Sales: North 412, South 358. Costs: …" */
function figures(props: Props): string {
  const labels = list(props.labels).map(String);
  const line = (values: unknown) => list(values).slice(0, MOST).map((value, place) => `${labels[place] ?? ""} ${String(value)}`.trim()).join(", ");
  const series = list(props.series).map(propsOf);
  const told = series.map(({ category, values }) => `${String(category ?? "")}: ${line(values)}.`);
  return told.length ? told.join(" ") : `${line(props.values)}.`;
}
