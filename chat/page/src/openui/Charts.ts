/** The chart components of OpenUI's library, as a chunk of their own. */

export {
  AreaChartCondensed,
  BarChartCondensed,
  HorizontalBarChart,
  LineChartCondensed,
  PieChart,
  RadarChart,
  RadialChart,
  ScatterChart,
  SingleStackedBar,
} from "@openuidev/react-ui/Charts";
