/** An answer as readable blocks: for text, for old formats, and for programs that the renderer cannot show. */

import { blocksOf } from "@plain/js/blocks.js";
import { patch } from "@plain/js/render.js";
import { useLayoutEffect, useMemo, useRef } from "react";
import type { FormState } from "../state/apiTypes";
import { Prose } from "./Prose";

export interface Actions {
  say(text: string, context: unknown[] | null): void;
  /** Form values stored with the answer. */
  form(): FormState | null;
  change(form: FormState): void;
}

interface Block {
  kind: string;
  text?: string;
}

export function Readable({ text, running, actions }: { text: string; running: boolean; actions: Actions }) {
  // `Steps` shows the steps.
  const blocks = useMemo(() => (blocksOf(text, running) as Block[]).filter(({ kind }) => kind !== "steps"), [text, running]);
  return (
    <div className="readable body">
      {blocks.map((block, index) =>
        block.kind === "text" ? (
          <Prose key={index} text={block.text ?? ""} running={running && index === blocks.length - 1} />
        ) : (
          <PlainBlock key={index} block={block} actions={actions} />
        ),
      )}
    </div>
  );
}

/** A block drawn as on the plain page. An unchanged one is left alone, which keeps focus and input. */
function PlainBlock({ block, actions }: { block: Block; actions: Actions }) {
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
    patch(container.current, [block], seen.current, steady);
  });
  return <div ref={container} />;
}
