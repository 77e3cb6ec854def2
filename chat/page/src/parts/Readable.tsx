/** An answer as the plain page shows it: for words, for old formats, and for whatever the renderer cannot show. */

import { blocksOf } from "@plain/js/blocks.js";
import { patch } from "@plain/js/render.js";
import { useLayoutEffect, useRef } from "react";
import type { FormState } from "../state/shapes";

export interface Actions {
  say(said: string, context: unknown[] | null): void;
  /** Values that are kept with the answer. */
  form(): FormState | null;
  change(form: FormState): void;
}

export function Readable({ text, running, actions }: { text: string; running: boolean; actions: Actions }) {
  const place = useRef<HTMLDivElement>(null);
  const seen = useRef<string[]>([]);
  const latest = useRef(actions);
  latest.current = actions;

  useLayoutEffect(() => {
    if (!place.current) return;
    const steady = {
      say: (said: string, context: unknown[] | null) => latest.current.say(said, context),
      form: latest.current.form(),
      change: (form: FormState) => latest.current.change(form),
    };
    // Steps are shown beside it.
    const blocks = blocksOf(text, running).filter((block) => block.kind !== "steps");
    patch(place.current, blocks, seen.current, steady);
  }, [text, running]);

  return <div className="readable body" ref={place} />;
}
