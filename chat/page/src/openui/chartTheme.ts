/** OpenUI's chart theme in the page's tokens; `tokens.css` holds the colours. */

import { defaultLightTheme, ThemeContext } from "@openuidev/react-ui/ThemeProvider";

/** Places in OpenUI's palette, best colour first: it takes one series' colour from the middle and goes on around it. */
const PLACES = [4, 3, 5, 6, 7, 2, 1, 0];

const colour = (place: number) => `var(--chart-${PLACES.indexOf(place) + 1})`;

export const chartTheme = {
  theme: {
    ...defaultLightTheme,
    foreground: "var(--raised)",
    textNeutralPrimary: "var(--words)",
    radius2xs: "4px",
    // Labels are measured on a canvas, which knows no custom properties.
    textLabelXs: "400 12px system-ui, sans-serif",
    defaultChartPalette: PLACES.map((_, place) => colour(place)),
  },
  mode: "light" as const,
  portalThemeClassName: "",
};

export { ThemeContext };
