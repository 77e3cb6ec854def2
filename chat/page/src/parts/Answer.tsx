/** An answer. The code that draws it is no part of the shell: it is loaded at once, but the first paint does not wait for it. */

import { lazy, memo, Suspense } from "react";
import type { Page } from "../state/page";
import type { Reply } from "../state/reply";
import { words } from "../words";
import { Fallback } from "./Fallback";

const drawing = import("./DrawnAnswer");
// Without it each answer shows its text; the rejection is that of `lazy`.
drawing.catch(() => undefined);

const DrawnAnswer = lazy(() => drawing);

export const Answer = memo(function Answer({ page, reply }: { page: Page; reply: Reply }) {
  return (
    <Fallback simple={<Bare>{reply.text}</Bare>}>
      <Suspense fallback={<Bare />}>
        <DrawnAnswer page={page} reply={reply} />
      </Suspense>
    </Fallback>
  );
});

function Bare({ children }: { children?: string }) {
  return (
    <article className="reply" aria-label={words.answer}>
      <p dir="auto">{children}</p>
    </article>
  );
}
