/** The conversation and the message field; answers are drawn with OpenUI. */

import type { Page } from "../state/page";
import { Composer } from "./Composer";
import { Conversation } from "./Conversation";

/** Milliseconds until what draws answers is fetched even on a busy page, so that it is loaded before the first of them. */
const PRELOAD_DELAY_MS = 2000;

const soon = window.requestIdleCallback ?? ((work: () => void) => setTimeout(work, PRELOAD_DELAY_MS));
const preload = () => import("./preload").then(({ preload }) => preload());
// What cannot be fetched now is asked for again where it is needed.
soon(() => void preload().catch(() => undefined), { timeout: PRELOAD_DELAY_MS });

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
