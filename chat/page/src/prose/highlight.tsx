/** highlight.js with its common languages, as a chunk of its own. */

import { common, createLowlight } from "lowlight";

const lowlight = createLowlight(common);

interface Node {
  type: string;
  value?: string;
  properties?: { className?: string[] };
  children?: Node[];
}

/** Return code with its colours, or null for a language that is not known. */
export function highlight(code: string, language: string): React.ReactNode {
  if (!lowlight.registered(language)) return null;
  return (lowlight.highlight(language, code).children as Node[]).map(drawn);
}

function drawn({ type, value, properties, children = [] }: Node, index: number): React.ReactNode {
  if (type === "text") return value;
  return (
    <span key={index} className={properties?.className?.join(" ")}>
      {children.map(drawn)}
    </span>
  );
}
