/** An interface, drawn by OpenUI. Its code is loaded on demand; until then, and after an error, its text is shown. */

import { lazy, Suspense } from "react";
import { Fallback } from "./Fallback";
import { usePrinting } from "./printing";
import { type Actions, Readable } from "./Readable";

/** Components that show a part of their content at a time: on paper all of it is shown, as text. */
const FOLDED = /\b(Tabs|Accordion|Carousel|SectionBlock)\(/;

const Interface = lazy(() => import("../openui/Interface"));

interface Props {
  program: string;
  running: boolean;
  actions: Actions;
  /** Called when part of the program cannot be shown: the parent then shows all of it as text. */
  lost(): void;
}

export function Program(props: Props) {
  const words = <Readable text={props.program} running={props.running} actions={props.actions} />;
  const unfolded = usePrinting() && FOLDED.test(props.program);
  if (unfolded) return words;
  return (
    <Fallback simple={words}>
      <Suspense fallback={words}>
        <Interface {...props} />
      </Suspense>
    </Fallback>
  );
}
