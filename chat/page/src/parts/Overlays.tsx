/** The dialog over the page. Each is a chunk of its own, loaded at its first use. */

import { lazy, Suspense } from "react";
import type { Page } from "../state/page";
import { useStore } from "../state/store";

const CommandPalette = lazy(() => import("./CommandPalette"));
const FileDialog = lazy(() => import("./FileDialog"));
const PromptDialog = lazy(() => import("./PromptDialog"));
const SettingsDialog = lazy(() => import("./SettingsDialog"));
const ShareDialog = lazy(() => import("./ShareDialog"));
const ShortcutList = lazy(() => import("./ShortcutList"));

export function Overlays({ page }: { page: Page }) {
  const { shown, close } = useStore(page.overlays);
  return (
    <Suspense>
      {shown?.kind === "palette" && <CommandPalette page={page} leave={close} />}
      {shown?.kind === "file" && <FileDialog page={page} id={shown.id} name={shown.name} leave={close} />}
      {shown?.kind === "prompt" && <PromptDialog page={page} prompt={shown.prompt} leave={close} />}
      {shown?.kind === "settings" && <SettingsDialog page={page} signIn={shown.signIn} leave={close} />}
      {shown?.kind === "share" && <ShareDialog page={page} threadId={shown.threadId} leave={close} />}
      {shown?.kind === "shortcuts" && <ShortcutList leave={close} />}
    </Suspense>
  );
}
