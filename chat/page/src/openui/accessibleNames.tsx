/** Accessible names that OpenUI omits: fields get their labels, charts their figures as text. */

import { areNumbers } from "@plain/js/tables.js";
import { openuiChatLibrary } from "@openuidev/react-ui/genui-lib";
import { Suspense, useEffect, useRef } from "react";
import { words } from "../words";
import type { DefinedComponent, Drawn } from "./types";

const FIELDS = "[role=combobox], [role=slider], input:not([type=hidden]), textarea";
export const CHARTS = [
  "BarChart", "LineChart", "AreaChart", "HorizontalBarChart", "RadarChart",
  "PieChart", "RadialChart", "SingleStackedBarChart", "ScatterChart",
];
/** Upper bound of a chart's figures in the text: a longer list is of no use when read aloud. */
const MAX_READ_FIGURES = 40;

type Props = Record<string, unknown>;

/** Return `components` with the fields and charts among them wrapped. */
export function withAccessibleNames(components: Record<string, DefinedComponent>): Record<string, DefinedComponent> {
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

/** Make tables of OpenUI, which scroll sideways on a phone, scrollable by keyboard, and mark their columns of numbers. */
export function nameTables(element: HTMLElement) {
  for (const table of element.querySelectorAll<HTMLElement>(".openui-table-container")) {
    table.tabIndex = 0;
    table.role = "group";
    table.ariaLabel = words.reply.table;
    // OpenUI focuses the element around the table instead, which does not scroll.
    table.closest(".openui-scrollable-table-wrapper")?.removeAttribute("tabindex");
    markNumbers(table);
  }
}

/** Mark the cells of each column, beside others, that holds nothing but numbers. */
function markNumbers(table: HTMLElement) {
  const rows = [...table.querySelectorAll("tr")].map((row) => [...row.cells]);
  for (const [column] of (rows[0] ?? []).entries()) {
    const cells = rows.map((row) => row[column]).filter((cell) => cell !== undefined);
    const texts = cells.filter((cell) => cell.tagName === "TD").map((cell) => cell.textContent?.trim() ?? "");
    const numbers = cells[0]?.parentElement?.children.length !== 1 && areNumbers(texts);
    for (const cell of cells) cell.toggleAttribute("data-number", numbers);
  }
}

/** Call `name` with the element now and after each change inside it. Return the element's ref. */
export function useNaming(name: (container: HTMLElement) => void) {
  const container = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = container;
    if (!current) return;
    name(current);
    const observer = new MutationObserver(() => name(current));
    observer.observe(current, { childList: true, subtree: true });
    return () => observer.disconnect();
  });
  return container;
}

function Control({ props, children }: Wrapper) {
  const label = String(props.label ?? "");
  const container = useNaming((element) => {
    for (const field of element.querySelectorAll(FIELDS)) {
      const known = field.getAttribute("aria-label") !== label && (field as HTMLInputElement).labels?.length && field.matches("input, textarea");
      if (!known) field.setAttribute("aria-label", label);
    }
    // The name of a date field is its day.
    for (const field of element.querySelectorAll("[aria-haspopup=dialog]")) field.setAttribute("aria-description", label);
  });
  return <div ref={container}>{children}</div>;
}

function Chart({ name, props, children }: Wrapper) {
  // Hide the drawn shapes from screen readers: the figures are read once, as text.
  const container = useNaming((element) => {
    for (const drawing of element.querySelectorAll("svg[role=application]")) drawing.setAttribute("aria-label", words.chart);
    for (const shape of element.querySelectorAll("svg [role=img]")) shape.setAttribute("aria-hidden", "true");
  });
  return (
    <div className="charted" ref={container}>
      <p className="unseen">{figures(props)}</p>
      <Suspense fallback={<ChartToCome name={name} titled={Boolean(props.xLabel)} />}>{children}</Suspense>
    </div>
  );
}

/** A placeholder of the chart's height, so that the layout does not shift when the chart is loaded. */
const ChartToCome = ({ name, titled }: { name: string; titled: boolean }) => (
  <div className="chart-to-come">
    <div data-chart-name={name} data-titled={titled || undefined} />
  </div>
);

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const propsOf = (value: unknown): Props => (value as { props?: Props })?.props ?? (value as Props) ?? {};

/** Return the figures as text: "Sales: North 412, South 358. Costs: …". */
function figures(props: Props): string {
  const labels = list(props.labels).map(String);
  const line = (values: unknown) => list(values).slice(0, MAX_READ_FIGURES).map((value, index) => `${labels[index] ?? ""} ${String(value)}`.trim()).join(", ");
  const series = list(props.series).map(propsOf);
  const lines = series.map(({ category, values }) => `${String(category ?? "")}: ${line(values)}.`);
  return lines.length ? lines.join(" ") : `${line(props.values)}.`;
}
