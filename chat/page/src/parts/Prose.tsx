/** Markdown, drawn once its code is loaded; until then its words are shown as on the plain page. */

import { lazy, Suspense, useLayoutEffect, useRef } from "react";
import { patch } from "@plain/js/render.js";

export const loadProse = () => import("../prose/Document");

const Document = lazy(loadProse);

interface Props {
  text: string;
  running: boolean;
}

export function Prose(props: Props) {
  return (
    <Suspense fallback={<Plain text={props.text} />}>
      <Document {...props} />
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
