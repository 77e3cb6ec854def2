/** Markdown, drawn once its code is loaded; until then its words are shown as on the plain page. */

import { type ComponentType, lazy, Suspense, useLayoutEffect, useRef, useState } from "react";
import { patch } from "@plain/js/render.js";

interface Props {
  text: string;
  running: boolean;
}

/** The component once it is loaded: a lazy one is drawn a moment later even then, after its words were laid out for nothing. */
let Loaded: ComponentType<Props> | null = null;

export const loadProse = async () => {
  const module = await import("../prose/Document");
  Loaded = module.default;
  return module;
};

const Document = lazy(loadProse);

export function Prose(props: Props) {
  const [Drawn] = useState(() => Loaded ?? Document);
  return (
    <Suspense fallback={<Plain text={props.text} />}>
      <Drawn {...props} />
    </Suspense>
  );
}

const INERT = { say: () => undefined, change: () => undefined, form: null };

function Plain({ text }: { text: string }) {
  const container = useRef<HTMLDivElement>(null);
  const seen = useRef<string[]>([]);
  useLayoutEffect(() => {
    if (container.current) patch(container.current, [{ kind: "text", text }], seen.current, INERT);
  }, [text]);
  return <div ref={container} />;
}
