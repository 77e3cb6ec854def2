/** The page's frame: threads at the side, the conversation in a column, the field at the foot. */

import { Pane } from "@pane";
import { useState } from "react";
import { Banners } from "./parts/Banners";
import { ShareDialog } from "./parts/ShareDialog";
import { Sidebar } from "./parts/Sidebar";
import { TopBar } from "./parts/TopBar";
import { Undo } from "./parts/Undo";
import { useNarrow } from "./parts/useNarrow";
import type { Page } from "./state/page";
import { useStore } from "./state/store";
import { words } from "./words";

/** Focus the message field without adding a history entry for the same chat. */
function toField(event: React.MouseEvent) {
  event.preventDefault();
  document.querySelector<HTMLElement>("#prompt, #scroller.c1 textarea")?.focus();
}

export function App({ page }: { page: Page }) {
  useStore(page);
  const narrow = useNarrow();
  const [shared, setShared] = useState<string | null>(null);
  const covered = narrow && page.menu;
  return (
    <div className="app" data-menu={page.menu || undefined}>
      <a className="skip" href="#prompt" onClick={toField}>
        {words.toField}
      </a>
      <Sidebar page={page} />
      <div id="shade" onClick={() => page.openMenu(false)} />
      <div id="main" inert={covered}>
        <TopBar page={page} share={() => setShared(page.conversation.threadId)} />
        <section className="banners" aria-label={words.notices}>
          <Banners page={page} />
        </section>
        <Pane page={page} />
      </div>
      <Undo page={page} />
      {shared !== null && <ShareDialog page={page} threadId={shared} leave={() => setShared(null)} />}
    </div>
  );
}
