/** KaTeX with its styles and fonts, as a chunk of its own. */

import "katex/dist/katex.min.css";
import katex from "katex";

/** `trust: false` forbids links, pictures and classes; sizes and expansions are bounded against hostile sources. */
const OPTIONS = { throwOnError: true, trust: false, strict: "ignore", maxSize: 20, maxExpand: 500, output: "htmlAndMathml" } as const;

/** Draw TeX into an element. Return false if KaTeX cannot read it. */
export function typeset(place: HTMLElement, tex: string, display: boolean): boolean {
  try {
    katex.render(tex, place, { ...OPTIONS, displayMode: display });
    // A line may end between the parts of a formula, also of one that is kept together with the marks behind it.
    for (const part of place.querySelectorAll(".katex-html > .base:not(:last-child)")) part.after(document.createElement("wbr"));
    return true;
  } catch {
    return false;
  }
}
