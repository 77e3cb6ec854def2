/** Stands in for OpenUI's drawings of charts: they are two fifths of the renderer, and come when an answer has one. */

import { type ComponentType, lazy } from "react";

export const loadCharts = () => import("./Charts");

type Name = keyof Awaited<ReturnType<typeof loadCharts>>;

function late(name: Name) {
  return lazy(async () => ({ default: (await loadCharts())[name] as ComponentType }));
}

export const AreaChartCondensed = late("AreaChartCondensed");
export const BarChartCondensed = late("BarChartCondensed");
export const HorizontalBarChart = late("HorizontalBarChart");
export const LineChartCondensed = late("LineChartCondensed");
export const PieChart = late("PieChart");
export const RadarChart = late("RadarChart");
export const RadialChart = late("RadialChart");
export const ScatterChart = late("ScatterChart");
export const SingleStackedBar = late("SingleStackedBar");
