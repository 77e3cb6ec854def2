/** The conversation in Thesys' own client within the page's frame; part of builds with CHAT_PAGE=c1 only. */

import { lazy, Suspense } from "react";
import type { Page } from "../state/page";
import "./c1.css";

const Chat = lazy(() => import("./Chat"));

/** Thesys' client sends the first prompt of a chat itself. */
export const temporaryChats: boolean = false;

export function Pane({ page }: { page: Page }) {
  return (
    <main id="scroller" className="c1" tabIndex={-1}>
      <Suspense>
        <Chat page={page} />
      </Suspense>
    </main>
  );
}
