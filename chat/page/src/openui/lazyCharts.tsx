/** Lazy replacements of OpenUI's charts: two fifths of the renderer's code, fetched when an answer has a chart. */

import { type ComponentType, lazy } from "react";

export const loadCharts = () => import("./Charts");

type Name = keyof Awaited<ReturnType<typeof loadCharts>>;

/** Widest bar in pixels; OpenUI's own 12 leave most of a wide chart empty. */
const MAX_BAR_WIDTH = 32;

type Props = Record<string, unknown>;

function lazyChart(name: Name, adapt: (props: Props) => Props = (props) => props) {
  return lazy(async () => {
    const Chart = (await loadCharts())[name] as ComponentType;
    return { default: (props: Props) => <Chart {...adapt(props)} /> };
  });
}

/** Draw a donut as a pie, whose middle the styles cut out: OpenUI's own is a thin ring around a faint wheel. */
function donut(props: Props): Props {
  const cut = props.variant === "donut" && props.appearance !== "semiCircular";
  return cut ? { ...props, variant: "pie", className: "donut" } : props;
}

export const AreaChartCondensed = lazyChart("AreaChartCondensed");
export const BarChartCondensed = lazyChart("BarChartCondensed", (props) => ({ maxBarWidth: MAX_BAR_WIDTH, ...props }));
export const HorizontalBarChart = lazyChart("HorizontalBarChart");
export const LineChartCondensed = lazyChart("LineChartCondensed");
export const PieChart = lazyChart("PieChart", donut);
export const RadarChart = lazyChart("RadarChart");
export const RadialChart = lazyChart("RadialChart");
export const ScatterChart = lazyChart("ScatterChart");
export const SingleStackedBar = lazyChart("SingleStackedBar");
