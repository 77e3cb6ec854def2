/** The colour scheme: the system's, or the one that the reader chose. `theme.js` applies the choice before the first paint. */

import { recall, remember } from "@plain/js/storage.js";

export type Theme = "system" | "light" | "dark";

export const THEMES: Theme[] = ["system", "light", "dark"];

export function currentTheme(): Theme {
  const stored = recall("theme");
  return THEMES.find((theme) => theme === stored) ?? "system";
}

export function setTheme(theme: Theme) {
  remember("theme", theme === "system" ? "" : theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
