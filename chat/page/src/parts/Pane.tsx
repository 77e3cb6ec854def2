/** What is said and where it is written, drawn with OpenUI. */

import type { Page } from "../state/page";
import { Composer } from "./Composer";
import { Conversation } from "./Conversation";
import { loadInterface } from "./Program";

/** Milliseconds after which the renderer is fetched even on a busy page, so that it is there for the first answer. */
const SOON = 2000;

const soon = window.requestIdleCallback ?? ((work: () => void) => setTimeout(work, SOON));
soon(() => void loadInterface().catch(() => undefined), { timeout: SOON });

export function Pane({ page }: { page: Page }) {
  return (
    <>
      <Conversation page={page} />
      <Composer page={page} />
    </>
  );
}
