/** The conversation and the message field; answers are drawn with OpenUI. */

import type { Page } from "../state/page";
import { Composer } from "./Composer";
import { Conversation } from "./Conversation";

/** Milliseconds until the renderer is fetched even on a busy page, so that it is loaded before the first answer. */
const PRELOAD_DELAY_MS = 2000;

const soon = window.requestIdleCallback ?? ((work: () => void) => setTimeout(work, PRELOAD_DELAY_MS));
soon(() => void import("../openui/Interface").catch(() => undefined), { timeout: PRELOAD_DELAY_MS });

/** True where a chat can be begun as a temporary one. */
export const temporaryChats: boolean = true;

export function Pane({ page }: { page: Page }) {
  return (
    <>
      <Conversation page={page} />
      <Composer page={page} />
    </>
  );
}
