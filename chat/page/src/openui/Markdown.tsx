/** Replacement of `react-markdown` for OpenUI's components: their texts are drawn like every other text of a model. */

import { createContext, use } from "react";
import Document from "../prose/Document";

/** True while the program around a text is still growing: any of its texts may be cut. */
export const Growing = createContext(false);

export default function Markdown({ children }: { children?: string | null }) {
  return <Document text={String(children ?? "")} running={use(Growing)} />;
}
