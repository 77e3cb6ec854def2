/** An answer drawn as on the plain page: for text, for old formats, and for programs that the renderer cannot show. */

import { blocksOf } from "@plain/js/blocks.js";
import { patch } from "@plain/js/render.js";
import { useLayoutEffect, useRef } from "react";
import type { FormState } from "../state/apiTypes";

export interface Actions {
  say(text: string, context: unknown[] | null): void;
  /** Form values stored with the answer. */
  form(): FormState | null;
  change(form: FormState): void;
}

export function Readable({ text, running, actions }: { text: string; running: boolean; actions: Actions }) {
  const container = useRef<HTMLDivElement>(null);
  const seen = useRef<string[]>([]);
  const latest = useRef(actions);
  latest.current = actions;

  useLayoutEffect(() => {
    if (!container.current) return;
    const steady = {
      say: (text: string, context: unknown[] | null) => latest.current.say(text, context),
      form: latest.current.form(),
      change: (form: FormState) => latest.current.change(form),
    };
    // `Steps` shows the steps.
    const blocks = blocksOf(text, running).filter((block) => block.kind !== "steps");
    patch(container.current, blocks, seen.current, steady);
  }, [text, running]);

  return <div className="readable body" ref={container} />;
}
