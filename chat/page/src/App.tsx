/** The page's frame: threads at the side, the conversation in a column, the field at the foot. */

import "./parts/Frame.css";

import { Pane } from "@pane";
import { lazy, Suspense, useEffect } from "react";
import { Banners } from "./parts/Banners";
import { Overlays } from "./parts/Overlays";
import { Sidebar } from "./parts/Sidebar";
import { TopBar } from "./parts/TopBar";
import { Undo } from "./parts/Undo";
import { useNarrow } from "./parts/useWindow";
import { artifactPanel } from "./state/artifactPanel";
import { onShortcut } from "./state/shortcuts";
import type { Page } from "./state/page";
import { useStore } from "./state/store";
import { words } from "./words";

const ArtifactPanel = lazy(() => import("./parts/ArtifactPanel"));

/** Focus the message field without adding a history entry for the same chat. */
function toField(event: React.MouseEvent) {
  event.preventDefault();
  document.querySelector<HTMLElement>("#prompt, #scroller.c1 textarea")?.focus();
}

export function App({ page }: { page: Page }) {
  useStore(page);
  const { shown, full } = useStore(artifactPanel);
  const artifact = shown?.threadId === page.conversation.savedThreadId ? shown : null;
  const narrow = useNarrow();
  const covered = narrow ? page.menu || artifact !== null : artifact !== null && full;

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => onShortcut(page, event);
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [page]);

  return (
    <div className="app" data-menu={page.menu || undefined} data-folded={(page.folded && !narrow) || undefined}>
      <a className="skip" href="#prompt" onClick={toField}>
        {words.toField}
      </a>
      <Sidebar page={page} covered={covered && !narrow} />
      <div id="shade" onClick={() => page.openMenu(false)} />
      <div id="main" inert={covered}>
        <TopBar page={page} />
        <section className="banners" aria-label={words.notices}>
          <Banners page={page} />
        </section>
        <Pane page={page} />
      </div>
      {artifact && (
        <Suspense>
          <ArtifactPanel page={page} shown={artifact} />
        </Suspense>
      )}
      <Undo page={page} />
      <Overlays page={page} />
    </div>
  );
}
