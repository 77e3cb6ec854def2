/** A piece of math, drawn by KaTeX once it is loaded; until then, and where KaTeX cannot read it, its source. */

import { useLayoutEffect, useRef, useState } from "react";
import { loaded } from "./loaded";

const typesetter = loaded(() => import("./typeset"));

interface Props {
  raw: string;
  tex: string;
  /** True for math on lines of its own. */
  block: boolean;
  closed: boolean;
}

export function MathPiece({ raw, tex, block, closed }: Props) {
  const place = useRef<HTMLSpanElement>(null);
  const draw = typesetter.use();
  const [failed, setFailed] = useState("");
  const drawable = closed && draw !== null && failed !== tex;

  useLayoutEffect(() => {
    if (place.current && drawable && !draw.typeset(place.current, tex, block)) setFailed(tex);
  }, [drawable, draw, tex, block]);

  if (!drawable) return <code className={block ? "tex display" : "tex"}>{raw}</code>;
  return <span ref={place} className={block ? "math display" : "math"} tabIndex={block ? 0 : undefined} dir="ltr" />;
}
