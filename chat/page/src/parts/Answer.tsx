/** An answer. The code that draws it is no part of the shell: it is loaded at once, but the first paint does not wait for it. */

import { type ComponentType, lazy, memo, Suspense, useState } from "react";
import type { Page } from "../state/page";
import type { Reply } from "../state/reply";
import { words } from "../words";
import { Fallback } from "./Fallback";

const drawing = import("./DrawnAnswer");
/** The component once it is loaded: a lazy one is drawn a moment later even then, and each of a long chat's by itself. */
let Loaded: ComponentType<Props> | null = null;
// Without it each answer shows its text; the rejection is that of `lazy`.
drawing.then(({ default: Drawn }) => (Loaded = Drawn), () => undefined);
const DrawnAnswer = lazy(() => drawing);

interface Props {
  page: Page;
  reply: Reply;
  /** True for an older answer whose turn to be drawn is still to come. */
  sketched: boolean;
}

export const Answer = memo(function Answer({ page, reply, sketched }: Props) {
  const [Drawn] = useState(() => Loaded ?? DrawnAnswer);
  return (
    <Fallback simple={<Bare>{reply.text}</Bare>}>
      <Suspense fallback={<Bare />}>
        <Drawn page={page} reply={reply} sketched={sketched} />
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
