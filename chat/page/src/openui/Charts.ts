/** What draws the charts of OpenUI's library. */

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
