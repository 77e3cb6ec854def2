/** Lazy replacements of OpenUI's charts: two fifths of the renderer's code, fetched when an answer has a chart. */

import { type ComponentType, lazy } from "react";

export const loadCharts = () => import("./Charts");

type Name = keyof Awaited<ReturnType<typeof loadCharts>>;

function lazyChart(name: Name) {
  return lazy(async () => ({ default: (await loadCharts())[name] as ComponentType }));
}

export const AreaChartCondensed = lazyChart("AreaChartCondensed");
export const BarChartCondensed = lazyChart("BarChartCondensed");
export const HorizontalBarChart = lazyChart("HorizontalBarChart");
export const LineChartCondensed = lazyChart("LineChartCondensed");
export const PieChart = lazyChart("PieChart");
export const RadarChart = lazyChart("RadarChart");
export const RadialChart = lazyChart("RadialChart");
export const ScatterChart = lazyChart("ScatterChart");
export const SingleStackedBar = lazyChart("SingleStackedBar");
