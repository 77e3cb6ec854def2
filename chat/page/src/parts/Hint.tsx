/** A line below a running answer that says what happens: sending, waiting, writing. Thought and tools show themselves. */

import "./Hint.css";

import type { Page } from "../state/page";
import type { Reply } from "../state/reply";
import { useStore } from "../state/store";
import { words } from "../words";

export function Hint({ page, reply }: { page: Page; reply: Reply }) {
  const { waiting } = useStore(page.conversation);
  const text = hintOf(reply, waiting);
  if (!text) return null;
  // Screen readers hear the answer itself.
  return (
    <p className="hint" aria-hidden="true">
      {text}
    </p>
  );
}

function hintOf({ running, status, text, thinking, tools }: Reply, waiting: boolean): string {
  const atWork = thinking.active || tools.some(({ state }) => state === "started");
  if (!running || atWork || status === "queued" || status === "waiting") return "";
  if (status === "sending") return waiting ? words.hints.offline : words.hints.sending;
  return text ? words.hints.writing : words.hints.waiting;
}
