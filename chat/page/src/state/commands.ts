/** The commands of the palette. */

import { temporaryChats } from "@pane";
import { modelTitle } from "../parts/models";
import { words } from "../words";
import type { Page } from "./page";
import { SHORTCUTS } from "./shortcuts";
import { setTheme, THEMES } from "./theme";

export interface PageCommand {
  name: string;
  keys?: readonly string[];
  act: () => void;
}

export function commandsOf(page: Page): PageCommand[] {
  const begin = (temporary: boolean) => async () => {
    await page.go(null);
    page.setTemporary(temporary);
  };
  const others = page.models.filter((model) => model !== page.model);
  return [
    { name: words.newChat, keys: SHORTCUTS.newChat, act: () => void begin(false)() },
    ...(temporaryChats ? [{ name: words.newTemporary, act: () => void begin(true)() }] : []),
    ...others.map((model) => ({ name: words.useModel(modelTitle(page, model)), act: () => page.choose(model) })),
    ...THEMES.map((theme) => ({ name: `${words.theme}: ${words.themes[theme]}`, act: () => setTheme(theme) })),
    { name: page.folded ? words.unfoldSidebar : words.foldSidebar, keys: SHORTCUTS.fold, act: () => page.fold(!page.folded) },
    { name: words.settings, keys: SHORTCUTS.settings, act: () => page.overlays.open({ kind: "settings" }) },
    { name: words.shortcutList, keys: SHORTCUTS.list, act: () => page.overlays.open({ kind: "shortcuts" }) },
  ];
}
